/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_BUS_H
#define MFX_BUS_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/stamp.h"
#include "base/str.h"
#include "line/position.h"

/*
 * The bus, mfx-bus(5): streams of lines, ordered, that many processes write
 * and read at once.  $MFX_BUS names it; nothing here says that it is a
 * directory of text.
 *
 * A position ("seq") is the number of bytes of the stream up to and with a
 * line's '\n'.  It only grows, is never given to two lines, and says that
 * all before it has been seen.
 *
 * What fails says so with -1 and a fault: EX_USAGE for a bad name,
 * EX_CONFIG for a bus that can't be had, EX_NOPERM, EX_DATAERR for what is
 * damaged, EX_TEMPFAIL for what may succeed later, else EX_IOERR.
 */
enum bus_sync {
	BUS_SYNC_NONE,		/* kill -9 loses nothing, power loss may */
	BUS_SYNC_INTERVAL,	/* as none, and on disk within a second */
	BUS_SYNC_ALWAYS,	/* bus_commit returns when it is on disk */
};

/* for --sync: its choices, and which one that is */
#define BUS_SYNC_WORDS "none|interval|always"
enum bus_sync bus_sync_named(const char *word);

#define BUS_NAME_MAX 64
/* [A-Za-z0-9][A-Za-z0-9._-]*, at most BUS_NAME_MAX bytes, and not "….new";
 * for streams and for groups */
bool bus_name_valid(struct str);

/* instead of $MFX_BUS, as home_set; borrowed */
void bus_set(const char *bus);

/* 0 when there is such a stream, else -1 and EX_NOINPUT */
int bus_exists(const char *stream, struct fault *);

/* "raw/store" into "raw" and "store"; both must be valid names */
int bus_group_parse(const char *text, char stream[BUS_NAME_MAX + 1],
    char group[BUS_NAME_MAX + 1], struct fault *);

/* the same, or a stream alone: then the group is "" */
int bus_operand_parse(const char *text, char stream[BUS_NAME_MAX + 1],
    char group[BUS_NAME_MAX + 1], struct fault *);

/* ---- lines ---- */

/* NULL, or why this line (without its '\n') is none for the bus: a look at
 * its form, not at what it says */
const char *bus_line_check(struct str line);

/* appends the line as mfx-sub gives it out, with its position as the first
 * label; what has no place for one gets a mark behind it */
void bus_line_put(struct buf *, struct str line, uint64_t seq);

/* "i/n": the ith of n parts, from 1, divided by channel; 0/0 is all */
struct bus_shard {
	uint64_t i, n;
};

bool bus_shard_parse(const char *text, struct bus_shard *);
bool bus_shard_has(const struct bus_shard *, struct str channel);

/* takes the first line off a run of whole ones, without its '\n'; false at
 * the end */
static inline bool
bus_line_next(struct str *lines, struct str *line)
{
	const char *nl = lines->n ? memchr(lines->p, '\n', lines->n) : NULL;

	if (nl == NULL)
		return false;
	*line = (struct str){ lines->p, (size_t)(nl - lines->p) };
	*lines = str_from(*lines, line->n + 1);
	return true;
}

/* ---- writing ---- */
struct bus_writer;

/* opens, and makes when new, a stream of the bus named by $MFX_BUS */
int bus_writer_open(struct bus_writer **, const char *stream, enum bus_sync,
    struct fault *);
void bus_writer_close(struct bus_writer *);

/*
 * Appends whole lines, each with its '\n', as one: all of them or none.
 * When it returns 0 they are where a kill -9 can't lose them, every reader
 * sees them, and *seq is the position behind the last one.  On -1 nothing
 * was appended; fault.status is EX_TEMPFAIL for a full disk, and a later
 * call may succeed.
 */
int bus_append(struct bus_writer *, struct str lines, uint64_t *seq,
    struct fault *);

/*
 * Around appends that follow each other at once: other writers wait, and
 * each append costs half.  Not around anything that waits.
 */
int bus_hold(struct bus_writer *, struct fault *);
void bus_release(struct bus_writer *);

/*
 * With BUS_SYNC_ALWAYS: returns when all that this writer appended is on
 * disk; many processes that wait share one fdatasync.  With
 * BUS_SYNC_INTERVAL: has another thread do it when a second has passed, and
 * tells at a later call that it failed.  Else nothing.
 * A program with its own loop calls it once a turn.  A failure is for good,
 * as nobody knows what of the lines is left: the program ends.
 */
int bus_commit(struct bus_writer *, struct fault *);

/* could a line be appended now?  Looks at the stream as bus_append does and
 * has room for it reserved on the disk; for health checks. */
int bus_check(struct bus_writer *, struct fault *);

/* ---- reading ---- */
struct bus_reader;

/*
 * Opens a stream at a position (0: its oldest line; UINT64_MAX: its end).  It
 * need not exist yet, and is not made: until a writer does, it is empty.  A
 * position inside a line is moved to that line's end; one that was pruned
 * away to the oldest line.
 */
int bus_reader_open(struct bus_reader **, const char *stream, uint64_t from,
    struct fault *);
void bus_reader_close(struct bus_reader *);

/*
 * The next lines: a run of whole ones, borrowed until the next call, and
 * in *before the position in front of the first.  1 with lines, 0 when
 * there are none now, -1 on error.  A line over 1 MiB, which no writer
 * makes, is EX_DATAERR, and the next call goes on behind it.
 */
int bus_read(struct bus_reader *, struct str *lines, uint64_t *before,
    struct fault *);

/* the position in front of what bus_read will give next */
uint64_t bus_reader_position(const struct bus_reader *);

/*
 * Waits until there is such a stream: 1; 0 when a signal came; -1, with EPIPE
 * in errno when the reader of `out`, if not -1, has gone.
 */
int bus_await(const char *stream, int out, struct fault *);

/* whether lines were pruned away before they were read, since the last
 * call, and from which position to which */
bool bus_reader_gone(struct bus_reader *, uint64_t *from, uint64_t *to);

/*
 * Waits until there may be more, a signal comes, or the time (ms, -1: for
 * ever) has passed: 1; -1 with EINTR; 0.  Of `out`, if not -1, it is
 * watched whether its reader goes away: -1 with EPIPE.
 */
int bus_wait(struct bus_reader *, int out, int timeout);

/* For a program with its own loop: an fd that can be read when there may be
 * more, which bus_wait(reader, -1, 0) then empties; -1 with errno.  What
 * came before the first call is to be looked for. */
int bus_reader_watch(struct bus_reader *);

/* ---- time ---- */

/* when a line was received, or else the time of its record; false when it
 * has neither */
bool bus_line_time(struct str line, struct stamp *);

/* the first position whose line has a time (as above) of t or later; the
 * end when there is none.  Times are taken to grow from segment to
 * segment. */
int bus_seek_time(const char *stream, struct stamp t, uint64_t *seq,
    struct fault *);

/* for messages: "'x': not " and this */
#define BUS_WHERE_FORMS "start, end, a position, -1h or 2026-01-31T00:00:00Z"

/* where a user wants to start or to end: start, end, a position, or a time
 * as stamp_parse takes it but "@" in front of plain seconds */
struct bus_where {
	bool by_time;
	uint64_t seq;		/* UINT64_MAX: the end */
	struct stamp time;
};

bool bus_where_parse(const char *text, struct bus_where *);
/* as a position; "end" as the one that the end has now */
int bus_where_find(const char *stream, const struct bus_where *,
    uint64_t *seq, struct fault *);

/* ---- groups ---- */

/* the place of a group: 1; 0, and position 0, for one that is new; -1 */
int bus_group_get(const char *stream, const char *group, uint64_t *seq,
    struct fault *);
/* moves it, for all readers that start after this; kill -9 leaves the old
 * place or the new one, power loss perhaps an older one */
int bus_group_set(const char *stream, const char *group, uint64_t seq,
    struct fault *);
/* is it where it was put by hand: by bus_group_seek, or when it was new? */
bool bus_group_sought(const char *stream, const char *group, uint64_t seq);
/*
 * Becomes the one reader of the group until the process ends (the fd is
 * never closed); when there is one already, -1 and EX_TEMPFAIL.  *seq
 * becomes the group's place; a new group is put to *seq.
 */
int bus_group_join(const char *stream, const char *group, uint64_t *seq,
    struct fault *);
/* the fault's status for a group that is not there: "the answer is no" */
#define BUS_NO_GROUP 1

/* removes a group; EX_TEMPFAIL while it has a reader.  With dry_run nothing is
 * removed, and it is said in the same way whether it could be. */
int bus_group_forget(const char *stream, const char *group, bool dry_run,
    struct fault *);

/* moves it by hand, to *seq: EX_TEMPFAIL while it has a reader, whose sink
 * would move it back; EX_USAGE beyond the end */
enum bus_seek {
	BUS_SEEK_CREATE = 1,	/* a group that is not there is made */
	BUS_SEEK_DRY_RUN = 2,	/* nothing is moved */
};

int bus_group_seek(const char *stream, const char *group,
    const struct bus_where *, enum bus_seek, uint64_t *seq, struct fault *);

/* each group of a stream, in no order; of a damaged one `bad` says why */
typedef void bus_group_fn(void *arg, const char *group, uint64_t seq,
    const char *bad);
int bus_groups(const char *stream, bus_group_fn *, void *arg,
    struct fault *);

/*
 * Appending what a group of another stream gave, exactly once: what a
 * process that was killed had begun is brought to its end by the next
 * bus_relay_open.
 *
 *	bus_relay_append(r, lines, &at)		as bus_append, then
 *	bus_commit(writer)
 *	bus_relay_ack(r, &at)			moves the group
 *
 * `at` is how far on the other stream the lines go.  Each may be repeated
 * when it fails.  Lines up to bus_relay_acked(), how far that was when the
 * relay was opened, are no news: the caller drops them.
 */
struct bus_relay;
#define RELAY_MAX ((size_t)96 << 20)	/* bytes at once */

int bus_relay_open(struct bus_relay **, struct bus_writer *,
    const char *stream, const char *group, struct fault *);
void bus_relay_close(struct bus_relay *);
const struct progress *bus_relay_acked(const struct bus_relay *);
int bus_relay_append(struct bus_relay *, struct str lines,
    const struct progress *at, struct fault *);
int bus_relay_ack(struct bus_relay *, const struct progress *at,
    struct fault *);

/* ---- care ---- */

/* each stream of the bus, in order of names */
typedef int bus_stream_fn(void *arg, const char *stream, struct fault *);
int bus_streams(bus_stream_fn *, void *arg, struct fault *);

struct bus_extent {
	uint64_t segments, bytes;
	uint64_t first, last;	/* positions before the oldest line and
				 * behind the newest */
	struct stamp oldest, newest;	/* as bus_line_time */
	bool has_oldest, has_newest;
};

int bus_extent(const char *stream, struct bus_extent *, struct fault *);
/* bytes of lines behind a position */
int bus_lag(const char *stream, uint64_t seq, uint64_t *bytes,
    struct fault *);

/*
 * Removes whole segments, oldest first, while more than keep_bytes are
 * there or they were last written before `older` (0: no such limit); never
 * the newest one, and none that a group still needs unless past_groups.
 */
struct bus_prune {
	int64_t keep_bytes;	/* -1: no such limit */
	struct stamp older;
	bool past_groups, dry_run;
	/* what was done */
	uint64_t segments, bytes;
	uint64_t first;		/* the oldest position that is left */
	uint64_t held;		/* segments kept for a group alone … */
	char group[BUS_NAME_MAX + 1];	/* … which is this one */
};

int bus_prune(const char *stream, struct bus_prune *, struct fault *);

/*
 * Reads all of a stream and tells what is wrong with it, each in a line of
 * text: segments out of order, gaps, bytes that are no message line, bad
 * groups.  A torn tail, which no reader sees, is counted, not told.
 */
struct bus_health {
	uint64_t segments, lines, bytes;
	uint64_t torn;		/* bytes behind last lines */
	uint64_t damage;	/* things told */
};

typedef void bus_tell_fn(void *arg, const char *what);
int bus_verify(const char *stream, struct bus_health *, bus_tell_fn *,
    void *arg, struct fault *);

#endif
