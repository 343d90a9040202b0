/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_DEAD_H
#define MFX_BUS_DEAD_H

#include "base/arena.h"
#include "base/reject.h"
#include "line/route.h"

/*
 * Dead letters, mfx-bus(5): refused lines as lines of a stream of the bus, for
 * --rejects bus:STREAM.  A letter is a record with the labels of the line that
 * was refused, which it has as "vd":
 *
 *	{"channel":"C","received":1700000000.5,"n":"dead","reason":"no value",
 *	"place":"<stdin>:12:5","program":"mfx-normalize","from":"raw",
 *	"at":4711,"vd":"..."}
 *
 * `received` is when it was refused, `from` the stream that the line is of
 * (absent when nobody knows), and `at` its position there (absent when it had
 * none).
 */
#define DEAD_NAME "dead"
/* bytes of a line that a letter has; of a longer one the rest is missing, and
 * the letter has "cut":true */
#define DEAD_LINE_MAX ((size_t)740 << 10)

/*
 * Lets --rejects be bus:STREAM; before filter_init.  `group`, or else
 * $MFX_GROUP, is the STREAM/GROUP that lines come from; NULL: not known.  It
 * need not be valid.
 */
void dead_letters(const char *group);

struct dead_letter {
	/* p NULL: absent */
	struct str channel, reason, place, program, from;
	uint64_t at;		/* its position on `from`, with has_at */
	bool has_at;
	struct str line;	/* the refused one, decoded */
	bool cut;
};

/* reads a line of such a stream: false when it is not a letter.  Texts borrow
 * from the line or the arena. */
bool dead_read(struct str line, struct dead_letter *, struct arena *);

#endif
