/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_WRITER_H
#define MFX_BUS_WRITER_H

#include "bus/stream.h"

/*
 * The writer, shared by writer.c (appending), segment.c (which file to
 * append to) and sync.c (getting it to the disk).  All of segment.c is
 * called with the stream's lock held.
 */
struct bus_writer {
	struct stream stream;
	enum bus_sync sync;
	int lock;		/* "lock": held while the stream changes */
	bool held;		/* by bus_hold */
	bool looked;		/* since then: so nobody has changed it */
	int synced;		/* "synced": see sync.c */
	uint64_t segment_max;

	int fd;			/* the newest segment, -1 before the first */
	uint64_t first;		/* its first position */
	uint64_t size;		/* its bytes when we last held the lock */
	uint64_t end;		/* the stream's when fd was last left */
	uint64_t room;		/* bytes of it known to have disk space */
	bool no_room;		/* this file system can't promise any */

	bool dirty;		/* lines of ours may not be on disk */
	int64_t synced_at;	/* monotonic ns */
	int64_t sync_takes;	/* the last turn of the disk, ns */
	struct synced *map;	/* of "synced" */
	bool broken;		/* a sync failed: nothing is sure any more */
};

/* what a writer does first: looks what a crash has left */
int segment_recover(struct bus_writer *, struct fault *);
/* fd, first and size are those of the segment to append n bytes to, and
 * there is disk space for them */
int segment_ready(struct bus_writer *, size_t n, struct fault *);
/* a write failed behind `written` of its bytes: takes them back */
void segment_take_back(struct bus_writer *, size_t written);

/* writes whole lines there; all or nothing */
int writer_put(struct bus_writer *, struct str lines, struct fault *);

/* flock(2) that waits */
int lock_wait(int fd);

int sync_open(struct bus_writer *, struct fault *);
void sync_close(struct bus_writer *);
/* notes how many bytes of which segment are on disk */
void sync_tell(struct bus_writer *, uint64_t first, uint64_t size);

/* brings our lines in w->fd to the disk, before it is left for another */
int sync_segment(struct bus_writer *, struct fault *);
int sync_directory(struct bus_writer *, struct fault *);

#endif
