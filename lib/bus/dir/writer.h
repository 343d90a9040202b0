/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_DIR_WRITER_H
#define MFX_BUS_DIR_WRITER_H

#include "base/os_lock.h"
#include "bus/dir/stream.h"

/*
 * The writer, shared by writer.c (appending), lock.c (one at a time),
 * segment.c (which file to append to) and sync.c (getting it to the disk).
 * All of segment.c is called with the stream's lock held.
 */
struct lock_page;

struct dir_writer {
	struct bus_writer head;
	struct stream stream;
	enum bus_sync sync;
	int lock;		/* the file "lock": see lock.c */
	struct lock_page *page;	/* that file, mapped */
	struct os_lock own;	/* the lock itself */
	bool looked;		/* first and size are true until lock_drop */
	int64_t looked_at;	/* when fd was checked last, monotonic ns */
	int synced;		/* the file "synced": see sync.c */
	uint64_t segment_max;

	int fd;			/* the newest segment, -1 before the first */
	uint64_t first;		/* its first position */
	uint64_t size;		/* its bytes when we last held the lock */
	uint64_t end;		/* of the stream, when fd was last left */
	uint64_t room;		/* bytes of fd known to have disk space */
	bool no_room;		/* this file system can't reserve space */

	bool dirty;		/* lines of ours may not be on disk */
	int64_t synced_at;	/* monotonic ns */
	int64_t sync_takes;	/* duration of the last sync, ns */
	struct synced *map;	/* the file "synced", mapped */
	struct sync_later *later;	/* NULL until it is needed */
	bool broken;		/* a sync failed: lines may be lost */
};

/* a writer calls this first: repairs what a crash has left */
int segment_recover(struct dir_writer *, struct fault *);
/* fd, first and size are those of the segment to append n bytes to, and
 * there is disk space for them */
int segment_ready(struct dir_writer *, size_t n, struct fault *);
/* a write failed after `written` bytes: removes them again */
void segment_take_back(struct dir_writer *, size_t written);

/* source.c: records what is about to be appended at the writer's end, and up
 * to where on the other stream it goes */
int source_intend(struct bus_source *, struct str lines, struct fault *);

int lock_open(struct dir_writer *, struct fault *);
void lock_close(struct dir_writer *);
/* around every change of the stream; waits while another process has it */
int lock_take(struct dir_writer *, struct fault *);
void lock_drop(struct dir_writer *);

/* room for the boot id (base/os.h) */
#define BOOT_TEXT 64

/* the driver's commit */
int dir_commit(struct bus_writer *, struct fault *);
int sync_open(struct dir_writer *, struct fault *);
void sync_close(struct dir_writer *);
/* records that the first `size` bytes of that segment are on disk */
void sync_tell(struct dir_writer *, uint64_t first, uint64_t size);

/* returns when the segment w->first is on disk up to w->size */
int sync_in_turn(struct dir_writer *, struct fault *);

/*
 * The same in another thread, sync_later.c: false when it can't be started.
 * sync_later_failed: has it failed, so that earlier lines may not be on disk?
 * sync_later_end waits for a sync that is under way.
 */
bool sync_later(struct dir_writer *);
bool sync_later_failed(struct dir_writer *, struct fault *);
void sync_later_end(struct dir_writer *);

/* syncs our lines in w->fd, before the writer goes on to another segment */
int sync_segment(struct dir_writer *, struct fault *);
int sync_directory(struct dir_writer *, struct fault *);
/* syncs the directories that hold the name of a new stream */
int sync_names(struct dir_writer *, struct fault *);

#endif
