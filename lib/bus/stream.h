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
 * A stream's directory, for the sources beside this one; mfx-bus(5) says
 * what is in it.  All names are taken relative to the open directory, so
 * nobody can move another one under us.
 *
 * The newest segment is the one that grows.  One that no longer does is
 * sealed: its owner may not write, which a writer that still has it open
 * and a reader at its end see by a look at the mode.  It is sealed before
 * its successor is made.
 */
struct stream {
	char name[BUS_NAME_MAX + 1];
	char *path;
	int fd;			/* the directory */
};

/* with `make`, a new stream and all above it; else a stream that is not
 * there is EX_NOINPUT */
int stream_open(struct stream *, const char *name, bool make, struct fault *);
/* for a question, which makes nothing: 1; 0 when there is no such stream, and
 * its name and path are filled in all the same; -1 */
int stream_find(struct stream *, const char *name, struct fault *);
/* looks again for one that was not there: 1, 0, -1 */
int stream_look(struct stream *, struct fault *);
void stream_close(struct stream *);

/* which of the names that are tried is near (nearest.h): copied */
struct near_name {
	struct nearest near;
	char best[BUS_NAME_MAX + 1];
};

void name_try(struct near_name *, const char *name);

/* fault_errno with "<stream>: <what>" in front; a full disk, in whatever
 * words, is EX_TEMPFAIL, and no permission EX_NOPERM */
int stream_fault(const struct stream *, const char *what, struct fault *);

/* a file of the stream, made 0600 when it is missing, and then its
 * directory's owner's (file.h) */
int stream_file(const struct stream *, const char *name, struct fault *);

/*
 * Positions that were once given out are never given to other bytes.  So
 * where bytes may have been lost (power, a failed write) a stream goes on
 * behind all that they can have had: at the next multiple of this.
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
/* false when it is no segment's */
bool segment_parse(const char *name, uint64_t *first);

/* the least (or, with `last`, the greatest) first position of a segment
 * from lo to hi: 1, 0 when there is none, -1 with a fault */
int segment_pick(const struct stream *, uint64_t lo, uint64_t hi, bool last,
    uint64_t *first, struct fault *);

/* all of them, in order; the caller frees */
int segment_list(const struct stream *, uint64_t **firsts, size_t *n,
    struct fault *);

/* an fd, or -1 with errno */
int segment_open(const struct stream *, uint64_t first, int flags);

static inline bool
segment_sealed(const struct stat *st)
{
	return (st->st_mode & S_IWUSR) == 0;
}

/* bytes up to and with the last newline of fd's first `size` ones, or -1
 * with errno */
int64_t segment_whole(int fd, uint64_t size);

/* the largest position that any group has */
int groups_furthest(const struct stream *, uint64_t *seq, struct fault *);

/* an fd that holds the group as the only "reader" (or what else role says),
 * and says so with the pid in the lock's file; -1 and EX_TEMPFAIL when there
 * is one */
int group_lock(const char *stream, const char *group, const char *role,
    struct fault *);

static inline bool
position_parse(struct str s, uint64_t *seq)
{
	return number_digits(s, POSITION_MAX, seq);
}

#endif
