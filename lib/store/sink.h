/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SINK_H
#define MFX_STORE_SINK_H

#include "base/filter.h"
#include "base/opt.h"
#include "base/ready.h"
#include "store/commit.h"

/*
 * The life of a sink: lines from stdin, in batches, into a store, and then
 * the acknowledgement.  As filter.h it speaks for the program.
 *
 * Guarantees, whatever the store is:
 * - All that comes is stored, in order, and a batch may end after any line
 *   that has a position (mfx-line(5)).  With --ack it is stored together with
 *   how far that is, be it within what was one line on the bus.
 * - Lines up to there that are delivered again are dropped (with --ack).
 * - The group moves only after the store has said that it holds the batch,
 *   and only to the ends of lines of the bus.
 * - Lines without a position belong to the next one that comes, but not for
 *   ever: after some seconds, or when they are many, they are stored without.
 * - While the store can't take a batch, it is kept and tried again, and not
 *   more than another one is read: whoever feeds us waits.
 */
struct sink_options {
	int64_t batch;		/* readings; while another batch is being
				 * stored it may grow to ten times that; 0: as
				 * the driver says */
	int64_t every;		/* nanoseconds */
	const char *ack;	/* "stream/group", or NULL */
	const char *rejects;
	int64_t ready_fd;
};

#define SINK_DEFAULTS { .every = STAMP_SECOND, .ready_fd = -1 }

/* `batch_help`: with the driver's default */
#define SINK_OPTIONS(o, batch_help)				\
	{ 0, "ack", "STREAM/GROUP", "move this group after each commit", \
	    OPT_STRING(&(o).ack) },					\
	{ 0, "batch", "N", batch_help,					\
	    OPT_INT(&(o).batch, 1, 100000) },				\
	{ 0, "every", "DURATION", "commit after this time (default: 1s)", \
	    OPT_DURATION(&(o).every, 1000000, INT64_C(3600000000000)) }, \
	FILTER_REJECTS(&(o).rejects),					\
	READY_FD(&(o).ready_fd, "when ready")

/* how many readings suit the store in one batch */
size_t sink_batch(const struct store_driver *);

/* -1 when --ack is not a group: a misuse */
int sink_check(const struct sink_options *, struct fault *);

/*
 * `writer` is the store's, and `patience` what it was opened with.  Gives the
 * exit status.  SIGTERM stores what is whole and ends with 0, or with 75 when
 * the store can't take it just then.
 */
int sink_run(const struct sink_options *, const struct store_driver *,
    void *writer, struct store_patience *);

#endif
