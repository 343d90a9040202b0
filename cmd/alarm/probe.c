/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/file.h"
#include "bus/bus.h"
#include "json/number.h"
#include "registry/issued.h"

/* how long a bus may take to answer; it is asked again soon */
#define PATIENCE_MS 2000
#define NAME_MAX_TEXT 4200

struct probing {
	struct probe *probe;
	const struct rules *rules;
	struct engine *engine;
	struct bus *bus;
	const char *stream;
	int64_t now;		/* seconds */
};

/* a record of one number */
static void
probe_give(struct probing *p, const char *prefix, const char *name,
    struct str publisher, double v)
{
	char value[NUMBER_TEXT + 1];
	struct record record = { .kind = VALUE_NUMBER,
	    .time = { p->now * STAMP_SECOND } };
	struct pack pack = { .records = &record, .n = 1 };
	struct route route;
	struct buf text;

	/* what follows a number can't belong to one */
	value[number_print(value, v)] = '\0';
	buf_init(&text, NAME_MAX_TEXT);
	buf_puts(&text, prefix);
	buf_puts(&text, name);
	record.name = buf_str(&text);
	record.value = str_z(value);
	route_clear(&route);
	route.protocol = STR(PROBE_PROTOCOL);
	route.publisher = publisher;
	if (!text.full)
		engine_line(p->engine, &route, &pack);
	buf_release(&text);
}

/* ---- lag ---- */

static void
probe_group(void *arg, const char *group, uint64_t seq, const char *bad)
{
	struct probing *p = arg;
	char name[2 * BUS_NAME_MAX + 2];
	struct fault fault;
	uint64_t lag;

	if (bad != NULL || bus_lag(p->bus, p->stream, seq, &lag, &fault) < 0)
		return;
	snprintf(name, sizeof name, "%s/%s", p->stream, group);
	probe_give(p, "lag:", name, STR_NONE, (double)lag);
}

static int
probe_stream(void *arg, const char *stream, struct fault *fault)
{
	struct probing *p = arg;

	p->stream = stream;
	return bus_groups(p->bus, stream, probe_group, p, fault);
}

static int
probe_lag(struct probing *p, struct fault *fault)
{
	int r;

	if (bus_open(&p->bus, NULL, fault) < 0)
		return -1;
	bus_set_patience(p->bus, PATIENCE_MS);
	r = bus_streams(p->bus, probe_stream, p, fault);
	bus_close(p->bus);
	return r;
}

/* ---- disk ---- */

static int
probe_disk(struct probing *p, const char *path, struct fault *fault)
{
	struct statvfs fs;
	double used;

	if (statvfs(path, &fs) < 0)
		return fault_errno(fault, 0, "%s", path);
	/* as df(1): of what others than root can have */
	used = (double)(fs.f_blocks - fs.f_bfree);
	if (used + (double)fs.f_bavail > 0)
		probe_give(p, "disk:", path, STR_NONE,
		    100 * used / (used + (double)fs.f_bavail));
	return 0;
}

/* ---- certificates ---- */

static int
probe_certificate(void *arg, const struct issued *c, struct fault *fault)
{
	struct probing *p = arg;
	char serial[SERIAL_TEXT + 1];

	(void)fault;
	snprintf(serial, sizeof serial, "%.*s", STR_ARG(c->serial));
	probe_give(p, "certificate:", serial, c->thing,
	    (double)(c->expires - p->now));
	return 0;
}

static int
probe_certificates(struct probing *p, struct fault *fault)
{
	struct issued_query query = { .now = p->now, .valid = true };
	struct registry *registry;
	char *home = home_path("");
	bool exists = registry_exists(home, fault);
	int r;

	free(home);
	if (!exists)
		return 0;
	if (registry_open(&registry, NULL, REGISTRY_READ, fault) < 0)
		return -1;
	r = issued_each(registry, &query, probe_certificate, p, fault);
	registry_close(registry);
	return r;
}

/* ---- counters ---- */

static int
probe_counters(struct probing *p, struct fault *fault)
{
	struct counters *c = &p->probe->counters;
	char name[sizeof c->v->program + sizeof c->v->name + 1];
	size_t i;

	if (counters_look(c, p->rules, fault) < 0)
		return -1;
	for (i = 0; i < c->n; i++) {
		snprintf(name, sizeof name, "%s/%s", c->v[i].program,
		    c->v[i].name);
		probe_give(p, "counter:", name, STR_NONE, c->v[i].value);
	}
	return 0;
}

/* ---- all ---- */

static int
probe_one(struct probing *p, const struct rule *r, bool *done,
    struct fault *fault)
{
	/* one look is for all rules, but each may have a disk of its own */
	if (r->probe == PROBE_DISK)
		return probe_disk(p, r->probe_path.p, fault);
	if (done[r->probe])
		return 0;
	done[r->probe] = true;
	return r->probe == PROBE_LAG ? probe_lag(p, fault) :
	    r->probe == PROBE_COUNTER ? probe_counters(p, fault) :
	    probe_certificates(p, fault);
}

void
probe_run(struct probe *probe, const struct rules *rules, struct engine *e)
{
	struct probing p = { .probe = probe, .rules = rules, .engine = e,
	    .now = stamp_now().ns / STAMP_SECOND };
	bool done[PROBE_KINDS] = { false };
	struct fault fault;
	size_t i;

	for (i = 0; i < rules->n; i++) {
		enum probe_kind kind = rules->v[i]->probe;

		if (kind == PROBE_NONE ||
		    probe_one(&p, rules->v[i], done, &fault) >= 0)
			continue;
		if (!probe->told[kind])
			diag_warning("alarm '%s': %s", rules->v[i]->name.p,
			    fault.text);
		probe->told[kind] = true;
	}
}

void
probe_release(struct probe *probe)
{
	counters_release(&probe->counters);
}
