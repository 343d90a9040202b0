/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_ASK_H
#define MFX_STORE_ASK_H

#include "base/arena.h"
#include "store/query.h"

/*
 * A query by named parameters, those of GET /channels/…/messages of mfx-api:
 *
 *	offset limit subtopic publisher protocol name		Mainflux's; v
 *	v vs vb vd comparator aggregation interval		with comparator
 *	unit value from to order aggregate every		mfx-read-*'s
 *
 *	ask_init(&ask, values);
 *	if ((why = ask_take(&ask, name, value, &known)) != NULL ||
 *	    ... || (why = ask_end(&ask)) != NULL)
 *		... refused
 *	... ask.query ...
 *	ask_release(&ask);
 *
 * Labels, units and `value` may be given several times: any may hold.  All
 * others may not.
 */
struct ask {
	struct query query;
	/* private */
	struct arena arena;		/* of the texts */
	uint32_t given;			/* those that were, by their place */
	int values, values_max;		/* of lists, together */
	struct comparison number;	/* of v; kind NONE: not given */
	bool compared;			/* with a comparator */
};

/* at most this many values of lists in all */
void ask_init(struct ask *, int values_max);
void ask_release(struct ask *);

/* NULL, or why it is refused; *known: there is a parameter of this name.
 * The texts are copied. */
const char *ask_take(struct ask *, struct str name, struct str value,
    bool *known);
const char *ask_label(struct ask *, enum match_label, struct str glob);
/* what they say together */
const char *ask_end(struct ask *);

/*
 * A whole query as one JSON object: members are the parameters above and
 * `channel` and `count`; several values are an array.  A number for `from` or
 * `to` is a time since 1970, also before it.  Order and limit are those of
 * mfx-read-*: the oldest first, and all.  To be released either way.
 */
const char *ask_json(struct ask *, struct str text);
/* the text that ask_json reads as this query */
void ask_put_json(struct buf *, const struct query *);

#endif
