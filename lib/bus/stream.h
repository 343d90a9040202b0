/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_STREAM_H
#define MFX_BUS_STREAM_H

#include <sys/stat.h>

#include "base/nearest.h"
#include "base/number.h"
#include "bus/bus.h"

/* the directory that $MFX_BUS names; the caller frees */
char *bus_path(struct fault *);

/*
 * A stream's directory, for the sources of this room; mfx-bus(5) describes
 * its files.  All names are relative to the open directory, so that it can't
 * be replaced by another one under us.
 *
 * The newest segment is the one that grows.  One that no longer grows is
 * sealed: its mode does not let its owner write, which tells a writer that
 * still has it open, and a reader at its end, to go on to the next.  A segment
 * is sealed before its successor is made.
 */
struct stream {
	char name[BUS_NAME_MAX + 1];
	char *path;
	int fd;			/* the directory */
};

/* with `make`, a missing stream is created with all directories above it;
 * without, it is EX_NOINPUT */
int stream_open(struct stream *, const char *name, bool make, struct fault *);
/* for questions, which create nothing: 1; 0 when there is no such stream, with
 * its name and path filled in; -1 */
int stream_find(struct stream *, const char *name, struct fault *);
/* looks again for a stream that stream_find did not find: 1, 0, -1 */
int stream_look(struct stream *, struct fault *);
void stream_close(struct stream *);

/* the nearest (nearest.h) of the names that are tried; copied */
struct near_name {
	struct nearest near;
	char best[BUS_NAME_MAX + 1];
};

void name_try(struct near_name *, const char *name);

/* fault_errno with "<stream>: <what>" before it; every errno that means a
 * full disk is EX_TEMPFAIL, and a lack of permission EX_NOPERM */
int stream_fault(const struct stream *, const char *what, struct fault *);

/* opens a file of the stream; a missing one is created with mode 0600 and the
 * owner of its directory (file.h) */
int stream_file(const struct stream *, const char *name, struct fault *);

/*
 * A position that was used once is never used for other bytes.  So where
 * bytes may have been lost (loss of power, a failed write) a stream goes on
 * after all positions that they can have had: at the next multiple of this.
 */
#define SEGMENT_JUMP (UINT64_C(1) << 36)
#define POSITION_MAX (UINT64_C(1) << 62)

static inline uint64_t
position_jump(uint64_t p)
{
	return (p / SEGMENT_JUMP + 1) * SEGMENT_JUMP;
}

#define SEGMENT_NAME sizeof "00000000000000000000.ndjson"
void segment_name(char to[SEGMENT_NAME], uint64_t first);
/* false when it is not the name of a segment */
bool segment_parse(const char *name, uint64_t *first);

/* the lowest (or, with `last`, the highest) first position of a segment
 * between lo and hi: 1; 0 when there is no such segment; -1 with a fault */
int segment_pick(const struct stream *, uint64_t lo, uint64_t hi, bool last,
    uint64_t *first, struct fault *);

/* the first positions of all segments, in order; the caller frees */
int segment_list(const struct stream *, uint64_t **firsts, size_t *n,
    struct fault *);

/* an fd, or -1 with errno */
int segment_open(const struct stream *, uint64_t first, int flags);

static inline bool
segment_sealed(const struct stat *st)
{
	return (st->st_mode & S_IWUSR) == 0;
}

/* the length of fd's first `size` bytes up to and with their last newline, or
 * -1 with errno */
int64_t segment_whole(int fd, uint64_t size);

/* the bytes of whole lines in a segment, 1; 0 when it has just been pruned;
 * -1.  Only the newest can have others. */
int segment_bytes(const struct stream *, uint64_t first, bool newest,
    uint64_t *bytes, struct fault *);

/* the largest position that any group has */
int groups_furthest(const struct stream *, uint64_t *seq, struct fault *);

/* locks the group for this process as its only "reader" (or another role)
 * until the fd that is returned is closed; the lock's file holds the pid.  -1
 * and EX_TEMPFAIL when another process has the lock. */
int group_lock(const char *stream, const char *group, const char *role,
    struct fault *);
/* puts a new group, which the caller holds as its reader; one that a sink has
 * made meanwhile is left alone */
int group_create(const char *stream, const char *group, uint64_t seq,
    struct fault *);

static inline bool
position_parse(struct str s, uint64_t *seq)
{
	return number_digits(s, POSITION_MAX, seq);
}

#endif
