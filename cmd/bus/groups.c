/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups of a stream that was copied.  A position of one bus says nothing
 * about another, so both streams are read side by side: a group has in the copy
 * the place of the line that it has in the original.  Where the lines differ,
 * nothing is moved.
 */
#include "cmd/bus/move.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/memory.h"

struct placed {
	char name[BUS_NAME_MAX + 1];
	uint64_t from, to;
	bool found;
	bool pruned;		/* its line is gone */
};

struct placing {
	struct moved *stream;
	struct placed *groups;
	size_t n;
};

/* a stream, line by line */
struct walk {
	struct bus_reader *reader;
	struct bus_lines run;
	struct bus_line line;
	uint64_t upto;		/* nothing after this position */
	uint64_t at;		/* of the last line */
};

static int
walk_open(struct walk *w, struct bus *its, const char *stream, uint64_t upto,
    struct fault *fault)
{
	*w = (struct walk){ .upto = upto };
	return bus_reader_open(&w->reader, its, stream, 0, fault);
}

/* the next line that can be on a bus: 1, 0, -1 */
static int
walk_next(struct walk *w, struct fault *fault)
{
	int got;

	for (;;) {
		while (bus_lines_next(&w->run, &w->line)) {
			if (w->line.seq > w->upto)
				return 0;
			if (bus_line_check(w->line.text) != NULL)
				continue;
			w->at = w->line.seq;
			return 1;
		}
		got = bus_read(w->reader, &w->run, fault);
		if (got < 0 && fault->status == EX_DATAERR)
			got = 1;	/* goes on after that, as the copy */
		else if (got <= 0)
			return got;
	}
}

static int
walk_count(struct bus *its, const char *stream, uint64_t upto, uint64_t *n,
    struct fault *fault)
{
	struct walk w;
	int r;

	*n = 0;
	if (walk_open(&w, its, stream, upto, fault) < 0)
		return -1;
	while ((r = walk_next(&w, fault)) > 0)
		++*n;
	bus_reader_close(w.reader);
	return r;
}

/* those that are before `next` on the original are at `to` */
static void
groups_place(struct placing *p, uint64_t next, uint64_t to)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (!p->groups[i].found && p->groups[i].from < next) {
			p->groups[i].to = to;
			p->groups[i].found = true;
		}
}

/* Both lines, until the original ends: 1 when all are the same, 0, -1. */
static int
groups_compare(struct placing *p, struct walk *from, struct walk *to,
    struct fault *fault)
{
	int r, there;

	while ((r = walk_next(from, fault)) > 0) {
		groups_place(p, from->line.seq, to->at);
		there = walk_next(to, fault);
		if (there < 0)
			return -1;
		if (there == 0 || !str_eq(from->line.text, to->line.text))
			return 0;
	}
	if (r == 0)
		groups_place(p, UINT64_MAX, to->at);
	return r < 0 ? -1 : 1;
}

/* the copy has `skip` lines before those of the original, or with `lacks` the
 * original before those of the copy */
static int
groups_walk(struct placing *p, uint64_t skip, bool lacks, struct fault *fault)
{
	const struct carry *c = &p->stream->carry;
	struct walk from, to, *first = lacks ? &from : &to;
	size_t i;
	int r = 1;

	for (i = 0; i < p->n; i++)
		p->groups[i].found = false;
	if (walk_open(&from, c->from, c->from_stream, c->position, fault) < 0)
		return -1;
	if (walk_open(&to, c->to, c->to_stream, UINT64_MAX, fault) < 0) {
		bus_reader_close(from.reader);
		return -1;
	}
	for (; r > 0 && skip > 0; skip--)
		r = walk_next(first, fault);
	if (r > 0)
		r = groups_compare(p, &from, &to, fault);
	bus_reader_close(from.reader);
	bus_reader_close(to.reader);
	return r;
}

/* One of them may begin earlier: lines were pruned, or were there before. */
static int
groups_align(struct placing *p, struct fault *fault)
{
	const struct carry *c = &p->stream->carry;
	uint64_t from, to;
	int r = groups_walk(p, 0, false, fault);

	if (r != 0)
		return r;
	if (walk_count(c->from, c->from_stream, c->position, &from,
	    fault) < 0 || walk_count(c->to, c->to_stream, UINT64_MAX, &to,
	    fault) < 0)
		return -1;
	r = groups_walk(p, to > from ? to - from : from - to, from > to,
	    fault);
	return r != 0 ? r : fault_set(fault, EX_DATAERR, "%s: the lines of "
	    "'%s' in %s are not the same at their ends; its groups are left",
	    c->from_stream, c->to_stream, bus_name(c->to));
}

/* ---- moving them ---- */

/* forward only: 1 when it was moved, 0, -1 */
static int
groups_move(struct moved *s, const struct placed *g, struct fault *fault)
{
	struct bus_where where = { .seq = g->to };
	char name[2 * BUS_NAME_MAX + 1];
	struct bus_group *group;
	uint64_t at;
	int r;

	snprintf(name, sizeof name, "%s%s", g->name,
	    bus_opt.suffix ? bus_opt.suffix : "");
	if (bus_group_open(&group, s->carry.to, s->to, name, fault) < 0)
		return -1;
	r = bus_group_get(group, &at, fault);
	/* the copy may still have what its original has pruned */
	if (r > 0 && (at >= g->to || g->pruned))
		r = 0;
	else if (r >= 0)
		r = bus_group_seek(group, &where, BUS_SEEK_CREATE, &at,
		    fault) < 0 ? -1 : 1;
	bus_group_close(group);
	return r;
}

static void
groups_take(void *arg, const char *group, uint64_t seq, const char *bad)
{
	struct placing *p = arg;
	struct placed *g;

	if (bad != NULL) {
		diag_error("%s", bad);
		bus_status = EX_DATAERR;
		return;
	}
	p->groups = memory_resize(p->groups, (p->n + 1) * sizeof(*p->groups));
	g = &p->groups[p->n++];
	*g = (struct placed){ .from = seq };
	memcpy(g->name, group, strlen(group));
}

int
move_groups(struct moved *s, uint64_t *n, struct fault *fault)
{
	struct placing p = { .stream = s };
	struct bus_stat stat;
	int r = bus_groups(s->carry.from, s->from, groups_take, &p, fault);
	size_t i;

	*n = 0;
	if (r == 0 && p.n > 0)
		r = bus_stat(s->carry.from, s->from, &stat, fault);
	for (i = 0; r == 0 && i < p.n; i++)
		p.groups[i].pruned = p.groups[i].from < stat.first;
	if (r == 0 && p.n > 0)
		r = groups_align(&p, fault) < 0 ? -1 : 0;
	for (i = 0; r >= 0 && i < p.n; i++) {
		r = groups_move(s, &p.groups[i], fault);
		*n += r > 0;
	}
	free(p.groups);
	return r < 0 ? -1 : 0;
}
