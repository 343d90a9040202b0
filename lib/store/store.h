/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_STORE_H
#define MFX_STORE_STORE_H

#include "base/fault.h"
#include "base/opt.h"
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
 * and the same with store_read_main; a third one, where old readings can be
 * removed, with store_prune_main.  Everything else that sinks and readers do
 * is done here, the frame, for all stores alike: options, batches, the
 * bus's group, trying again, what is refused; and of a query whatever the
 * driver says that it can't do.
 *
 * A place may hold a password: the frame never prints one, nor may a driver
 * in a fault.  A driver has an option of its own for a file with it.
 *
 * Order of this room: query, series, key, running < batch < store.h < watch,
 * row < sort, group < reader < resume, refuse, settle, gauge < commit < sink <
 * place < read, write, prune; drivers < find.
 */
enum store_result {
	STORE_DONE,
	STORE_LATER,		/* may succeed later: full, locked, away */
	STORE_FAILED,		/* will not */
};

/*
 * Whether to give up, which a driver asks several times a millisecond while
 * it works, and whenever it waits: watch.h has what a driver calls.  A call
 * that gives up is -1, or STORE_LATER; the frame then says why itself.
 */
struct store_watch {
	bool (*stop)(void *arg);	/* NULL: signal_stop() */
	void *arg;
	bool one_of_many;	/* take little memory: there are more */
};

/*
 * Which parts of a query a driver does itself, for all queries, or for this
 * one: driver->plan.  The frame does the others: it drops records that do
 * not match, sorts (also more than fits into memory), aggregates, skips and
 * counts.  What is not a driver's is not in the query that it is given, but
 * for the match, which is always there as a whole: of what it can't do, a
 * driver may use as much as it likes, to give fewer records.
 */
enum store_can {
	STORE_CHANNEL = 1 << MATCH_CHANNEL,	/* globs: all of them */
	STORE_PUBLISHER = 1 << MATCH_PUBLISHER,
	STORE_PROTOCOL = 1 << MATCH_PROTOCOL,
	STORE_SUBTOPIC = 1 << MATCH_SUBTOPIC,
	STORE_NAME = 1 << MATCH_NAME,
	STORE_UNIT = 1 << MATCH_LABELS,
	STORE_VALUE = STORE_UNIT << 1,		/* all comparisons */
	STORE_TIME = STORE_UNIT << 2,		/* from and to */
	STORE_MATCH = (STORE_TIME << 1) - 1,	/* all of the above */
	STORE_ORDER = STORE_TIME << 1,		/* as query.h says */
	STORE_LIMIT = STORE_TIME << 2,
	STORE_OFFSET = STORE_TIME << 3,		/* with STORE_LIMIT */
	STORE_SERIES_LIMIT = STORE_TIME << 4,
	STORE_COUNT = STORE_TIME << 5,
	STORE_AGGREGATE = STORE_TIME << 6,	/* each of them, with `every` */
	STORE_ALL = (STORE_TIME << 7) - 1
};

struct store_driver {
	const char *name;	/* "sqlite": of mfx-write-sqlite, and in front
				 * of a store's place, as sqlite:FILE */
	const char *operand;	/* what a place is called: "FILE" */
	const char *write_summary, *read_summary;	/* the pages' .Nd */
	/* its own, after those that all have; OPT_END; NULL: none */
	const struct opt *write_options, *read_options;
	/* what suits it in one batch; 0: 5000 readings, 16 MiB of text.  Users
	 * may say another number, and it grows to ten times that while the
	 * one before is being stored, but not beyond the bytes. */
	size_t batch, batch_bytes;

	/*
	 * Writing: from one thread at a time, with a watch that stays.
	 * open_writer makes the store when it is new.  STORE_LATER from it,
	 * or from write, is told once and tried again, ever more slowly.
	 *
	 * write takes all or nothing: readings[0..whole), on disk when it is
	 * STORE_DONE.  A reading that can't be stored, whatever is done, is
	 * given to batch_refuse and left out: the frame sets it aside and
	 * goes on.
	 */
	enum store_result (*open_writer)(void **, const char *place,
	    const struct store_watch *, struct fault *);
	/*
	 * Exactly once, where there are transactions: how far the store is
	 * with `source` ("raw/store"), all 0 when that is new; asked before
	 * write, again after STORE_LATER.  write then commits batch->at with
	 * the readings when batch->has_at, and before that calls refusals_add
	 * (refuse.h) when it has refused any.  When another writer has moved it
	 * meanwhile, that is STORE_FAILED and EX_TEMPFAIL: two with one source
	 * store nothing twice.
	 *
	 * NULL: the position is where the group of the bus is, which moves
	 * after a write.  The same reading may then be written again, and has
	 * the same reading.id (all three numbers), by which a second one has
	 * to be harmless.
	 */
	enum store_result (*position)(void *, const char *source,
	    struct progress *, struct fault *);
	enum store_result (*write)(void *, struct batch *, struct fault *);
	void (*close_writer)(void *);

	/*
	 * Reading: open_reader connects (a store that does not exist is
	 * EX_NOINPUT; one that is away EX_UNAVAILABLE or EX_TEMPFAIL), then
	 * any number of queries, one after the other.  A query and its texts
	 * stay until the next one, or the end.  next gives 1 and a record,
	 * whose slices die at the next call, 0 at the end, or -1; numbers have
	 * a NUL after them.  With query.count, `count` is called once
	 * instead.  After -1 it is closed, and opened again.
	 */
	unsigned can;		/* enum store_can */
	/* those of them for this query; NULL: all */
	unsigned (*plan)(const struct query *);
	int (*open_reader)(void **, const char *place,
	    const struct store_watch *, struct fault *);
	int (*query)(void *, const struct query *, struct fault *);
	int (*next)(void *, struct route *, struct record *, struct fault *);
	/* with STORE_COUNT */
	int (*count)(void *, uint64_t *, struct fault *);
	/* how many this query has left out so far, as a sum or an average was
	 * not a finite number, which no line can hold; with STORE_AGGREGATE,
	 * or NULL */
	uint64_t (*beyond)(const void *);
	/* appends how the store goes about it, a line a step; or NULL */
	void (*explain)(void *, struct buf *);
	void (*close_reader)(void *);

	/*
	 * Pruning, while writers and readers are at work; NULL: the store has
	 * no mfx-prune-X.  open_pruner is as open_reader, and never makes a
	 * store.
	 *
	 * prune removes some of the readings that are older than match->to and
	 * whose channel matches match->labels[MATCH_CHANNEL], exactly those,
	 * and adds how many to *removed once they are gone for good.  It is
	 * called with the same match until there are none left: 1 when there
	 * may be more, 0 at the end, -1.  One call is one slice: a transaction
	 * of its own where there are any, so short (some 50 ms) that a writer
	 * which waits for it does not notice; the frame rests between two.
	 * What it leaves alone is how far a source is (position).  A series
	 * that has no readings left, and room on disk, go along.
	 */
	const char *prune_summary;
	const struct opt *prune_options;
	int (*open_pruner)(void **, const char *place,
	    const struct store_watch *, struct fault *);
	int (*prune)(void *, const struct match *, uint64_t *removed,
	    struct fault *);
	void (*close_pruner)(void *);

	/* Can it be read?  NULL: a reading is asked for. */
	int (*probe)(const char *place, const struct store_watch *,
	    struct fault *);
};

/* the whole program; gives its exit status */
int store_write_main(const struct store_driver *, int argc, char **argv);
int store_read_main(const struct store_driver *, int argc, char **argv);
int store_prune_main(const struct store_driver *, int argc, char **argv);

/*
 * For programs that read whatever store they are given.  The store that a text
 * names: NAME:PLACE, a URL whose scheme is NAME, or a file of the first driver
 * (sqlite) without a name in front; *place is for its driver.  Those that are
 * linked, and through a pipe any that has a program mfx-read-NAME; NULL and
 * EX_USAGE when there is none.
 */
const struct store_driver *store_find(const char *text, const char **place,
    struct fault *);
/* how much of the text may be shown: a place may hold a password */
size_t store_shown(const char *text);

#endif
