/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/clock.h"
#include "cmd/top/view.h"
#include "json/json.h"

/* ---- members of an object ---- */

static void
json_key(struct buf *b, const char *name)
{
	if (b->p[b->n - 1] != '{')
		buf_putc(b, ',');
	buf_printf(b, "\"%s\":", name);
}

/* one that is empty is left out */
static void
json_text(struct buf *b, const char *name, const char *text)
{
	if (*text == '\0')
		return;
	json_key(b, name);
	json_put_string(b, str_z(text));
}

static void
json_number(struct buf *b, const char *name, uint64_t n)
{
	json_key(b, name);
	buf_put_u64(b, n);
}

/* what is not known is left out */
static void
json_rate(struct buf *b, const char *name, double n)
{
	if (n < 0)
		return;
	json_key(b, name);
	buf_printf(b, "%.3f", n);
}

static void
json_time(struct buf *b, const char *name, int64_t ns)
{
	json_key(b, name);
	buf_printf(b, "%" PRId64 ".%03d", ns / CLOCK_SECOND,
	    (int)(ns / 1000000 % 1000));
}

/* an object of a list begins */
static void
json_begin(struct buf *b)
{
	if (b->p[b->n - 1] != '[')
		buf_putc(b, ',');
	buf_putc(b, '{');
}

static void
json_list(struct buf *b, const char *name)
{
	json_key(b, name);
	buf_putc(b, '[');
}

/* ---- what they hold ---- */

static void
json_put_process(struct buf *b, const struct site_process *p)
{
	json_begin(b);
	json_text(b, "program", p->program);
	json_number(b, "pid", p->pid);
	json_time(b, "started", p->started);
	json_text(b, "input", p->input);
	json_text(b, "output", p->output);
	json_text(b, "store", p->place);
	json_number(b, "lines_in", p->lines_in);
	json_number(b, "lines_out", p->lines_out);
	json_number(b, "bytes_in", p->bytes_in);
	json_number(b, "bytes_out", p->bytes_out);
	json_number(b, "rejected", p->rejected);
	json_rate(b, "lines_in_rate", p->in_rate);
	json_rate(b, "lines_out_rate", p->out_rate);
	json_rate(b, "bytes_rate", p->bytes_rate);
	json_rate(b, "fill", chains_fill(p));
	json_rate(b, "cpu", p->cpu_share);
	if (p->has_usage)
		json_number(b, "resident", p->resident);
	buf_putc(b, '}');
}

static void
json_put_chain(struct buf *b, const struct chain *c)
{
	size_t i;

	json_begin(b);
	json_text(b, "stream", c->stream);
	json_text(b, "group", c->group_name);
	json_text(b, "output", c->output);
	json_text(b, "store", c->place);
	json_list(b, "pids");
	for (i = 0; i < c->n; i++)
		buf_printf(b, "%s%" PRIu64, i > 0 ? "," : "",
		    c->stages[i]->pid);
	buf_putc(b, ']');
	if (c->bottleneck >= 0)
		json_number(b, "bottleneck",
		    c->stages[c->bottleneck]->pid);
	if (c->n > 0)
		json_rate(b, "rate", c->rate);
	json_rate(b, "cpu", c->cpu);
	if (c->group != NULL) {
		json_number(b, "lag", c->group->lag);
		json_time(b, "lag_seconds", c->group->age);
	}
	buf_putc(b, '}');
}

static void
json_put_bus(struct buf *b, const struct site *s)
{
	size_t i;

	json_list(b, "streams");
	for (i = 0; i < s->n_streams; i++) {
		json_begin(b);
		json_text(b, "stream", s->streams[i].name);
		json_number(b, "bytes", s->streams[i].bytes);
		json_number(b, "end", s->streams[i].last);
		json_rate(b, "rate", s->streams[i].rate);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
	json_list(b, "groups");
	for (i = 0; i < s->n_groups; i++) {
		const struct site_group *g = &s->groups[i];

		json_begin(b);
		json_text(b, "stream", g->stream);
		json_text(b, "group", g->name);
		json_number(b, "position", g->seq);
		json_number(b, "lag", g->lag);
		json_time(b, "lag_seconds", g->age);
		json_rate(b, "rate", g->rate);
		if (g->knows_reader) {
			json_key(b, "has_reader");
			buf_puts(b, g->has_reader ? "true" : "false");
		}
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static void
json_put_tenants(struct buf *b, const struct site *s)
{
	static const char *const kinds[] = { "user", "thing", "channel" };
	size_t i;

	json_list(b, "busiest");
	for (i = 0; i < s->n_tenants; i++) {
		const struct site_tenant *t = &s->tenants[i];

		json_begin(b);
		json_text(b, "kind", kinds[t->kind]);
		json_text(b, "id", t->id);
		json_text(b, "name", t->name);
		if (t->kind != SITE_USER)
			json_text(b, "owner", t->owner);
		json_number(b, "messages", t->messages);
		json_number(b, "bytes", t->bytes);
		json_rate(b, "messages_rate", t->messages_rate);
		json_rate(b, "bytes_rate", t->bytes_rate);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

void
view_put_json(struct buf *b, const struct site *s, const struct site *before,
    const struct chains *c)
{
	size_t i;

	buf_putc(b, '{');
	json_time(b, "time", s->time.ns);
	json_time(b, "interval", s->at - before->at);
	json_text(b, "unit", s->unit);
	json_text(b, "no_processes", s->no_processes);
	json_text(b, "no_bus", s->no_bus);
	json_list(b, "processes");
	for (i = 0; i < s->n_processes; i++)
		json_put_process(b, &s->processes[i]);
	buf_putc(b, ']');
	json_list(b, "chains");
	for (i = 0; i < c->n; i++)
		json_put_chain(b, &c->v[i]);
	buf_putc(b, ']');
	json_put_bus(b, s);
	json_put_tenants(b, s);
	buf_puts(b, "}\n");
}
