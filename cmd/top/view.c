/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/top/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/human.h"

#define VIEW_LINE 4096
#define VIEW_PRODUCERS 3	/* named in front of a stream */

/* ---- lines and cells ---- */

/* adds a line, cut to the width; each character is one column wide */
static void
view_line(struct buf *b, const struct view *v, const struct buf *line)
{
	size_t i;
	int columns = 0;

	for (i = 0; i < line->n; i++) {
		columns += (line->p[i] & 0xc0) != 0x80;
		if (columns > v->width)
			break;
	}
	buf_put(b, line->p, i);
	buf_putc(b, '\n');
}

static const char *
view_share(char to[HUMAN_MAX], double share)
{
	if (share < 0)
		return "-";
	snprintf(to, HUMAN_MAX, "%.0f%%", 100 * share);
	return to;
}

/* ---- the head ---- */

static void
view_put_head(struct buf *b, const struct view *v, const struct site *s,
    const struct chains *c)
{
	char rate[HUMAN_MAX], size[HUMAN_MAX];
	int64_t day = s->time.ns / CLOCK_SECOND % 86400;
	struct buf line;
	size_t i;

	buf_init(&line, VIEW_LINE);
	buf_printf(&line, "mfx-top  %02d:%02d:%02dZ  processes: %zu  chains: "
	    "%zu  sorted by %s%s", (int)(day / 3600), (int)(day / 60 % 60),
	    (int)(day % 60), s->n_processes, c->n,
	    (const char *[]){ "name", "rate", "lag", "cpu" }[v->order],
	    v->paused ? "  PAUSED" : "");
	view_line(b, v, &line);
	buf_clear(&line);
	for (i = 0; i < s->n_streams; i++)
		buf_printf(&line, "%s %s %s/s %s", i == 0 ? "streams:" : ",",
		    s->streams[i].name, human_number(rate, s->streams[i].rate,
		    1024), human_number(size, (double)s->streams[i].bytes,
		    1024));
	if (*s->no_processes != '\0' || *s->no_bus != '\0') {
		buf_clear(&line);
		buf_printf(&line, "%s%s%s", s->no_processes,
		    *s->no_processes != '\0' && *s->no_bus != '\0' ? "; " : "",
		    s->no_bus);
	} else if (line.n == 0) {
		buf_puts(&line, "streams: none");
	}
	view_line(b, v, &line);
	buf_release(&line);
}

/* ---- chains ---- */

/* the programs that write to a stream, each once */
static void
view_put_producers(struct buf *b, const struct site *s, const char *stream)
{
	const char *names[VIEW_PRODUCERS];
	size_t i, j, n = 0;

	for (i = 0; i < s->n_processes; i++) {
		const struct site_process *p = &s->processes[i];

		if (*stream == '\0' || strcmp(p->output, stream) != 0)
			continue;
		for (j = 0; j < n && strcmp(names[j], p->program) != 0; j++)
			continue;
		if (j < n)
			continue;
		if (n == VIEW_PRODUCERS) {
			buf_puts(b, ",...");
			break;
		}
		names[n++] = p->program;
		buf_printf(b, "%s%s", n > 1 ? "," : "", p->program);
	}
	if (n > 0)
		buf_puts(b, " > ");
}

/* producer > stream > group > consumer */
static void
view_put_path(struct buf *b, const struct site *s, const struct chain *c)
{
	view_put_producers(b, s, c->stream);
	if (*c->stream != '\0')
		buf_puts(b, c->stream);
	else
		buf_puts(b, c->n > 0 ? c->stages[0]->program : "");
	if (*c->group_name != '\0')
		buf_printf(b, " > %s", c->group_name);
	if (*c->output != '\0')
		buf_printf(b, " > %s", c->output);
	if (*c->place != '\0')
		buf_printf(b, " > %s", c->place);
	if (c->n == 0 && c->group->has_reader)
		buf_printf(b, " > pid %" PRIu64, c->group->reader);
	else if (c->n == 0)
		buf_puts(b, c->group->knows_reader ? " > no reader" : "");
}

static void
view_put_chain(struct buf *b, struct view *v, const struct site *s,
    const struct chain *c, bool selected)
{
	char rate[HUMAN_MAX], lag[HUMAN_MAX], age[HUMAN_MAX];
	struct buf line, tail;
	size_t columns = (size_t)v->width;

	buf_init(&line, VIEW_LINE);
	buf_init(&tail, VIEW_LINE);
	buf_puts(&line, selected ? "> " : "  ");
	view_put_path(&line, s, c);
	buf_printf(&tail, " %s%s", human_number(rate, c->rate,
	    c->n > 0 ? 1000 : 1024), c->n > 0 ? "/s" : " B/s");
	if (c->group != NULL)
		buf_printf(&tail, "  lag %s %s", human_number(lag,
		    (double)c->group->lag, 1024), human_age_short(
		    age, (double)c->group->age / CLOCK_SECOND));
	/* what is said at the right is not what is cut */
	if (columns > 2 * tail.n && line.n + tail.n > columns) {
		line.n = columns - tail.n - 3;
		buf_puts(&line, "...");
	}
	while (line.n + tail.n < columns && columns <= 80)
		buf_putc(&line, ' ');
	buf_put_str(&line, buf_str(&tail));
	view_line(b, v, &line);
	buf_release(&line);
	buf_release(&tail);
}

static void
view_put_stage(struct buf *b, const struct view *v,
    const struct site_process *p, bool slowest)
{
	char in[HUMAN_MAX], out[HUMAN_MAX], bytes[HUMAN_MAX];
	char fill[HUMAN_MAX], cpu[HUMAN_MAX], memory[HUMAN_MAX];
	struct buf line;

	buf_init(&line, VIEW_LINE);
	buf_printf(&line, "%c   %-18.18s %7" PRIu64 "%c %7s %7s %7s %5s %5s "
	    "%6s%s", slowest ? '*' : ' ', p->program, p->pid,
	    p->has_usage && p->state == 'T' ? 'T' : ' ',
	    human_number(in, p->in_rate, 1000),
	    human_number(out, p->out_rate, 1000),
	    human_number(bytes, p->bytes_rate, 1024),
	    view_share(fill, chains_fill(p)), view_share(cpu, p->cpu_share),
	    human_number(memory, p->has_usage ? (double)p->resident :
	    RATE_UNKNOWN, 1024), slowest ? "  slow" : "");
	view_line(b, v, &line);
	buf_release(&line);
}

static void
view_put_stages_head(struct buf *b, const struct view *v)
{
	struct buf line;

	buf_init(&line, VIEW_LINE);
	buf_printf(&line, "    %-18s %7s  %7s %7s %7s %5s %5s %6s", "STAGE",
	    "PID", "IN/s", "OUT/s", "BYTE/s", "FILL", "CPU", "MEM");
	view_line(b, v, &line);
	buf_release(&line);
}

/* ---- one process, when there is room ---- */

static void
view_put_detail(struct buf *b, const struct view *v,
    const struct site_process *p)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "lines in", p->lines_in }, { "lines out", p->lines_out },
		{ "bytes in", p->bytes_in }, { "bytes out", p->bytes_out },
		{ "rejected", p->rejected }, { "marks", p->marks },
		{ "retries", p->retries }, { "stored", p->stored },
		{ "refused", p->refused }, { "pending", p->pending },
		{ "connections", p->connections }, { "position", p->position },
		{ "commits", p->commits },
		{ "us a commit", p->commits == 0 ? 0 :
		    p->commit_ns / p->commits / 1000 },
		{ "bytes in its pipe", p->held },
	};
	struct buf line;
	size_t i;

	buf_init(&line, VIEW_LINE);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].value == 0)
			continue;
		buf_printf(&line, "%s%-17s %15" PRIu64, line.n == 0 ? "      " :
		    "   ", rows[i].name, rows[i].value);
		if (line.n > 50) {
			view_line(b, v, &line);
			buf_clear(&line);
		}
	}
	if (line.n > 0)
		view_line(b, v, &line);
	buf_release(&line);
}

static size_t
view_count_lines(const struct buf *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->n; i++)
		n += b->p[i] == '\n';
	return n;
}

static void
view_put_chains(struct buf *b, struct view *v, const struct site *s,
    const struct chains *c)
{
	bool one = v->page == VIEW_CHAIN;
	size_t i, j;

	view_put_stages_head(b, v);
	v->heads = view_count_lines(b);
	for (i = 0; i < c->n; i++) {
		if (i == v->selected)
			v->at = view_count_lines(b);
		else if (one)
			continue;
		view_put_chain(b, v, s, &c->v[i], i == v->selected);
		for (j = 0; j < c->v[i].n; j++) {
			view_put_stage(b, v, c->v[i].stages[j],
			    (int)j == c->v[i].bottleneck);
			if (one)
				view_put_detail(b, v, c->v[i].stages[j]);
		}
	}
}

/* ---- tenants ---- */

void
view_put_tenants(struct buf *b, const struct view *v, const struct site *s)
{
	static const char *const kinds[] = { "user", "thing", "channel" };
	char messages[HUMAN_MAX], bytes[HUMAN_MAX], all[HUMAN_MAX];
	struct buf line;
	size_t i;

	buf_init(&line, VIEW_LINE);
	buf_printf(&line, "    %-8s %7s %7s %7s  %s", "BUSIEST", "MSG/s",
	    "BYTE/s", "BYTES", s->n_tenants > 0 ? "NAME" :
	    "no messages of things were counted");
	view_line(b, v, &line);
	for (i = 0; i < s->n_tenants; i++) {
		const struct site_tenant *t = &s->tenants[i];

		buf_clear(&line);
		buf_printf(&line, "    %-8s %7s %7s %7s  ", kinds[t->kind],
		    human_number(messages, t->messages_rate, 1000),
		    human_number(bytes, t->bytes_rate, 1024),
		    human_number(all, (double)t->bytes, 1024));
		escape_put(&line, str_z(*t->name != '\0' ? t->name : t->id));
		if (t->kind != SITE_USER && *t->owner != '\0') {
			buf_puts(&line, " of ");
			escape_put(&line, str_z(t->owner));
		}
		if (*t->name != '\0')
			buf_printf(&line, "  %s", t->id);
		view_line(b, v, &line);
	}
	buf_release(&line);
}

/* ---- help ---- */

static void
view_put_help(struct buf *b, const struct view *v)
{
	static const char *const lines[] = {
		"", "  s        sort by name, rate, lag or CPU",
		"  space p  pause, and go on",
		"  j k      next and previous chain; also the arrows",
		"  enter    only this chain, with all that it counts",
		"  t        the busiest users, things and channels",
		"  + -      look less often, and more often",
		"  h ?      this help", "  q        quit", "",
		"  FILL: how much of the pipe at its stdin waits to be read.",
		"  *: the slowest stage; all before it wait for it.",
	};
	struct buf line;
	size_t i;

	buf_init(&line, VIEW_LINE);
	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		buf_clear(&line);
		buf_puts(&line, lines[i]);
		view_line(b, v, &line);
	}
	buf_release(&line);
}

void
view_put(struct buf *b, struct view *v, const struct site *s,
    const struct chains *c)
{
	view_put_head(b, v, s, c);
	v->heads = v->at = view_count_lines(b);
	if (v->page == VIEW_HELP)
		view_put_help(b, v);
	else if (v->page == VIEW_TENANTS)
		view_put_tenants(b, v, s);
	else
		view_put_chains(b, v, s, c);
}
