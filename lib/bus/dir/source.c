/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one stream to another, exactly once.  Before a batch is appended it
 * is written, with the place it will have, to a file beside the source's
 * group: the intent.  If the group has not moved when the next process
 * starts, that one looks how much of the batch is there, appends the rest and
 * moves the group.
 *
 * A group is moved to ends of lines only.  A batch that goes up to a part of
 * one leaves its intent there, without lines: it says how far that was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "bus/dir/group.h"
#include "bus/dir/writer.h"

#define HEAD_MAX (3 * 21 + BUS_NAME_MAX + 12)
#define INTENT "intent"

struct dir_source {
	struct bus_source head;
	struct buf intent;	/* see source_intend */
};

/* "<place> <seq> <target>[ <seq> <part>]\n" and the lines */
int
source_intend(struct bus_source *head, struct str lines, struct fault *fault)
{
	struct dir_source *s = (struct dir_source *)head;
	struct dir_writer *w = (struct dir_writer *)head->to;
	const struct progress *at = &head->at;

	buf_clear(&s->intent);
	buf_printf(&s->intent, "%020llu %020llu %s",
	    (unsigned long long)(w->first + w->size),
	    (unsigned long long)at->whole, w->stream.name);
	if (at->part != 0)
		buf_printf(&s->intent, " %020llu %lu",
		    (unsigned long long)at->open, (unsigned long)at->part);
	buf_putc(&s->intent, '\n');
	buf_put_str(&s->intent, lines);
	if (s->intent.full)
		return fault_set(fault, EX_DATAERR,
		    "%s: too many lines at once", w->stream.name);
	return group_replace((struct dir_group *)head->group, INTENT,
	    buf_str(&s->intent), fault);
}

/* " <seq> <part>", or nothing */
static bool
source_read_part(struct str s, struct progress *at)
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

/* The file; false when it can't be read, as there is none. */
static bool
source_read(struct dir_source *s)
{
	struct dir_group *g = (struct dir_group *)s->head.group;
	struct fault ignored;
	char name[GROUP_FILE];
	int fd, r;

	group_file(name, g, INTENT);
	if ((fd = openat(g->groups.fd, name, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	buf_clear(&s->intent);
	r = file_read_fd(fd, name, &s->intent, &ignored);
	close(fd);
	return r == 0;
}

/* What was intended and has not been acknowledged; false when nothing was. */
static bool
source_intended(struct dir_source *s, struct str *lines, uint64_t *place,
    struct progress *at)
{
	struct str name = str_z(s->head.to->stream), text, head;
	const char *nl;

	*at = (struct progress){ .whole = 0 };
	if (!source_read(s))
		return false;
	text = buf_str(&s->intent);
	nl = text.n > 42 ? memchr(text.p, '\n', text.n) : NULL;
	if (nl == NULL || !position_parse((struct str){ text.p, 20 }, place) ||
	    !position_parse((struct str){ text.p + 21, 20 }, &at->whole))
		return false;
	head = (struct str){ text.p + 42, (size_t)(nl - text.p) - 42 };
	if (!str_starts(head, name) ||
	    !source_read_part(str_from(head, name.n), at))
		return false;
	*lines = str_from(text, (size_t)(nl + 1 - text.p));
	return progress_compare(at, &s->head.done) > 0;
}

/* bytes of whole lines that a and b begin with alike */
static size_t
source_same(struct str a, struct str b)
{
	size_t i, same = 0;

	for (i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
		if (a.p[i] == '\n')
			same = i + 1;
	return same;
}

/* How many bytes of these lines are in the target at `place`. */
static int
source_find(struct dir_source *s, struct str lines, uint64_t place,
    size_t *there, struct fault *fault)
{
	struct bus_reader *reader;
	struct bus_lines run;
	int got;

	*there = 0;
	if (lines.n == 0)
		return 0;
	if (bus_reader_open(&reader, s->head.to->bus, s->head.to->stream,
	    place, fault) < 0)
		return -1;
	while ((got = bus_read(reader, &run, fault)) > 0 &&
	    run.seq == place + *there) {
		size_t same = source_same(str_from(lines, *there), run.rest);

		*there += same;
		if (same < run.rest.n)
			break;
	}
	bus_reader_close(reader);
	return got < 0 ? -1 : 0;
}

static int
dir_source_ack(struct bus_source *head, struct fault *fault)
{
	const struct progress *at = &head->at;

	if (at->whole != head->moved &&
	    bus_group_set(head->group, at->whole, fault) < 0)
		return -1;
	head->moved = at->whole;
	return at->part != 0 ? source_intend(head, STR_NONE, fault) : 0;
}

static int
source_recover(struct dir_source *s, struct fault *fault)
{
	struct bus_source *head = &s->head;
	struct buf rest;
	struct str lines;
	uint64_t place, end;
	size_t there;
	int r = 0;

	if (bus_group_get(head->group, &head->moved, fault) < 0)
		return -1;
	head->done.whole = head->moved;
	if (!source_intended(s, &lines, &place, &head->at)) {
		head->at = head->done;
		return 0;
	}
	if (source_find(s, lines, place, &there, fault) < 0)
		return -1;
	/* the intent is written again, so its lines must move out of it */
	buf_init(&rest, BUS_SOURCE_MAX);
	buf_put_str(&rest, str_from(lines, there));
	if (rest.n > 0)
		r = bus_append(head->to, buf_str(&rest), head, &end, fault);
	/* what was there may not be on disk either */
	((struct dir_writer *)head->to)->dirty = true;
	if (r == 0)
		r = bus_commit(head->to, fault);
	buf_release(&rest);
	head->done = head->at;
	return r < 0 ? -1 : dir_source_ack(head, fault);
}

static void
dir_source_close(struct bus_source *head)
{
	struct dir_source *s = (struct dir_source *)head;

	buf_release(&s->intent);
	free(s);
}

static int
dir_source_open(struct bus_source **out, struct bus_writer *to,
    struct bus_group *group, struct fault *fault)
{
	struct dir_source *s = memory_zero(1, sizeof *s);

	*s = (struct dir_source){ .head = { .to = to, .group = group } };
	buf_init(&s->intent, BUS_SOURCE_MAX + HEAD_MAX);
	if (source_recover(s, fault) < 0) {
		dir_source_close(&s->head);
		return -1;
	}
	*out = &s->head;
	return 0;
}

const struct bus_source_ops dir_source_ops = {
	.open = dir_source_open, .close = dir_source_close,
	.ack = dir_source_ack
};
