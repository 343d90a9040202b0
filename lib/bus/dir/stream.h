/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_DIR_STREAM_H
#define MFX_BUS_DIR_STREAM_H

#include <sys/stat.h>

#include "bus/driver.h"

/*
 * The bus as a directory of text: mfx-bus(5) describes its files.  A position
 * is the number of bytes of the stream up to and with a line's '\n'.
 *
 * A stream's directory, for the sources of this folder.  All names are
 * relative to the open directory, so that it can't be replaced by another one
 * under us.
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
int stream_open(struct stream *, struct bus *, const char *name, bool make,
    struct fault *);
/* for questions, which create nothing: 1; 0 when there is no such stream, with
 * its name and path filled in; -1 */
int stream_find(struct stream *, struct bus *, const char *name,
    struct fault *);
/* looks again for a stream that stream_find did not find: 1, 0, -1 */
int stream_look(struct stream *, struct fault *);
void stream_close(struct stream *);

/* fault_errno with "<stream>: <what>" before it */
int stream_fault(const struct stream *, const char *what, struct fault *);

/* opens a file in that directory; a missing one is created with mode 0600 and
 * the directory's owner (file.h) */
int stream_file(const struct stream *, const char *name, struct fault *);

/*
 * A position that was used once is never used for other bytes.  So where
 * bytes may have been lost (loss of power, a failed write) a stream goes on
 * after all positions that they can have had: at the next multiple of this.
 */
#define SEGMENT_JUMP (UINT64_C(1) << 36)

static inline uint64_t
position_jump(uint64_t p)
{
	return (p / SEGMENT_JUMP + 1) * SEGMENT_JUMP;
}

#define SEGMENT_NAME sizeof "00000000000000000000.ndjson"
void segment_name(char to[SEGMENT_NAME], uint64_t first);

/* the lowest (or, with `last`, the highest) first position of a segment
 * between lo and hi: 1; 0 when there is no such segment; -1 with a fault */
int segment_pick(const struct stream *, uint64_t lo, uint64_t hi, bool last,
    uint64_t *first, struct fault *);

/* the first positions of all segments, in order; the caller frees */
int segment_list(const struct stream *, uint64_t **firsts, size_t *n,
    struct fault *);

/* calls it for each segment, in order, until it does not return 0 */
typedef int segments_fn(void *arg, const struct stream *, uint64_t first,
    bool newest, struct fault *);
int segments_each(struct bus *, const char *stream, segments_fn *, void *arg,
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

/* ---- the parts of the driver ---- */

extern const struct bus_writer_ops dir_writer_ops;
extern const struct bus_reader_ops dir_reader_ops;
extern const struct bus_group_ops dir_group_ops;
extern const struct bus_source_ops dir_source_ops;

int dir_find(struct bus *, const char *stream, const struct bus_where *,
    uint64_t *seq, struct fault *);
int dir_stat(struct bus *, const char *stream, struct bus_stat *,
    struct fault *);
int dir_lag(struct bus *, const char *stream, uint64_t seq, uint64_t *lag,
    struct fault *);
int dir_prune(struct bus *, const char *stream, struct bus_prune *,
    struct fault *);
int dir_verify(struct bus *, const char *stream, struct bus_health *,
    bus_tell_fn *, void *arg, struct fault *);

#endif
