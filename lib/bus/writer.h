/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_WRITER_H
#define MFX_BUS_WRITER_H

#include "base/os_lock.h"
#include "bus/stream.h"

/*
 * The writer, shared by writer.c (appending), lock.c (one at a time),
 * segment.c (which file to append to) and sync.c (getting it to the disk).
 * All of segment.c is called with the stream's lock held.
 */
struct lock_page;

struct bus_writer {
	struct stream stream;
	enum bus_sync sync;
	int lock;		/* "lock": see lock.c */
	struct lock_page *page;	/* of it */
	struct os_lock own;	/* the lock itself */
	bool held;		/* by bus_hold */
	bool looked;		/* first and size are true until lock_drop */
	int64_t looked_at;	/* the file itself, monotonic ns */
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
	struct sync_later *later;	/* NULL until it is needed */
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

int lock_open(struct bus_writer *, struct fault *);
void lock_close(struct bus_writer *);
/* around all that changes the stream; waits until nobody else does */
int lock_take(struct bus_writer *, struct fault *);
void lock_drop(struct bus_writer *);

/* room for what tells one run of the machine from the next */
#define BOOT_TEXT 64

int sync_open(struct bus_writer *, struct fault *);
void sync_close(struct bus_writer *);
/* notes how many bytes of which segment are on disk */
void sync_tell(struct bus_writer *, uint64_t first, uint64_t size);

/* returns when what w->first and w->size say is on disk */
int sync_in_turn(struct bus_writer *, struct fault *);

/*
 * The same by another thread, sync_later.c: false when there can't be one.
 * Failed: the lines of before may not be on disk.  The end waits for what is
 * under way.
 */
bool sync_later(struct bus_writer *);
bool sync_later_failed(struct bus_writer *, struct fault *);
void sync_later_end(struct bus_writer *);

/* brings our lines in w->fd to the disk, before it is left for another */
int sync_segment(struct bus_writer *, struct fault *);
int sync_directory(struct bus_writer *, struct fault *);
/* and that a new stream has a name, in the bus and above it */
int sync_names(struct bus_writer *, struct fault *);

#endif
