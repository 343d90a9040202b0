/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_BUS_TARGETS_H
#define MFX_CMD_BUS_TARGETS_H

#include "bus/bus.h"

/*
 * The streams that the lines of one stream are sent to, each line once.
 *
 *	targets_begin(&t, bus, stream, fault)
 *	for each line, in order:
 *		targets_find, targets_put
 *	targets_flush, targets_end
 *
 * Lines of one target that follow each other are appended together.  The
 * target then knows up to which position it has its lines, and after that the
 * group of the source moves there: what a killed process has left is told by
 * targets_have.
 */
#define TARGETS_MAX 256

struct target {
	char stream[BUS_NAME_MAX + 1];
	uint64_t lines;			/* that go there, and have got there */
	/* private */
	struct bus_writer *writer;
	struct bus_source *source;	/* NULL until it is needed */
};

struct targets {
	struct bus *bus;
	const char *from;		/* the stream; the caller's */
	struct bus_group *group;	/* of `from`: how far it was dealt
					 * with */
	struct target v[TARGETS_MAX];
	size_t n;
	/* private: what is appended next, where to, and up to where it is */
	struct target *to;
	struct buf lines;
	unsigned waiting;
	uint64_t at;
};

int targets_begin(struct targets *, struct bus *, const char *from,
    struct fault *);
/* what was not flushed is not sent */
void targets_end(struct targets *);

/* Creates neither stream nor file.  NULL: EX_DATAERR, there are too many. */
struct target *targets_find(struct targets *, struct str stream,
    struct fault *);
/* Opens it, and finishes what a killed process was appending to it. */
int targets_open(struct targets *, struct target *, struct fault *);

/* Did this stream get what is at seq, before a process was killed?  1; 0, also
 * when the name is empty or invalid; -1. */
int targets_have(struct targets *, struct str stream, uint64_t seq,
    struct fault *);

/* `line` has its newline and ends at seq */
int targets_put(struct targets *, struct target *, struct str line,
    uint64_t seq, struct fault *);
int targets_flush(struct targets *, struct fault *);

#endif
