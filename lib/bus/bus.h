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
 * and read at once.  A driver (bus/driver.h), which the URL names, keeps them:
 * a directory of text (bus/dir), or NATS JetStream (bus/nats).
 *
 *	bus_open(&bus, NULL, &fault)
 *	bus_writer_open(&w, bus, "raw", BUS_SYNC_NONE, &fault)
 *	bus_append(w, lines, NULL, &seq, &fault)
 *	bus_reader_open(&r, bus, "raw", 0, &fault)
 *	while (bus_read(r, &lines, &fault) > 0)
 *		while (bus_lines_next(&lines, &line))
 *			… line.text, line.seq
 *
 * Every line has a position ("seq").  Positions only grow, and no two lines
 * of a stream ever have the same one.  A reader at a position has seen the
 * line there and all before it.  What the difference of two positions means
 * depends on the driver: see bus_unit.
 *
 * Functions return -1 and a fault when they fail: EX_USAGE for a bad name,
 * EX_CONFIG for a bus that can't be used, EX_NOPERM, EX_DATAERR for damaged
 * data, EX_TEMPFAIL for what may succeed later, else EX_IOERR.
 *
 * One thread at a time uses a bus and what was opened on it; a group may be
 * moved by another thread than the one that opened it.
 */
struct bus;

/*
 * Opens the bus that `url` names, or with NULL $MFX_BUS: "dir:PATH" or only
 * a path is a directory, "nats://…" is in JetStream.  With neither it is the
 * site's own (mfx(7)).  Nothing is created.  EX_CONFIG when the scheme is not
 * known, or what it needs is not installed.
 */
int bus_open(struct bus **, const char *url, struct fault *);
/* after all that was opened on it is closed; also NULL */
void bus_close(struct bus *);

/* do calls wait for a server, which may not answer?  Then they are not for a
 * loop that serves others. */
bool bus_waits(const struct bus *);

/* How long its calls wait for a server that does not answer, in ms; 0: as its
 * URL says. */
void bus_set_patience(struct bus *, int ms);

/* From any thread, before it is closed: a call that waits for a server gives
 * up now, and so do later ones. */
void bus_abandon(struct bus *);

/* for messages: there is no secret in it */
const char *bus_name(const struct bus *);

/* what bus_lag, bus_prune and bus_between count: "bytes" or "messages" */
const char *bus_unit(const struct bus *);
/* how many of these are between two positions; a part of one counts */
uint64_t bus_between(const struct bus *, uint64_t from, uint64_t to);

enum bus_sync {
	BUS_SYNC_NONE,		/* kill -9 loses nothing, power loss may */
	BUS_SYNC_INTERVAL,	/* as none, and on disk within a second */
	BUS_SYNC_ALWAYS,	/* bus_commit returns when it is on disk */
};

/* for --sync: its choices, in the order of the enum */
#define BUS_SYNC_WORDS "none|interval|always"

#define BUS_NAME_MAX 64
/* [A-Za-z0-9][A-Za-z0-9._-]*, at most BUS_NAME_MAX bytes, and not "….new";
 * for streams and for groups */
bool bus_name_valid(struct str);

/* 0 when there is such a stream, else -1 and EX_NOINPUT */
int bus_exists(struct bus *, const char *stream, struct fault *);

/* splits "raw/store" into "raw" and "store"; both must be valid names */
int bus_group_parse(const char *text, char stream[BUS_NAME_MAX + 1],
    char group[BUS_NAME_MAX + 1], struct fault *);

/* the same, or only a stream: then the group is "" */
int bus_operand_parse(const char *text, char stream[BUS_NAME_MAX + 1],
    char group[BUS_NAME_MAX + 1], struct fault *);

/* ---- lines ---- */

/* NULL, or why this line (without its '\n') can't be on the bus; checks its
 * form only, not its contents */
const char *bus_line_check(struct str line);

/* appends the line as mfx-sub writes it, with its position as the first
 * label; a line that has no place for a label is followed by a mark */
void bus_line_put(struct buf *, struct str line, uint64_t seq);

/* "i/n": the ith of n parts, from 1, divided by channel; 0/0 is all */
struct bus_shard {
	uint64_t i, n;
};

bool bus_shard_parse(const char *text, struct bus_shard *);
bool bus_shard_has(const struct bus_shard *, struct str channel);

/* A line, without its '\n', and its position. */
struct bus_line {
	struct str text;
	uint64_t seq;
};

/* A run of whole lines that follow each other; the fields are the driver's
 * and bus_lines_next's. */
struct bus_lines {
	struct str rest;
	uint64_t seq;		/* before the first of them */
	const uint64_t *seqs;	/* theirs; NULL: each is its '\n''s place, in
				 * bytes of the stream */
};

/* takes the first line off the run; false at its end */
static inline bool
bus_lines_next(struct bus_lines *run, struct bus_line *line)
{
	if (!str_take_line(&run->rest, &line->text))
		return false;
	if (run->seqs != NULL)
		run->seq = *run->seqs++;
	else
		run->seq += line->text.n + 1;
	line->seq = run->seq;
	return true;
}

/* ---- writing ---- */
struct bus_writer;

/* opens a stream, which is created if it is missing */
int bus_writer_open(struct bus_writer **, struct bus *, const char *stream,
    enum bus_sync, struct fault *);
/* also NULL */
void bus_writer_close(struct bus_writer *);

/*
 * Appends whole lines, each with its '\n', as one: all of them or none.
 * When bus_append, and on a bus with a server bus_commit, has returned 0, a
 * kill -9 can't lose them and every reader sees them.  *seq is the position
 * of the last line; a driver that learns it only later says 0.  On -1 nothing
 * was appended; fault.status is EX_TEMPFAIL for a full disk, and a later call
 * may succeed.
 *
 * With a source they are appended once: see below.
 */
struct bus_source;
int bus_append(struct bus_writer *, struct str lines,
    struct bus_source *, uint64_t *seq, struct fault *);

/* Appends each line by itself, for half of what that would cost; *lines
 * becomes those that are left, which after -1 are not there. */
int bus_append_each(struct bus_writer *, struct str *lines, struct fault *);

/*
 * With BUS_SYNC_ALWAYS: returns when all that this writer appended is on
 * disk; processes that wait at the same time share one fdatasync.  With
 * BUS_SYNC_INTERVAL: another thread syncs when a second has passed, and a
 * later call reports its failure.  Otherwise does nothing.
 * A program with its own loop calls it once a turn.  A failure is permanent,
 * as it is unknown which lines are on disk: the program ends.
 */
int bus_commit(struct bus_writer *, struct fault *);

/* could a line be appended now?  Checks the stream as bus_append does, and
 * reserves disk space; for health checks. */
int bus_check(struct bus_writer *, struct fault *);

/* ---- reading ---- */
struct bus_reader;

/*
 * Opens a stream at a position (0: its oldest line; UINT64_MAX: its end).  It
 * need not exist and is not created: it is empty until a writer creates it.
 * A position inside a line is moved to the end of that line; one that was
 * pruned away, to the oldest line.
 */
int bus_reader_open(struct bus_reader **, struct bus *, const char *stream,
    uint64_t from, struct fault *);
/* also NULL */
void bus_reader_close(struct bus_reader *);

/*
 * Before the first bus_read: lines of other parts than this one are not
 * needed.  A bus that can leaves some or all of them out, where its server is,
 * and bus_reader_position goes past them; so the caller still asks
 * bus_shard_has.  What was pruned meanwhile may go unnoticed.
 */
void bus_reader_shard(struct bus_reader *, const struct bus_shard *);

/*
 * The next lines, borrowed until the next call: 1; 0 when there are none now,
 * -1 on error.  A line over 1 MiB, which no writer makes, is EX_DATAERR, and
 * the next call goes on after it.
 */
int bus_read(struct bus_reader *, struct bus_lines *, struct fault *);

/* Returns when all that bus_read has returned is on disk, whether or not its
 * writer has synced it: for what must not be ahead of the stream after a loss
 * of power.  A server syncs when it is set to. */
int bus_reader_sync(struct bus_reader *, struct fault *);

/* the position before the line that bus_read will return next: all before it
 * has been returned, or is of another part */
uint64_t bus_reader_position(const struct bus_reader *);

/*
 * Waits until there is such a stream: 1; 0 when a signal came; -1 on error,
 * with EPIPE in errno when the reader of `out`, if not -1, is gone.
 */
int bus_await(struct bus *, const char *stream, int out, struct fault *);

/* were lines pruned away before they were read, since the last call?  From
 * which position to which? */
bool bus_reader_gone(struct bus_reader *, uint64_t *from, uint64_t *to);

/*
 * Waits until there may be more lines: 1; until a signal comes: -1 with
 * EINTR; or until the time (ms, -1: for ever) has passed: 0.  -1 with EPIPE
 * when the reader of `out`, if not -1, is gone.
 */
int bus_wait(struct bus_reader *, int out, int timeout);

/* For a program with its own loop: an fd that becomes readable when there may
 * be more lines; bus_wait(reader, -1, 0) then empties it.  -1 with errno.
 * Read once after the first call, as it does not report earlier lines. */
int bus_reader_watch(struct bus_reader *);

/* ---- time ---- */

/* when a line was received or, if it does not say, the time of its record;
 * false when it has neither */
bool bus_line_time(struct str line, struct stamp *);

/* for messages: follows "'x': not " */
#define BUS_WHERE_FORMS "start, end, a position, -1h or 2026-01-31T00:00:00Z"

/* where a user wants to start or to end: start, end, a position, or a time
 * as stamp_parse reads it, except that plain seconds need "@" before them */
struct bus_where {
	bool by_time;
	uint64_t seq;		/* UINT64_MAX: the end */
	struct stamp time;
};

bool bus_where_parse(const char *text, struct bus_where *);
/* the end, as if "end" were parsed */
extern const struct bus_where bus_where_end;

/* Its position; for "end" that of the present end.  For a time that before
 * the first line whose time (as above) is not earlier, or the end; this
 * assumes that times grow. */
int bus_where_find(struct bus *, const char *stream,
    const struct bus_where *, uint64_t *seq, struct fault *);

/* The position before the last n lines up to `end`, or before the oldest line
 * when there are fewer. */
int bus_last(struct bus *, const char *stream, uint64_t n, uint64_t end,
    uint64_t *seq, struct fault *);

/* ---- groups ---- */
struct bus_group;

/* Neither the group nor the stream has to exist, and neither is created. */
int bus_group_open(struct bus_group **, struct bus *, const char *stream,
    const char *group, struct fault *);
/* ends what bus_group_join has begun; also NULL */
void bus_group_close(struct bus_group *);

const char *bus_group_stream(const struct bus_group *);
const char *bus_group_name(const struct bus_group *);

/* the position of a group: 1; 0, and position 0, for a new group; -1 */
int bus_group_get(struct bus_group *, uint64_t *seq, struct fault *);
/* Moves it, for all readers that start after this; kill -9 leaves the old
 * position or the new one, loss of power perhaps an older one.  A missing
 * group is created. */
int bus_group_set(struct bus_group *, uint64_t seq, struct fault *);
/* is it where bus_group_seek, or its creation, has put it? */
bool bus_group_sought(struct bus_group *, uint64_t seq);
/* What is known of a group beside its position; nothing is made to know it. */
struct bus_group_state {
	bool knows_reader, has_reader;
	uint64_t reader;	/* its pid; 0: not known */
	struct stamp moved;	/* when it was moved last; 0: not known */
};

int bus_group_look(struct bus_group *, struct bus_group_state *,
    struct fault *);
/*
 * Becomes the only reader of the group until it is closed or the process
 * ends; -1 and EX_TEMPFAIL when the group already has a reader.  *seq becomes
 * the group's position; a new group is put at *seq.
 */
int bus_group_join(struct bus_group *, uint64_t *seq, struct fault *);

/* Before bus_group_join: a reader that does not answer, as it is stopped or cut
 * off, does not have the group.  It may go on later and deliver lines again, so
 * who stores them has to have their positions.  A directory can't tell that it
 * does not answer. */
void bus_group_force(struct bus_group *);

/* fault.status when there is no such group: "the answer is no" */
#define BUS_NO_GROUP 1

/* These two keep readers away until the group is closed. */

/* removes a group; EX_TEMPFAIL while it has a reader.  With dry_run nothing is
 * removed, and the result says whether it could be. */
int bus_group_forget(struct bus_group *, bool dry_run, struct fault *);

/* moves it by hand, to *seq: EX_TEMPFAIL while it has a reader, whose sink
 * would move it back; EX_USAGE beyond the end */
enum bus_seek {
	BUS_SEEK_CREATE = 1,	/* a missing group is created */
	BUS_SEEK_DRY_RUN = 2,	/* nothing is moved */
};

int bus_group_seek(struct bus_group *, const struct bus_where *,
    enum bus_seek, uint64_t *seq, struct fault *);

/* calls it for each group of a stream, in no order; `bad` is NULL, or says
 * what is wrong with a damaged group */
typedef void bus_group_fn(void *arg, const char *group, uint64_t seq,
    const char *bad);
int bus_groups(struct bus *, const char *stream, bus_group_fn *, void *arg,
    struct fault *);

/* ---- copying once ---- */

/*
 * Lines that a group of another stream delivered, appended exactly once: when
 * the process is killed, the next bus_source_open knows what had got there.
 *
 *	bus_source_open(&source, writer, stream, group, &fault)
 *	drop the lines up to source->done
 *	source->at = how far on the other stream the next lines go
 *	bus_append(writer, lines, source, &seq, &fault)
 *	bus_commit(writer, &fault)
 *	bus_source_ack(source, &fault)		moves the group to source->at
 *
 * Each call may be repeated when it fails, with the same lines.  One process
 * at a time is the source for a group: EX_TEMPFAIL.
 */
struct bus_source {
	struct progress done;	/* what had got there when it was opened */
	struct progress at;
	/* private */
	struct bus_writer *to;
	struct bus_group *group;
	uint64_t moved;		/* where the group is */
};

/* bytes at once */
#define BUS_SOURCE_MAX ((size_t)96 << 20)
/* lines and bytes that are there as a whole or not at all on any bus */
#define BUS_WHOLE_LINES 999
#define BUS_WHOLE_BYTES ((size_t)8 << 20)

int bus_source_open(struct bus_source **, struct bus_writer *,
    const char *stream, const char *group, struct fault *);
/*
 * The same for a stream of another bus.  What has got there is kept with the
 * target, under the stream's and a valid name of its own; the group that
 * bus_source_ack moves is not one of this bus.
 */
int bus_source_open_abroad(struct bus_source **, struct bus_writer *,
    const char *stream, const char *name, struct fault *);
/* before the writer is closed; also NULL */
void bus_source_close(struct bus_source *);
int bus_source_ack(struct bus_source *, struct fault *);

/* ---- administration ---- */

/* calls it for each stream of the bus, in order of names */
typedef int bus_stream_fn(void *arg, const char *stream, struct fault *);
int bus_streams(struct bus *, bus_stream_fn *, void *arg, struct fault *);

struct bus_stat {
	uint64_t segments, bytes;
	uint64_t first, last;	/* positions before the oldest line and
				 * after the newest */
	struct stamp oldest, newest;	/* as bus_line_time */
	bool has_oldest, has_newest;
};

int bus_stat(struct bus *, const char *stream, struct bus_stat *,
    struct fault *);
/* how much comes after a position, in bus_unit's */
int bus_lag(struct bus *, const char *stream, uint64_t seq, uint64_t *lag,
    struct fault *);
/* the same, and how long ago the first of it came, in ns: 0 when there is none,
 * or when it does not say */
int bus_unread(struct bus *, const char *stream, uint64_t seq, uint64_t *lag,
    int64_t *age, struct fault *);

/*
 * Removes whole segments, oldest first, while there are more than keep_bytes
 * or they were last written before `older` (0: no such limit).  Never the
 * newest one, and not one that a group still needs, unless past_groups.
 */
struct bus_prune {
	int64_t keep_bytes;	/* -1: no such limit */
	struct stamp older;
	bool past_groups, dry_run;
	/* result: what was removed */
	uint64_t segments, bytes;
	uint64_t first;		/* the oldest position that is left */
	uint64_t held;		/* segments that were kept only for a group: */
	char group[BUS_NAME_MAX + 1];	/* this one */
	/* private: no group has seen less; UINT64_MAX: does not matter */
	uint64_t needed;
};

int bus_prune(struct bus *, const char *stream, struct bus_prune *,
    struct fault *);

/*
 * Reads all of a stream and reports each thing that is wrong with it in a
 * line of text: segments out of order, gaps, bytes that are not a message
 * line, bad groups.  A torn tail, which no reader sees, is only counted.
 */
struct bus_health {
	uint64_t segments, lines, bytes;
	uint64_t torn;		/* bytes after last lines */
	uint64_t damage;	/* things reported */
};

typedef void bus_tell_fn(void *arg, const char *what);
int bus_verify(struct bus *, const char *stream, struct bus_health *,
    bus_tell_fn *, void *arg, struct fault *);

#endif
