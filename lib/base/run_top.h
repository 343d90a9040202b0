/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_RUN_TOP_H
#define MFX_BASE_RUN_TOP_H

#include <stdint.h>

#include "base/str.h"

/*
 * The busiest users, things and channels of a server, in bounded memory: the
 * space-saving algorithm (Metwally, Agrawal, El Abbadi 2005) over
 * RUN_TOP_MAX of each.
 *
 *	run_top_init(&t, "thing");
 *	run_top_add(&t, id, bytes);	for each message, some tens of ns
 *	run_top_put(&t);		once a second, into the file of run.h
 *
 * One that has more than 1/RUN_TOP_MAX of the recent traffic is among them;
 * when a new one comes, the one with the least is dropped.  What is recent
 * halves in about 45 calls of run_top_put.  Counts are exact from the moment
 * when one came in, and begin at 0 when it comes again.
 *
 * One thread at a time.  A name longer than RUN_TOP_NAME - 1 is not counted.
 */
#define RUN_TOP_MAX 32
#define RUN_TOP_NAME 40		/* an id and a NUL */

struct run_top {
	const char *label;		/* "thing"; lives as long */
	/* private */
	uint64_t seed;
	unsigned n, last;		/* used; that of the last message */
	uint64_t hashes[RUN_TOP_MAX];
	uint64_t ranks[RUN_TOP_MAX];	/* recent traffic, at most */
	struct run_top_entry {
		char name[RUN_TOP_NAME];
		char owner[RUN_TOP_NAME];	/* of a thing; "": not known */
		uint64_t messages, bytes;
		/* in the file, 0: none yet; and whether its name has changed */
		uint32_t slots[2];
		bool renamed;
	} entries[RUN_TOP_MAX];
};

void run_top_init(struct run_top *, const char *label);
void run_top_add(struct run_top *, struct str name, size_t bytes);
void run_top_put(struct run_top *);

/*
 * All of a server.  The owner of a thing is asked for once for each that comes
 * into the list: a thing never has another one.
 */
struct run_tops {
	struct run_top users, things, channels;
	/* The id of the user who owns a thing, borrowed until the next call;
	 * STR_NONE: nobody knows.  NULL: users are not counted. */
	struct str (*owner)(void *arg, struct str thing);
	void *arg;
};

void run_tops_init(struct run_tops *,
    struct str (*owner)(void *arg, struct str thing), void *arg);
/* The texts may be borrowed from what `owner` gives: they are copied before
 * that is called. */
void run_tops_add(struct run_tops *, struct str thing, struct str channel,
    size_t bytes);
void run_tops_put(struct run_tops *);

#endif
