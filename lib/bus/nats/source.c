/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one stream to another, exactly once.  The first message of each batch
 * is a mark on a subject of the source's own in the target: how far on the
 * other stream its lines go.  The server takes the batch only after the mark
 * that this process has seen last, so what comes again is refused, and it keeps
 * the last mark only.
 *
 *	<epoch of the group> <whole> <open> <part> <lines>
 *
 * Lines that are more than one batch have their progress in the last mark only.
 * Those before it say how many lines are there after what was done before.
 */
#include <sysexits.h>

#include "base/memory.h"
#include "bus/nats/driver.h"

struct nats_source {
	struct bus_source head;
	struct nats_bus *bus;
	char subject[GROUP_SUBJECT];
	uint64_t after;		/* of the last mark */
	uint64_t lines;		/* after `said`, that are there */
	struct progress said;	/* by the last mark with lines 0, or by an
				 * append of lines that were there */
	/* what the mark in hand says */
	uint64_t next_lines;
	struct progress next;
};

static void
source_print(const struct nats_source *s, const struct progress *at,
    uint64_t lines, char to[NATS_MARK_TEXT])
{
	const struct nats_group *g = (struct nats_group *)s->head.group;

	snprintf(to, NATS_MARK_TEXT, "%llu %llu %llu %lu %llu",
	    (unsigned long long)g->entry.epoch,
	    (unsigned long long)at->whole, (unsigned long long)at->open,
	    (unsigned long)at->part, (unsigned long long)lines);
}

static uint64_t
source_count(struct str lines)
{
	struct str line;
	uint64_t n = 0;

	while (str_take_line(&lines, &line))
		n++;
	return n;
}

/* The epoch is that of the group when lines of it come: its reader has made it
 * by then. */
static int
source_know_group(struct nats_source *s, struct fault *fault)
{
	struct nats_group *g = (struct nats_group *)s->head.group;
	struct progress start = { .whole = 0 };
	int there;

	if (g->entry.epoch != 0)
		return 0;
	there = group_load(g, fault);
	return there > 0 ? 0 : there < 0 ? -1 : group_move(g, &start, fault);
}

int
source_begin(struct bus_source *head, struct str *lines, struct fault *fault)
{
	struct nats_source *s = (struct nats_source *)head;
	uint64_t n = s->lines;
	struct str line;

	while (n > 0 && str_take_line(lines, &line))
		n--;
	/* the rest of them comes with the next lines */
	if (lines->n == 0) {
		s->lines = n;
		s->said = head->at;
	}
	return source_know_group(s, fault);
}

void
source_mark(struct bus_source *head, struct nats_mark *mark, struct str batch,
    bool last)
{
	struct nats_source *s = (struct nats_source *)head;

	s->next = last ? head->at : s->said;
	s->next_lines = last ? 0 : s->lines + source_count(batch);
	mark->subject = s->subject;
	mark->after = s->after;
	source_print(s, &s->next, s->next_lines, mark->text);
}

/* the sequence is then known by source_look */
void
source_marked(struct bus_source *head, uint64_t sequence, unsigned n)
{
	struct nats_source *s = (struct nats_source *)head;

	if (sequence > n)
		s->after = sequence - n;
	s->said = s->next;
	s->lines = s->next_lines;
}

int
source_look(struct bus_source *head, const struct nats_mark *mark,
    struct fault *fault)
{
	struct nats_source *s = (struct nats_source *)head;
	char js_name[JS_NAME_MAX];
	struct nats_message m;

	if (fault->status != NATS_MARKED)
		return -1;
	fault->status = EX_TEMPFAIL;
	stream_js_name(js_name, s->bus, head->to->stream);
	if (stream_last(s->bus, js_name, s->subject, &m, fault) <= 0 ||
	    strcmp(m.text, mark->text) != 0)
		return -1;
	s->after = m.sequence;
	return 0;
}

/* ---- what there is ---- */

static bool
source_take(const char **at, uint64_t *n)
{
	size_t digits = strspn(*at, "0123456789");

	if (!number_digits((struct str){ *at, digits }, UINT64_MAX, n))
		return false;
	*at += digits + (digits < strlen(*at));
	return true;
}

static bool
source_read(const char *text, uint64_t epoch, struct progress *at,
    uint64_t *lines)
{
	uint64_t its, part;

	if (!source_take(&text, &its) || !source_take(&text, &at->whole) ||
	    !source_take(&text, &at->open) || !source_take(&text, &part) ||
	    !source_take(&text, lines) || part > PART_MAX)
		return false;
	at->part = (uint32_t)part;
	return its == epoch;
}

static int
source_load_group(struct nats_source *s, struct fault *fault)
{
	struct nats_group *g = (struct nats_group *)s->head.group;

	if (group_load(g, fault) < 0)
		return -1;
	s->head.moved = g->entry.seq;
	s->head.done = (struct progress){
		g->entry.seq, g->entry.open, g->entry.part
	};
	return 0;
}

static int
source_recover(struct nats_source *s, struct fault *fault)
{
	const struct nats_group *g = (struct nats_group *)s->head.group;
	char js_name[JS_NAME_MAX];
	struct nats_message m;
	struct progress at;
	uint64_t lines;
	int there;

	if (source_load_group(s, fault) < 0)
		return -1;
	stream_js_name(js_name, s->bus, s->head.to->stream);
	there = stream_last(s->bus, js_name, s->subject, &m, fault);
	if (there < 0)
		return -1;
	if (there > 0) {
		s->after = m.sequence;
		if (source_read(m.text, g->entry.epoch, &at, &lines) &&
		    progress_compare(&at, &s->head.done) >= 0) {
			s->head.done = at;
			s->lines = lines;
		}
	}
	s->said = s->head.at = s->head.done;
	return 0;
}

/* ---- the driver's ---- */

static int
nats_source_ack(struct bus_source *head, struct fault *fault)
{
	struct nats_group *g = (struct nats_group *)head->group;
	const struct progress *at = &head->at;

	if (at->whole == g->entry.seq && at->open == g->entry.open &&
	    at->part == g->entry.part)
		return 0;
	if (group_move(g, at, fault) < 0)
		return -1;
	head->moved = at->whole;
	return 0;
}

static void
nats_source_close(struct bus_source *head)
{
	free(head);
}

static int
nats_source_open(struct bus_source **out, struct bus_writer *to,
    struct bus_group *group, struct fault *fault)
{
	struct nats_source *s = memory_zero(1, sizeof *s);
	struct buf subject = { .max = sizeof s->subject };

	s->head.to = to;
	s->head.group = group;
	s->bus = (struct nats_bus *)to->bus;
	stream_source_subject(&subject, s->bus, to->stream, group->stream,
	    group->name);
	/* a group of this bus may have the same name */
	if (((struct nats_group *)group)->abroad)
		buf_puts(&subject, ".abroad");
	buf_putc(&subject, '\0');
	memcpy(s->subject, subject.p, subject.n);
	buf_release(&subject);
	if (source_recover(s, fault) < 0 ||
	    nats_source_ack(&s->head, fault) < 0) {
		free(s);
		return -1;
	}
	*out = &s->head;
	return 0;
}

const struct bus_source_ops nats_source_ops = {
	.open = nats_source_open, .close = nats_source_close,
	.ack = nats_source_ack
};
