/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_BASES_H
#define MFX_SENML_BASES_H

#include "senml/codec.h"

/*
 * The inverse of the resolver: which fields to write for resolved records so
 * that they resolve to the same and take little room.
 *
 *	bases_begin(&b);
 *	bases_look(&b, records, n);
 *	for (i = 0; i < n; i++) {
 *		bases_apply(&b, i, &fields);
 *		... fields is record i, with the base fields it sets
 *	}
 *
 * bn is the prefix that saves most per record that uses it, looking some
 * records ahead; it changes where another one saves more.  bt is the time
 * of the first record, and changes where several share another one; it is
 * never relative.  bu is the unit, and bct the content format, that saves
 * most over all n.  bver comes first when it is not 10.  bv and bs are never
 * written, so that numbers keep their digits.  Greedy, and linear in n.
 *
 * In a stream base values stay in force between calls of bases_look().
 */
struct bases {
	const struct senml_codec *codec;
	/* private */
	struct buf bn, bu, bct;		/* in force */
	struct stamp bt;
	bool has_bt, has_bct;
	uint8_t version;
	bool new_bu, new_bct;		/* to be written with the next record */
	const struct record *records;
	size_t n;
	size_t bn_until;		/* bn is chosen up to there */
	char digits[3][STAMP_TEXT];	/* of bver, bt and t */
};

void bases_init(struct bases *, const struct senml_codec *);
void bases_release(struct bases *);
/* begins a pack: no base value is in force */
void bases_begin(struct bases *);
/* the next records, of one version; borrowed until the next look */
void bases_look(struct bases *, const struct record *, size_t n);
/* the fields of record i, which follows that of the last call; they borrow
 * from the record, until the next call */
void bases_apply(struct bases *, size_t i, struct fields *);

#endif
