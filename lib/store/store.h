/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_STORE_H
#define MFX_STORE_STORE_H

#include "base/fault.h"
#include "line/position.h"
#include "line/route.h"
#include "store/batch.h"
#include "store/query.h"

/*
 * The door to stores of readings.  A store is one struct store_driver in a
 * folder of its own (lib/store/sqlite/), and its two commands are
 *
 *	int main(int argc, char **argv)
 *	{
 *		return store_write_main(&store_sqlite, argc, argv);
 *	}
 *
 * and the same with store_read_main.  Everything else that sinks and readers
 * do is here: sink.h, reader.c.
 *
 * Order of this room: query < batch, series < store.h < commit, settle <
 * sink, reader; drivers < find.
 */
enum store_result {
	STORE_DONE,
	STORE_LATER,		/* may succeed later: full, locked, away */
	STORE_FAILED,		/* will not */
};

/* what a reader asks several times a millisecond, within a call too, whether
 * to stop; a call that was stopped is -1 with EX_TEMPFAIL */
struct store_watch {
	bool (*stop)(void *arg);	/* NULL: signal_stop() */
	void *arg;
	bool one_of_many;	/* take little memory: there are more */
};

struct store_driver {
	const char *name;	/* "sqlite": of mfx-write-sqlite, and in front
				 * of a store's place, as sqlite:FILE */
	const char *operand;	/* what a place is called: "FILE" */
	const char *write_summary, *read_summary;	/* the pages' .Nd */

	/*
	 * Writing: from one thread at a time.  open_writer makes the store
	 * when it is new; *at is what it holds of `source` ("raw/store"), all
	 * 0 when that is NULL or new.  write takes all or nothing:
	 * readings[0..whole) and, with has_at, the position of the source, in
	 * one transaction; or it says why not.  When another writer has moved
	 * the position since, it is STORE_FAILED: two with one source store
	 * nothing twice.
	 */
	int (*open_writer)(void **, const char *place, const char *source,
	    struct progress *at, struct fault *);
	enum store_result (*write)(void *, const struct batch *,
	    struct fault *);
	void (*close_writer)(void *);

	/*
	 * Reading.  open_reader asks; a store that does not exist is
	 * EX_NOINPUT.  The query and its texts stay until it is closed.  next
	 * gives 1 and a record, whose slices die at the next call, 0 at the
	 * end, or -1.  With query.count, `count` is called once instead.
	 */
	int (*open_reader)(void **, const char *place, const struct query *,
	    const struct store_watch *, struct fault *);
	int (*next)(void *, struct route *, struct record *, struct fault *);
	int (*count)(void *, uint64_t *, struct fault *);
	/* how many were left out so far, as a sum or an average was no finite
	 * number, which no line can hold */
	uint64_t (*beyond)(const void *);
	/* appends how the store goes about it, a line a step; may be NULL */
	void (*explain)(void *, struct buf *);
	void (*close_reader)(void *);

	/* Can it be read?  Opens it and looks at a reading. */
	int (*probe)(const char *place, struct fault *);
};

/* the whole program; gives its exit status */
int store_write_main(const struct store_driver *, int argc, char **argv);
int store_read_main(const struct store_driver *, int argc, char **argv);

/*
 * The store that a text names, NAME:PLACE, or a file of the first driver
 * (sqlite) without a name in front; *place is the rest.  For programs that
 * read whatever store they are given; it links every driver there is.
 */
const struct store_driver *store_find(const char *text, const char **place);

#endif
