/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/carry.h"

#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"

/* at once: to begin with, at least, and at most */
#define BITE_FIRST ((size_t)16 * 1024)
#define BITE_LEAST ((size_t)2048)
#define BITE_MOST ((size_t)1 << 20)
/* what a line may cost on its way besides its own bytes */
#define LINE_COST 256
/* an answer should come within this time, ms */
#define BITE_QUICK 400
#define BITE_SLOW 1500

/* ---- beginning ---- */

/* The group is there before the other bus can be reached, so that nothing is
 * pruned until then. */
static int
carry_join(struct carry *c, struct fault *fault)
{
	if (!c->follows || c->known)
		return 0;
	if (c->group == NULL && bus_group_open(&c->group, c->from,
	    c->from_stream, c->name, fault) < 0)
		return -1;
	c->grouped = 0;
	return bus_group_join(c->group, &c->grouped, fault);
}

static int
carry_other(const struct carry *c, struct fault *fault)
{
	return fault_set(fault, EX_CONFIG, "%s: it has another '%s' under the "
	    "name '%s'; give --as another one", bus_name(c->to),
	    c->from_stream, c->name);
}

/*
 * That a stream has lines of others, or that this is another stream than that
 * which was carried under the name, would otherwise cost lines or double them.
 * A group that nothing was moved by yet can't have got anything there.
 */
static int
carry_judge(struct carry *c, uint64_t done, struct fault *fault)
{
	uint64_t end;
	struct bus_stat stat;

	if (bus_where_find(c->from, c->from_stream, &bus_where_end, &end,
	    fault) < 0)
		return -1;
	if (done > end || (done > 0 && c->follows && c->grouped == 0))
		return carry_other(c, fault);
	if (done > 0 || c->adds)
		return 0;
	if (bus_stat(c->to, c->to_stream, &stat, fault) < 0)
		return -1;
	return stat.first == stat.last ? 0 : fault_set(fault, EX_CONFIG,
	    "%s: '%s' has lines of others; --add appends to it, or give "
	    "%s=NAME", bus_name(c->to), c->to_stream, c->from_stream);
}

/* Before the first line is moved the group is: into that line, which says that
 * it is ours. */
static int
carry_claim(struct carry *c, struct fault *fault)
{
	if (!c->follows || c->grouped > 0)
		return 0;
	if (bus_group_set(c->group, 1, fault) < 0)
		return -1;
	c->grouped = 1;
	return 0;
}

static int
carry_place(struct carry *c, struct fault *fault)
{
	uint64_t at = c->source->done.whole;

	if (!c->known && (carry_judge(c, at, fault) < 0 ||
	    carry_claim(c, fault) < 0))
		return -1;
	if (c->follows && c->grouped > at &&
	    bus_group_sought(c->group, c->grouped)) {
		at = c->grouped;
		c->source->at = (struct progress){ .whole = at };
	}
	c->known = true;
	/* what was read, and is not there, is used */
	if (c->reader != NULL && at >= c->position)
		return 0;
	bus_reader_close(c->reader);
	c->reader = NULL;
	c->run.rest = STR_NONE;
	c->position = at;
	return bus_reader_open(&c->reader, c->from, c->from_stream, at, fault);
}

/* Everything that is needed is open, and says where to go on: 0, -1. */
static int
carry_open(struct carry *c, struct fault *fault)
{
	if (c->source != NULL)
		return 0;
	if (c->most == 0)
		c->most = BITE_FIRST;
	if (bus_exists(c->from, c->from_stream, fault) < 0 ||
	    carry_join(c, fault) < 0 ||
	    (c->writer == NULL && bus_writer_open(&c->writer, c->to,
	    c->to_stream, c->sync, fault) < 0) ||
	    bus_source_open_abroad(&c->source, c->writer, c->from_stream,
	    c->name, fault) < 0)
		return -1;
	if (carry_place(c, fault) == 0)
		return 0;
	bus_source_close(c->source);
	c->source = NULL;
	return -1;
}

/* ---- moving ---- */

static void
carry_warn_gone(struct carry *c)
{
	uint64_t from, to;

	if (bus_reader_gone(c->reader, &from, &to))
		diag_warning("%s: %llu %s were pruned before they were "
		    "read, from %llu to %llu", c->from_stream,
		    (unsigned long long)bus_between(c->from, from, to),
		    bus_unit(c->from), (unsigned long long)from,
		    (unsigned long long)to);
}

/* without what had got there before its answer was lost */
static void
carry_skip(struct carry *c)
{
	struct bus_lines run = c->run;
	struct bus_line line;

	while (bus_lines_next(&run, &line) &&
	    line.seq <= c->source->done.whole) {
		c->run = run;
		c->position = line.seq;
	}
}

/* There are lines that are not there yet: 1, 0, -1. */
static int
carry_read(struct carry *c, struct fault *fault)
{
	int got;

	for (;;) {
		carry_skip(c);
		if (c->run.rest.n > 0)
			return 1;
		got = bus_read(c->reader, &c->run, fault);
		carry_warn_gone(c);
		if (got <= 0) {
			c->run.rest = STR_NONE;
			return got;
		}
	}
}

/* What goes together: n lines, up to `end` of the run. */
struct bite {
	struct str text;
	struct bus_lines end;
	uint64_t at;		/* the position of the last one */
	unsigned n;
};

static size_t
bite_cost(const struct bite *b)
{
	return b->text.n + (size_t)b->n * LINE_COST;
}

/* A line that can't be on a bus is one of its own, without a text. */
static struct bite
carry_bite(struct carry *c)
{
	struct bite b = { { c->run.rest.p, 0 }, c->run, c->position, 0 };
	struct bus_lines next = c->run;
	struct bus_line line;
	const char *why;

	while (b.n < BUS_WHOLE_LINES && bus_lines_next(&next, &line)) {
		if (b.n > 0 && bite_cost(&b) + line.text.n > c->most)
			break;
		why = bus_line_check(line.text);
		if (why != NULL && b.n > 0)
			break;
		b.at = line.seq;
		b.end = next;
		if (why != NULL) {
			diag_error("%s: position %llu: %s; left out",
			    c->from_stream, (unsigned long long)line.seq, why);
			c->refused++;
			break;
		}
		b.text.n += line.text.n + 1;
		b.n++;
	}
	return b;
}

/* `most` follows the time that an answer takes */
static void
carry_pace(struct carry *c, size_t n, int64_t ms)
{
	if (ms > BITE_SLOW)
		c->most = n / 2 > BITE_LEAST ? n / 2 : BITE_LEAST;
	else if (ms < BITE_QUICK && n >= c->most / 2 && c->most < BITE_MOST)
		c->most *= 2;
}

/* It is not known any more what is there. */
static int
carry_lost(struct carry *c, size_t n)
{
	carry_pace(c, n, INT64_MAX);
	bus_source_close(c->source);
	c->source = NULL;
	return -1;
}

static int
carry_send(struct carry *c, const struct bite *b, struct fault *fault)
{
	int64_t began = clock_ms();
	uint64_t seq;

	c->source->at = (struct progress){ .whole = b->at };
	if (b->n > 0 && (bus_append(c->writer, b->text, c->source, &seq,
	    fault) < 0 || bus_commit(c->writer, fault) < 0))
		return carry_lost(c, bite_cost(b));
	/* a loss of power may take what is not on disk, and the next lines
	 * would stand where it was */
	if (c->sync == BUS_SYNC_ALWAYS && bus_source_ack(c->source, fault) < 0)
		return carry_lost(c, bite_cost(b));
	carry_pace(c, bite_cost(b), clock_ms() - began);
	return 0;
}

int
carry_step(struct carry *c, struct fault *fault)
{
	struct bite b;
	int got = -1;

	if (carry_open(c, fault) < 0 || (got = carry_read(c, fault)) < 0)
		return -1;
	if (got == 0)
		return 0;
	b = carry_bite(c);
	if (carry_send(c, &b, fault) < 0)
		return -1;
	c->run = b.end;
	c->position = b.at;
	c->lines += b.n;
	c->bytes += b.text.n;
	return 1;
}

/* The target first: its knowledge is never behind the group. */
int
carry_settle(struct carry *c, struct fault *fault)
{
	if (c->source == NULL)
		return 0;
	if (bus_source_ack(c->source, fault) < 0)
		return carry_lost(c, 0);
	if (c->group == NULL || c->grouped == c->source->at.whole)
		return 0;
	if (bus_group_set(c->group, c->source->at.whole, fault) < 0)
		return -1;
	c->grouped = c->source->at.whole;
	return 0;
}

void
carry_close(struct carry *c)
{
	bus_source_close(c->source);
	bus_writer_close(c->writer);
	bus_reader_close(c->reader);
	bus_group_close(c->group);
	c->source = NULL;
	c->writer = NULL;
	c->reader = NULL;
	c->group = NULL;
}
