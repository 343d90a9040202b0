/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_BASES_H
#define MFX_SENML_BASES_H

#include "senml/fields.h"

/*
 * The inverse of the resolver: what to write of resolved records so that
 * it gives them back and takes little.
 *
 *	bases_begin(&b);
 *	bases_look(&b, records, n);
 *	for (i = 0; i < n; i++) {
 *		bases_apply(&b, i, &fields);
 *		... fields is record i, with the base fields it brings
 *	}
 *
 * bn is the prefix that saves most for each record it serves, looking some
 * records ahead; it changes where another one saves more.  bt is the time
 * of the first record, and changes where several share another one; it is
 * never relative.  bu is the unit, bct the content format that saves most
 * over all n.  bver comes first when it is not 10.  There is no bv and no
 * bs, so that numbers keep their digits.  Greedy, and linear in n.
 *
 * In a stream what is in force stays so over calls of bases_look().
 */
enum encoding {
	ENCODING_JSON, ENCODING_CBOR, ENCODING_XML,
};

struct bases {
	enum encoding encoding;
	bool stream;			/* more will come, unknown yet */
	/* private */
	struct buf bn, bu, bct;		/* in force */
	struct stamp bt;
	bool has_bt, has_bct;
	uint8_t version;
	bool new_bu, new_bct;		/* to be said with the next record */
	const struct record *records;
	size_t n;
	size_t bn_until;		/* bn is chosen up to there */
	char digits[3][STAMP_TEXT];	/* of bver, bt and t */
};

void bases_init(struct bases *, enum encoding, bool stream);
void bases_release(struct bases *);
/* nothing is in force */
void bases_begin(struct bases *);
/* the next records, of one version; borrowed until the next look */
void bases_look(struct bases *, const struct record *, size_t n);
/* record i, which is the one after that of the last call; borrows from the
 * record and until the next call */
void bases_apply(struct bases *, size_t i, struct fields *);

#endif
