/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/escape.h"
#include "base/line.h"
#include "base/run_read.h"
#include "base/signal.h"
#include "bus/dead.h"
#include "client/client.h"
#include "client/decision.h"
#include "cmd/trace/trace.h"
#include "json/json.h"
#include "line/message.h"
#include "store/key.h"
#include "store/reader.h"
#include "store/running.h"

#define PUT_LINE_MAX 2000	/* bytes shown of a line to people */
#define PUT_RECORDS_MAX 100	/* records that are looked for */
#define PUT_STORES_MAX 64

/* ---- how it looks ---- */

/* "name" and, for people, its place in the first column */
static void
put_name(struct trace *t, const char *name)
{
	if (t->json)
		buf_printf(&t->out.b, ",\"%s\":", name);
	else
		buf_printf(&t->out.b, "%-10s", name);
}

static void
put_text(struct trace *t, const char *name, struct str text)
{
	if (text.n == 0)
		return;
	put_name(t, name);
	if (t->json) {
		json_put_string(&t->out.b, text);
		return;
	}
	escape_put(&t->out.b, (struct str){ text.p,
	    text.n > PUT_LINE_MAX ? PUT_LINE_MAX : text.n });
	buf_puts(&t->out.b, text.n > PUT_LINE_MAX ? "...\n" : "\n");
}

/* ---- the line ---- */

static void
put_records(struct trace *t)
{
	const struct pack *pack = t->decoded.records;
	struct buf *b = &t->out.b, record;
	size_t i;

	buf_init(&record, 8 * LINE_LIMIT);
	if (t->json)
		buf_puts(b, ",\"records\":[");
	for (i = 0; i < pack->n && i < PUT_RECORDS_MAX; i++) {
		buf_clear(&record);
		record_put_json(&record, &pack->records[i]);
		if (!t->json) {
			put_text(t, "record", buf_str(&record));
			continue;
		}
		buf_puts(b, i ? "," : "");
		buf_put_str(b, buf_str(&record));
	}
	if (t->json)
		buf_printf(b, "],\"count\":%zu", pack->n);
	else if (i < pack->n)
		buf_printf(b, "          and %zu more records\n", pack->n - i);
	buf_release(&record);
}

void
trace_put_line(struct trace *t)
{
	char when[STAMP_TEXT];
	struct buf *b = &t->out.b;

	if (t->json)
		buf_printf(b, "{\"stream\":\"%s\",\"seq\":%llu", t->stream,
		    (unsigned long long)t->seq);
	else
		buf_printf(b, "%-10s%s@%llu\n", "position", t->stream,
		    (unsigned long long)t->seq);
	if (t->route.has_received && t->json)
		buf_printf(b, ",\"received\":%.*s",
		    (int)stamp_print(when, t->route.received), when);
	else if (t->route.has_received)
		put_text(t, "received", (struct str){ when,
		    stamp_print_utc(when, t->route.received) });
	put_text(t, "protocol", t->route.protocol);
	put_text(t, "channel", t->route.channel);
	put_text(t, "subtopic", t->route.subtopic);
	put_text(t, "publisher", t->route.publisher);
	put_text(t, "line", buf_str(&t->line));
	if (t->refused != NULL)
		put_text(t, "refused", str_z(t->refused));
	else
		put_records(t);
	if (t->decoded.note != NULL && t->refused == NULL)
		put_text(t, "note", str_z(t->decoded.note));
}

/* ---- groups ---- */

struct put_walk {
	struct trace *t;
	bool any;
};

static void
put_group(void *arg, const char *group, uint64_t seq, const char *bad)
{
	struct put_walk *w = arg;
	struct trace *t = w->t;
	struct buf *b = &t->out.b;
	bool passed = bad == NULL && seq >= t->seq;
	uint64_t left = passed || bad != NULL ? 0 :
	    bus_between(t->bus, seq, t->seq);

	if (t->json) {
		buf_printf(b, "%s{\"group\":\"%s\",", w->any ? "," : "",
		    group);
		if (bad != NULL) {
			buf_puts(b, "\"error\":");
			json_put_string(b, str_z(bad));
			buf_putc(b, '}');
		} else {
			buf_printf(b, "\"passed\":%s,\"seq\":%llu,"
			    "\"before\":%llu}", passed ? "true" : "false",
			    (unsigned long long)seq, (unsigned long long)left);
		}
	} else {
		put_name(t, "group");
		if (bad != NULL)
			buf_printf(b, "%s: %s\n", group, bad);
		else if (passed)
			buf_printf(b, "%s has passed it\n", group);
		else
			buf_printf(b, "%s has not passed it: %llu %s are "
			    "before it and in it\n", group,
			    (unsigned long long)left, bus_unit(t->bus));
	}
	w->any = true;
}

int
trace_put_groups(struct trace *t, struct fault *fault)
{
	struct put_walk w = { .t = t };
	int r;

	if (t->json)
		buf_puts(&t->out.b, ",\"groups\":[");
	r = bus_groups(t->bus, t->stream, put_group, &w, fault);
	if (t->json)
		buf_putc(&t->out.b, ']');
	return r;
}

/* ---- stores ---- */

/* is this record of the line there?  1, 0, or -1 */
static int
put_is_stored(struct trace *t, struct reader *reader, const struct record *r,
    struct buf *scratch, struct fault *fault)
{
	struct query query = QUERY_ALL;
	struct reading_key wanted, key;
	struct record record;
	struct route route;
	int got, found = 0;

	reading_key(&wanted, scratch, &t->route, r);
	query.match.from = r->time.ns;
	query.match.to = r->time.ns < INT64_MAX ? r->time.ns + 1 : INT64_MAX;
	if (reader_ask(reader, &query, fault) < 0)
		return -1;
	while ((got = reader_next(reader, &route, &record, fault)) > 0) {
		reading_key(&key, scratch, &route, &record);
		found |= memcmp(&key, &wanted, sizeof key) == 0;
	}
	return got < 0 ? -1 : found;
}

static void
put_store_answer(struct trace *t, const char *store, size_t n, size_t held,
    const struct fault *fault, bool first)
{
	struct str shown = { store, store_shown(store) };
	struct buf *b = &t->out.b;

	if (!t->json) {
		put_name(t, "store");
		escape_put(b, shown);
		if (fault != NULL)
			buf_printf(b, ": %s\n", fault->text);
		else
			buf_printf(b, " has %zu of %zu records\n", held, n);
		return;
	}
	buf_puts(b, first ? "{\"store\":" : ",{\"store\":");
	json_put_string(b, shown);
	if (fault != NULL) {
		buf_puts(b, ",\"error\":");
		json_put_string(b, str_z(fault->text));
	} else {
		buf_printf(b, ",\"has\":%zu,\"of\":%zu", held, n);
	}
	buf_putc(b, '}');
}

static void
put_store(struct trace *t, const char *store, bool first)
{
	static const struct store_watch watch;
	const struct pack *pack = t->decoded.records;
	size_t i, n = pack->n < PUT_RECORDS_MAX ? pack->n : PUT_RECORDS_MAX;
	const struct store_driver *driver;
	struct reader *reader;
	struct fault fault;
	const char *place;
	struct buf scratch;
	size_t held = 0;
	int got = 0;

	if ((driver = store_find(store, &place, &fault)) == NULL) {
		put_store_answer(t, store, n, 0, &fault, first);
		return;
	}
	buf_init(&scratch, 2 * PACK_OUT_MAX);
	reader = reader_new(driver, place, &watch);
	for (i = 0; i < n && got >= 0; i++)
		if ((got = put_is_stored(t, reader, &pack->records[i],
		    &scratch, &fault)) > 0)
			held++;
	reader_close(reader);
	buf_release(&scratch);
	put_store_answer(t, store, n, held, got < 0 ? &fault : NULL, first);
}

struct put_sinks {
	const struct trace *t;
	char place[PUT_STORES_MAX][STORE_RUNNING_MAX];
	int n;
};

/* the stores of sinks that run and are fed from this stream */
static void
put_see_sink(void *arg, const struct run_process *p)
{
	struct put_sinks *s = arg;
	size_t n = strlen(s->t->stream);

	if (strncmp(p->input, s->t->stream, n) == 0 && p->input[n] == '/' &&
	    s->n < PUT_STORES_MAX && store_running(p, s->place[s->n]))
		s->n++;
}

int
trace_put_stores(struct trace *t, struct fault *fault)
{
	static struct put_sinks sinks;
	int i;

	sinks.t = t;
	if (t->refused != NULL)
		return 0;
	if (t->stores->n == 0 &&
	    run_read_all(NULL, put_see_sink, &sinks, fault) < 0)
		return -1;
	if (t->json)
		buf_puts(&t->out.b, ",\"stores\":[");
	for (i = 0; i < t->stores->n; i++)
		put_store(t, t->stores->v[i], i == 0);
	for (i = 0; i < sinks.n; i++)
		put_store(t, sinks.place[i], i == 0);
	if (t->json)
		buf_putc(&t->out.b, ']');
	return 0;
}

/* ---- refused lines ---- */

static void
put_reject(struct trace *t, const struct dead_letter *l, uint64_t seq,
    bool first)
{
	struct buf *b = &t->out.b;

	if (!t->json) {
		put_name(t, "rejected");
		buf_puts(b, "by ");
		escape_put(b, l->program);
		buf_puts(b, ": ");
		escape_put(b, l->place);
		buf_puts(b, ": ");
		escape_put(b, l->reason);
		buf_printf(b, " (%s@%llu)\n", t->dead,
		    (unsigned long long)seq);
		return;
	}
	buf_puts(b, first ? "{\"program\":" : ",{\"program\":");
	json_put_string(b, l->program);
	buf_puts(b, ",\"place\":");
	json_put_string(b, l->place);
	buf_puts(b, ",\"reason\":");
	json_put_string(b, l->reason);
	buf_printf(b, ",\"stream\":\"%s\",\"seq\":%llu}", t->dead,
	    (unsigned long long)seq);
}

static int
put_letters(struct trace *t, struct bus_reader *r, struct fault *fault)
{
	struct dead_letter letter;
	struct bus_lines run;
	struct bus_line line;
	struct arena arena;
	bool first = true;
	int got;

	arena_init(&arena, 4 * MESSAGE_LINE_MAX);
	while ((got = bus_read(r, &run, fault)) > 0 && !signal_stop())
		while (bus_lines_next(&run, &line)) {
			arena_reset(&arena);
			if (!dead_read(line.text, &letter, &arena) ||
			    !letter.has_at || letter.at != t->seq ||
			    !str_eq(letter.from, str_z(t->stream)))
				continue;
			put_reject(t, &letter, line.seq, first);
			first = false;
		}
	arena_release(&arena);
	return got > 0 ? fault_set(fault, EX_TEMPFAIL, "asked to stop") : got;
}

int
trace_put_rejects(struct trace *t, struct fault *fault)
{
	struct fault ignored;
	struct bus_reader *r;
	int got;

	if (bus_exists(t->bus, t->dead, &ignored) < 0)
		return 0;
	if (bus_reader_open(&r, t->bus, t->dead, 0, fault) < 0)
		return -1;
	if (t->json)
		buf_puts(&t->out.b, ",\"rejects\":[");
	got = put_letters(t, r, fault);
	if (t->json)
		buf_putc(&t->out.b, ']');
	bus_reader_close(r);
	return got;
}

/* ---- who may ---- */

static int
put_decision(struct trace *t, struct client *client, struct str thing,
    unsigned use, const char *verb, struct fault *fault)
{
	struct question q = { .thing = thing, .channel = t->route.channel,
	    .use = use };
	struct buf said;
	enum decision d = client->backend->decide(client, &q, fault);

	if (d == DECISION_FAULT)
		return -1;
	buf_init(&said, 4096);
	decision_put(&said, d, &q, verb);
	if (said.n > 0)
		said.n--;		/* its newline */
	put_text(t, verb, buf_str(&said));
	buf_release(&said);
	return 0;
}

int
trace_put_access(struct trace *t, struct fault *fault)
{
	static const struct remote_setup setup = REMOTE_DEFAULTS;
	struct client client = { .out = NULL };
	int i, r = 0;

	if (t->route.publisher.n == 0 || t->route.channel.n == 0)
		return 0;
	if (client_open(&client, &setup, CLIENT_LATER, fault) < 0) {
		client_close(&client);
		return -1;
	}
	r = put_decision(t, &client, t->route.publisher, DIRECTION_PUBLISH,
	    "publish", fault);
	if (t->json && t->things->n > 0)
		buf_puts(&t->out.b, ",\"to\":[");
	for (i = 0; i < t->things->n && r == 0; i++) {
		if (t->json) {
			buf_puts(&t->out.b, i ? ",{\"thing\":" :
			    "{\"thing\":");
			json_put_string(&t->out.b, str_z(t->things->v[i]));
		}
		r = put_decision(t, &client, str_z(t->things->v[i]),
		    DIRECTION_SUBSCRIBE, "subscribe", fault);
		if (t->json)
			buf_putc(&t->out.b, '}');
	}
	if (t->json && t->things->n > 0)
		buf_putc(&t->out.b, ']');
	client_close(&client);
	return r;
}
