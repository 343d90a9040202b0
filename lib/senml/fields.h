/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_FIELDS_H
#define MFX_SENML_FIELDS_H

#include "senml/pack.h"

/*
 * Between the formats and the resolver: one record as it was written, before
 * base fields are applied.  A codec fills it in and hands it to
 * resolver_add(); base fields, time and the rules of RFC 8428 4 are applied
 * in the same way for all formats.
 */
enum label {
	LABEL_BVER, LABEL_BN, LABEL_BT, LABEL_BU, LABEL_BV, LABEL_BS,
	LABEL_BCT,
	LABEL_N, LABEL_U, LABEL_V, LABEL_VS, LABEL_VB, LABEL_VD, LABEL_S,
	LABEL_T, LABEL_UT, LABEL_CT,
	LABEL_SENML,		/* number of those */
	/* ours, mfx-line(5) */
	LABEL_CHANNEL = LABEL_SENML, LABEL_PUBLISHER, LABEL_PROTOCOL,
	LABEL_SUBTOPIC, LABEL_RECEIVED, LABEL_SEQ, LABEL_PART,
	LABEL_COUNT,
	LABEL_UNKNOWN = LABEL_COUNT,
	LABEL_MUST_UNDERSTAND,	/* unknown, and ends in '_' */
};

/* all of SenML: X(label, its name in JSON and XML, its number in CBOR); the
 * content formats have no number (RFC 9193 6) */
#define LABEL_NO_NUMBER 100
#define SENML_LABELS(X) \
	X(BVER, "bver", -1) X(BN, "bn", -2) X(BT, "bt", -3) \
	X(BU, "bu", -4) X(BV, "bv", -5) X(BS, "bs", -6) \
	X(BCT, "bct", LABEL_NO_NUMBER) \
	X(N, "n", 0) X(U, "u", 1) X(V, "v", 2) X(VS, "vs", 3) \
	X(VB, "vb", 4) X(VD, "vd", 8) X(S, "s", 5) X(T, "t", 6) \
	X(UT, "ut", 7) X(CT, "ct", LABEL_NO_NUMBER)

#define LABEL_BIT(l) (1u << (l))
/* those whose value is a number */
#define LABEL_NUMBERS (LABEL_BIT(LABEL_BVER) | LABEL_BIT(LABEL_BT) | \
	LABEL_BIT(LABEL_BV) | LABEL_BIT(LABEL_BS) | LABEL_BIT(LABEL_V) | \
	LABEL_BIT(LABEL_S) | LABEL_BIT(LABEL_T) | LABEL_BIT(LABEL_UT) | \
	LABEL_BIT(LABEL_RECEIVED) | LABEL_BIT(LABEL_SEQ) | \
	LABEL_BIT(LABEL_PART))

/* a time below this is relative to now (RFC 8428 4.5.3) */
#define RELATIVE_BELOW ((INT64_C(1) << 28) * STAMP_SECOND)

struct fields {
	unsigned have;			/* LABEL_BIT of each that is present */
	unsigned exponent;		/* of the numbers that may be out of a
					 * double's range */
	unsigned bad;			/* BN and N: contains a byte that no
					 * name may have; VD: accepted, but not
					 * as the standard writes it */
	bool truth;			/* vb */
	struct str text[LABEL_COUNT];	/* strings decoded, numbers as their
					 * digits, vd as its bytes */
};

enum label label_find(struct str key);
bool label_is_route(struct str key);

/* does the reader tolerate this?  Counts it if so. */
bool lax_takes(struct pack *, enum lax);

/* called by a codec for an unknown label: tells the watch (below) */
void fields_ignore(const struct pack *, struct str label);

/* resolves the records of a pack, one after the other */
struct resolver {
	struct pack *pack;
	struct stamp now;		/* 0: the clock, when it is needed */
	struct str bn, bu, bct, bv, bs;	/* in force; p NULL when not */
	int64_t bt;			/* nanoseconds */
	bool bn_bad;			/* bn holds a byte no name may have */
	uint8_t version;
	bool any;			/* a record has been seen */
	bool absolute;			/* times are never relative: set after
					 * resolver_begin */
	size_t out;			/* estimate of the resolved size */
	size_t each;			/* what the route adds to each record */
	size_t texts, texts_max;	/* see PACK_EXPAND */
};

/*
 * For programs that want to know how a pack was written, and not only its
 * contents: pack.watch.  Both are called while the pack is parsed, so it may
 * still be refused.  The slices of the fields point into the parsed text
 * where nothing had to be decoded, which gives their place.
 */
struct watch {
	/* a record that was accepted, and what it resolved to: NULL when it
	 * had base fields only */
	void (*record)(struct watch *, const struct resolver *,
	    const struct fields *, const struct record *);
	/* an unknown label, which is ignored with its value; empty for a CBOR
	 * integer */
	void (*ignored)(struct watch *, struct str label);
};

/*
 * A line in the form of mfx-line(5) is a pack, or a single record, whose first
 * record has routing labels as well.  These are not SenML: `take` gets them,
 * and may change what times count from (now) and the size that each record
 * takes (each).  It sets *alone when the record has no other fields.  It
 * returns NULL, or why the line is refused.
 */
struct line_labels {
	const char *(*take)(struct line_labels *, struct resolver *,
	    const struct fields *, bool *alone);
};
const char *pack_parse_labelled(struct pack *, struct str line,
    struct stamp now, struct line_labels *);

/* begins a pack, and forgets the arena and the records of the last one */
void resolver_begin(struct resolver *, struct pack *, struct stamp now);
/* the pack is `size` bytes long as it came, which limits what its names may
 * expand to; without this call they are not limited */
void resolver_bound(struct resolver *, size_t size);
/* the next record; NULL, or why the pack is refused */
const char *resolver_add(struct resolver *, const struct fields *);
/* puts the records in order */
void resolver_end(struct resolver *);

#endif
