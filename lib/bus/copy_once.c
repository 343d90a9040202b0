/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one stream to another, exactly once.  Before a batch is appended it
 * is written, with the place it will have, to a file beside the source's
 * group: the intent.  If the group has not moved when the next process
 * starts, that one looks how much of the batch stands there, appends the
 * rest and moves the group.
 *
 * A group is moved to ends of lines only.  A batch that goes up to a part of
 * one leaves its intent behind, without lines: it says how far that was.
 */
#include <errno.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "bus/writer.h"

#define HEAD_MAX (3 * 21 + BUS_NAME_MAX + 12)

struct bus_relay {
	struct bus_writer *to;
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	char *path;		/* of the intent */
	int lock;		/* one relay at a time moves a group */
	struct progress acked;
	uint64_t moved;		/* where the group is */
	struct buf intent;	/* see intent_write */
};

/* "<place> <seq> <target>[ <seq> <part>]\n" and the lines */
static int
intent_write(struct bus_relay *r, struct str lines,
    const struct progress *at, struct fault *fault)
{
	struct bus_writer *w = r->to;
	int done;

	buf_clear(&r->intent);
	buf_printf(&r->intent, "%020llu %020llu %s",
	    (unsigned long long)(w->first + w->size),
	    (unsigned long long)at->whole, w->stream.name);
	if (at->part != 0)
		buf_printf(&r->intent, " %020llu %lu",
		    (unsigned long long)at->open, (unsigned long)at->part);
	buf_putc(&r->intent, '\n');
	buf_put_str(&r->intent, lines);
	if (r->intent.full)
		return fault_set(fault, EX_DATAERR,
		    "%s: too many lines at once", w->stream.name);
	errno = 0;
	done = file_replace(r->path, buf_str(&r->intent), 0600, false, fault);
	if (done < 0 && (errno == ENOSPC || errno == EDQUOT))
		fault->status = EX_TEMPFAIL;
	return done;
}

/* " <seq> <part>", or nothing */
static bool
intent_part(struct str s, struct progress *at)
{
	uint64_t part;

	if (s.n == 0)
		return true;
	if (s.n < 23 || !position_parse((struct str){ s.p + 1, 20 },
	    &at->open) || !position_parse(str_from(s, 22), &part) ||
	    part > PART_MAX)
		return false;
	at->part = (uint32_t)part;
	return true;
}

/* What was meant and has not been acknowledged; false when nothing was. */
static bool
intent_read(struct bus_relay *r, struct str *lines, uint64_t *place,
    struct progress *at)
{
	struct str name = str_z(r->to->stream.name), text, head;
	struct fault ignored;
	const char *nl;

	*at = (struct progress){ .whole = 0 };
	buf_clear(&r->intent);
	if (file_read(r->path, &r->intent, &ignored) < 0)
		return false;
	text = buf_str(&r->intent);
	nl = text.n > 42 ? memchr(text.p, '\n', text.n) : NULL;
	if (nl == NULL || !position_parse((struct str){ text.p, 20 }, place) ||
	    !position_parse((struct str){ text.p + 21, 20 }, &at->whole))
		return false;
	head = (struct str){ text.p + 42, (size_t)(nl - text.p) - 42 };
	if (!str_starts(head, name) ||
	    !intent_part(str_from(head, name.n), at))
		return false;
	*lines = str_from(text, (size_t)(nl + 1 - text.p));
	return progress_compare(at, &r->acked) > 0;
}

/* bytes of whole lines that a and b begin with alike */
static size_t
same_lines(struct str a, struct str b)
{
	size_t i, same = 0;

	for (i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
		if (a.p[i] == '\n')
			same = i + 1;
	return same;
}

/* How many bytes of these lines stand in the target at `place`. */
static int
find_there(struct bus_relay *r, struct str lines, uint64_t place,
    size_t *there, struct fault *fault)
{
	struct bus_reader *reader;
	uint64_t before;
	struct str run;
	int got;

	*there = 0;
	if (lines.n == 0)
		return 0;
	if (bus_reader_open(&reader, r->to->stream.name, place, fault) < 0)
		return -1;
	while ((got = bus_read(reader, &run, &before, fault)) > 0 &&
	    before == place + *there) {
		size_t same = same_lines(str_from(lines, *there), run);

		*there += same;
		if (same < run.n)
			break;
	}
	bus_reader_close(reader);
	return got < 0 ? -1 : 0;
}

static int
recover(struct bus_relay *r, struct fault *fault)
{
	struct progress at;
	struct buf rest;
	struct str lines;
	uint64_t place;
	size_t there;
	int done = 0;

	if (bus_group_get(r->stream, r->group, &r->moved, fault) < 0)
		return -1;
	r->acked.whole = r->moved;
	if (!intent_read(r, &lines, &place, &at))
		return 0;
	if (find_there(r, lines, place, &there, fault) < 0)
		return -1;
	/* the intent is written anew, so its lines must move out of it */
	buf_init(&rest, RELAY_MAX);
	buf_put_str(&rest, str_from(lines, there));
	if (rest.n > 0)
		done = bus_relay_append(r, buf_str(&rest), &at, fault);
	/* what was there may not be on disk either */
	r->to->dirty = true;
	if (done == 0)
		done = bus_commit(r->to, fault);
	buf_release(&rest);
	r->acked = at;
	return done < 0 ? -1 : bus_relay_ack(r, &at, fault);
}

int
bus_relay_open(struct bus_relay **out, struct bus_writer *to,
    const char *stream, const char *group, struct fault *fault)
{
	struct bus_relay *r = memory_zero(1, sizeof *r);
	struct stream from;
	size_t n;

	if (stream_open(&from, stream, true, fault) < 0) {
		free(r);
		return -1;
	}
	n = strlen(from.path) + strlen(group) + sizeof "/groups/..intent";
	r->path = memory_get(n);
	snprintf(r->path, n, "%s/groups/.%s.intent", from.path, group);
	stream_close(&from);
	r->to = to;
	r->lock = -1;
	buf_init(&r->intent, RELAY_MAX + HEAD_MAX);
	snprintf(r->stream, sizeof r->stream, "%s", stream);
	snprintf(r->group, sizeof r->group, "%s", group);
	r->lock = group_lock(stream, group, "relay", fault);
	if (r->lock < 0 || recover(r, fault) < 0) {
		bus_relay_close(r);
		return -1;
	}
	*out = r;
	return 0;
}

void
bus_relay_close(struct bus_relay *r)
{
	if (r == NULL)
		return;
	if (r->lock >= 0)
		close(r->lock);
	buf_release(&r->intent);
	free(r->path);
	free(r);
}

const struct progress *
bus_relay_acked(const struct bus_relay *r)
{
	return &r->acked;
}

int
bus_relay_append(struct bus_relay *r, struct str lines,
    const struct progress *at, struct fault *fault)
{
	struct bus_writer *w = r->to;
	int done;

	if (lock_take(w, fault) < 0)
		return -1;
	done = segment_ready(w, lines.n, fault);
	if (done == 0)
		done = intent_write(r, lines, at, fault);
	if (done == 0)
		done = writer_put(w, lines, fault);
	lock_drop(w);
	return done;
}

int
bus_relay_ack(struct bus_relay *r, const struct progress *at,
    struct fault *fault)
{
	if (at->whole != r->moved &&
	    bus_group_set(r->stream, r->group, at->whole, fault) < 0)
		return -1;
	r->moved = at->whole;
	return at->part != 0 ? intent_write(r, STR_NONE, at, fault) : 0;
}
