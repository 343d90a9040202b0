/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a file of rules of mfx-alarm, and some records for those that
 * are rules.  Beside what the sanitizers see: a place is one of the file, a
 * message can be printed, the statement of a rule is part of the file, and
 * alarms are raised and cleared in turn.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/alarm/engine.h"
#include "line/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool condition)
{
	if (!condition)
		abort();
}

struct seen {
	size_t lines;
	unsigned told;
	int raised;
};

static void
tell_mistake(void *arg, unsigned line, unsigned column, const char *what)
{
	struct seen *seen = arg;
	size_t i, n = strlen(what);

	seen->told++;
	must(line >= 1 && line <= seen->lines && column >= 1 && n > 0);
	for (i = 0; i < n; i++)
		must((unsigned char)what[i] >= ' ');
}

static void
tell_event(void *arg, const struct event *e)
{
	struct seen *seen = arg;
	struct buf line;

	seen->raised += e->kind == EVENT_RAISE ? 1 : -1;
	must(seen->raised >= 0 && e->kind != EVENT_ACK);
	buf_init(&line, (size_t)1 << 20);
	event_put(&line, e);
	must(!line.full && memchr(line.p, '\n', line.n) ==
	    line.p + line.n - 1);
	buf_release(&line);
}

static void
note(void *arg, const struct rule *rule, const char *what)
{
	(void)arg;
	must(rule != NULL && what != NULL);
}

static void
try_records(const struct rules *rules, struct seen *seen)
{
	static const char *const values[] = {
		"\"v\":-5", "\"v\":81.5", "\"vs\":\"on\"", "\"vb\":true",
		"\"v\":20", "\"v\":1e9", "\"vd\":\"AAEC\"",
	};
	struct engine e;
	struct pack pack;
	struct route route;
	char line[160];
	int i;

	engine_init(&e, rules, tell_event, note, seen);
	pack_init(&pack);
	for (i = 0; i < 50; i++) {
		snprintf(line, sizeof line, "{\"channel\":\"c%d\","
		    "\"publisher\":\"p\",\"n\":\"t%d\",%s,\"t\":%d}",
		    i % 2, i % 3, values[i % 7], 100 + i * i);
		must(pack_parse_line(&pack, str_z(line), (struct stamp){ 0 },
		    &route) == NULL);
		engine_time(&e, pack.records[0].time.ns);
		engine_line(&e, &route, &pack);
	}
	engine_time(&e, INT64_MAX - 1);
	pack_release(&pack);
	engine_release(&e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = { (const char *)data, n };
	struct seen seen = { .lines = 1 };
	struct rules rules;
	unsigned bad;
	size_t i;

	for (i = 0; i < n; i++)
		seen.lines += data[i] == '\n';
	rules_init(&rules);
	bad = rules_parse(&rules, text, tell_mistake, &seen);
	must(bad == seen.told);
	for (i = 0; bad == 0 && i < rules.n; i++)
		must(rules.v[i]->source.n > 0 && rules.v[i]->source.n <= n);
	if (bad == 0 && rules.n <= 50)
		try_records(&rules, &seen);
	rules_release(&rules);
	return 0;
}
