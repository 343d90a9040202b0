/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_CUT_H
#define MFX_BUS_CUT_H

#include "bus/bus.h"

/*
 * All streams of a bus in a directory as of one moment, for a backup: how far
 * each goes, where its groups are, and what sources (bus.h) intend.  No line is
 * appended to any of them in between, which takes some milliseconds, so a line
 * on its way from one stream to another is in the second or still before its
 * group, never both and never neither.
 */
struct bus_cut_segment {
	uint64_t first, bytes;	/* of the newest, those of whole lines */
	bool sealed;		/* it does not change any more */
	struct stamp changed;
};

/* a file of a group, or of how far another bus's stream has got here */
struct bus_cut_file {
	char name[2 * BUS_NAME_MAX + 40];	/* "groups/store" */
	int fd;			/* as it was then; it may be replaced by now */
	bool is_group;
	bool sought;		/* bus_group_sought */
	uint64_t seq;		/* of a group */
};

struct bus_cut_stream {
	char name[BUS_NAME_MAX + 1];
	uint64_t end;		/* position after the last line */
	struct bus_cut_segment *segments;	/* in order */
	size_t n_segments;
	struct bus_cut_file *files;
	size_t n_files;
};

struct bus_cut {
	struct bus_cut_stream *streams;	/* in order of names */
	size_t n;
};

/* "00000000000000004711.ndjson" */
#define BUS_SEGMENT_NAME 28
void bus_cut_segment_name(char to[BUS_SEGMENT_NAME], uint64_t first);

/* `path` is the bus's directory; EX_DATAERR: a group is damaged.  After a
 * fault there is nothing to release. */
int bus_cut(struct bus_cut *, struct bus *, struct fault *);
void bus_cut_release(struct bus_cut *);

#endif
