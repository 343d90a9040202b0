/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_RESUME_H
#define MFX_STORE_RESUME_H

#include "store/reader.h"

/*
 * A copy from one store to another that can be broken off at any moment: the
 * reader gives its lines positions, as mfx-sub does with those of a stream, a
 * sink keeps how far it is in a group (--ack), and the next reader begins
 * there.  The stream of the group need not exist.
 *
 * The position of a reading is its time in nanoseconds, 1 for all before; of
 * those of one position all but the last also have a part, by the order in
 * which the store gives them, which it keeps to (query.h).
 *
 *	resume_from(group, &query.match.from, &fault);
 *	reader_ask(r, &query, &fault);
 *	resume_init(&resume, r);
 *	while ((got = resume_next(&resume, &route, &record, &fault)) > 0)
 *		...
 *	resume_release(&resume);
 */
struct resume {
	/* private */
	struct reader *reader;
	struct buf held, given;		/* rows: the next one, this one */
	uint32_t part;			/* of the one before */
};

/* -1 when it is not a group: a misuse */
int resume_check(const char *group, struct fault *);
/* moves *from to the first time after the group's position */
int resume_from(const char *group, int64_t *from, struct fault *);

void resume_init(struct resume *, struct reader *);
void resume_release(struct resume *);
/* as reader_next, with positions.  One whose position depends on what comes
 * after it is not given when that fails. */
int resume_next(struct resume *, struct route *, struct record *,
    struct fault *);

#endif
