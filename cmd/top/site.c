/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/top/site.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/os_process.h"
#include "bus/bus.h"

#define SITE_BYTES ((size_t)256 << 20)
#define SITE_BUS_MAX 4096	/* streams, and groups */
#define SITE_PATIENCE 1000	/* ms: for a bus with a server */

static const char *
site_copy(struct site *s, const char *z, size_t n)
{
	struct str copy = arena_str(&s->arena, (struct str){ z, n });

	return copy.p != NULL ? copy.p : "";
}

/* room for one more of an array of n, which doubles */
static void *
site_grow(void *v, size_t n, size_t size)
{
	return n != 0 && (n & (n - 1)) != 0 ? v :
	    memory_resize(v, (n == 0 ? 1 : 2 * n) * size);
}

/* ---- processes ---- */

static void
site_take_counts(struct site_process *to, const struct run_process *p)
{
	const struct {
		const char *name;
		uint64_t *to;
	} values[] = {
		{ "lines_in_total", &to->lines_in },
		{ "lines_out_total", &to->lines_out },
		{ "bytes_in_total", &to->bytes_in },
		{ "bytes_out_total", &to->bytes_out },
		{ "rejected_total", &to->rejected },
		{ "marks_total", &to->marks },
		{ "retries_total", &to->retries },
		{ "readings_stored_total", &to->stored },
		{ "readings_refused_total", &to->refused },
		{ "pending_readings", &to->pending },
		{ "adapter_connections", &to->connections },
		{ "position", &to->position },
	};
	size_t i;

	for (i = 0; i < sizeof values / sizeof *values; i++)
		*values[i].to = run_process_count(p, values[i].name);
	for (i = 0; i < p->n; i++) {
		if (strcmp(p->samples[i].name, "commit_seconds") != 0)
			continue;
		if (p->samples[i].kind == RUN_SUM)
			to->commit_ns = p->samples[i].value;
		else
			to->commits += p->samples[i].value;
	}
}

static void
site_take_system(struct site_process *to)
{
	struct os_usage u;

	to->has_pipe = to->in.ino != 0 &&
	    os_process_pipe(to->pid, &to->held, &to->room);
	to->has_usage = os_process_usage(to->pid, &u);
	if (!to->has_usage)
		return;
	to->cpu = u.cpu;
	to->resident = u.resident;
	to->state = u.state;
}

static void
site_take_process(void *arg, const struct run_process *p)
{
	struct site *s = arg;
	size_t slash = strcspn(p->input, "/");
	struct site_process *to;

	s->processes = site_grow(s->processes, s->n_processes,
	    sizeof *s->processes);
	to = &s->processes[s->n_processes++];
	*to = (struct site_process){
		.program = site_copy(s, p->program, strlen(p->program)),
		.input = site_copy(s, p->input, strlen(p->input)),
		.output = site_copy(s, p->output, strlen(p->output)),
		.place = site_copy(s, p->place, strlen(p->place)),
		.stream = site_copy(s, p->input, slash),
		.group = p->input[slash] == '\0' ? "" :
		    site_copy(s, p->input + slash + 1,
		    strlen(p->input + slash + 1)),
		.pid = p->pid, .started = p->started, .in = p->in,
		.out = p->out, .in_rate = RATE_UNKNOWN,
		.out_rate = RATE_UNKNOWN, .bytes_rate = RATE_UNKNOWN,
		.cpu_share = RATE_UNKNOWN,
	};
	site_take_counts(to, p);
	site_take_system(to);
	site_take_tops(s, p, to);
}

/* ---- the bus ---- */

struct site_bus {
	struct site *site;
	struct bus *bus;
	const char *stream;
};

static void
site_take_group(void *arg, const char *name, uint64_t seq, const char *bad)
{
	struct site_bus *b = arg;
	struct site *s = b->site;
	struct bus_group_state state;
	struct bus_group *g;
	struct site_group *to;
	struct fault ignored;

	if (bad != NULL || s->n_groups == SITE_BUS_MAX)
		return;
	s->groups = site_grow(s->groups, s->n_groups, sizeof *s->groups);
	to = &s->groups[s->n_groups++];
	*to = (struct site_group){
		.stream = b->stream, .name = site_copy(s, name, strlen(name)),
		.seq = seq, .rate = RATE_UNKNOWN
	};
	bus_unread(b->bus, b->stream, seq, &to->lag, &to->age, &ignored);
	if (bus_group_open(&g, b->bus, b->stream, name, &ignored) < 0)
		return;
	if (bus_group_look(g, &state, &ignored) == 0) {
		to->knows_reader = state.knows_reader;
		to->has_reader = state.has_reader;
		to->reader = state.reader;
	}
	bus_group_close(g);
}

static int
site_take_stream(void *arg, const char *name, struct fault *fault)
{
	struct site_bus *b = arg;
	struct site *s = b->site;
	struct bus_stat stat;

	/* it may have been removed since it was listed */
	if (s->n_streams == SITE_BUS_MAX ||
	    bus_stat(b->bus, name, &stat, fault) < 0)
		return 0;
	b->stream = site_copy(s, name, strlen(name));
	s->streams = site_grow(s->streams, s->n_streams, sizeof *s->streams);
	s->streams[s->n_streams++] = (struct site_stream){
		.name = b->stream, .bytes = stat.bytes, .last = stat.last,
		.rate = RATE_UNKNOWN
	};
	bus_groups(b->bus, b->stream, site_take_group, b, fault);
	return 0;
}

static int
site_look_at_bus(struct site *s, struct fault *fault)
{
	struct site_bus b = { .site = s };
	int r;

	if (bus_open(&b.bus, NULL, fault) < 0)
		return -1;
	bus_set_patience(b.bus, SITE_PATIENCE);
	s->unit = strcmp(bus_unit(b.bus), "bytes") == 0 ? "bytes" :
	    "messages";
	r = bus_streams(b.bus, site_take_stream, &b, fault);
	bus_close(b.bus);
	return r;
}

/* ---- rates ---- */

double
site_rate(uint64_t now, uint64_t before, double t)
{
	return t <= 0 || now < before ? RATE_UNKNOWN :
	    (double)(now - before) / t;
}

static void
site_compare_process(struct site_process *p, const struct site_process *was,
    double t)
{
	p->in_rate = site_rate(p->lines_in, was->lines_in, t);
	p->out_rate = site_rate(p->lines_out, was->lines_out, t);
	p->bytes_rate = p->bytes_out != 0 ?
	    site_rate(p->bytes_out, was->bytes_out, t) :
	    site_rate(p->bytes_in, was->bytes_in, t);
	if (p->has_usage && was->has_usage)
		p->cpu_share = site_rate((uint64_t)p->cpu,
		    (uint64_t)was->cpu, t * 1e9);
}

/* They are in the order of their files' names in both, so each is searched for
 * after the one before it. */
static void
site_compare_processes(struct site *now, const struct site *before, double t)
{
	size_t i, j = 0, tries;

	for (i = 0; i < now->n_processes; i++) {
		struct site_process *p = &now->processes[i];

		for (tries = 0; tries < before->n_processes; tries++, j++) {
			const struct site_process *was =
			    &before->processes[j % before->n_processes];

			if (was->pid != p->pid || was->started != p->started)
				continue;
			site_compare_process(p, was, t);
			site_compare_tops(now, p, before, was, t);
			j++;
			break;
		}
	}
}

static void
site_compare_bus(struct site *now, const struct site *before, double t)
{
	size_t i, j;

	for (i = j = 0; i < now->n_streams; i++) {
		for (j = 0; j < before->n_streams; j++)
			if (strcmp(now->streams[i].name,
			    before->streams[j].name) == 0)
				break;
		if (j < before->n_streams)
			now->streams[i].rate = site_rate(now->streams[i].last,
			    before->streams[j].last, t);
	}
	for (i = 0; i < now->n_groups; i++) {
		const struct site_group *g = &now->groups[i];

		for (j = 0; j < before->n_groups; j++)
			if (strcmp(g->name, before->groups[j].name) == 0 &&
			    strcmp(g->stream, before->groups[j].stream) == 0)
				break;
		if (j < before->n_groups)
			now->groups[i].rate = site_rate(g->seq,
			    before->groups[j].seq, t);
	}
}

/* ---- all of it ---- */

void
site_look(struct site *s, const struct site *before,
    struct registry *registry)
{
	struct fault fault;
	double t;

	*s = (struct site){
		.at = clock_ns(), .time = stamp_now(), .unit = "bytes"
	};
	arena_init(&s->arena, SITE_BYTES);
	if (run_read_all(NULL, site_take_process, s, &fault) < 0)
		snprintf(s->no_processes, sizeof s->no_processes, "%s",
		    fault.text);
	if (site_look_at_bus(s, &fault) < 0)
		snprintf(s->no_bus, sizeof s->no_bus, "%s", fault.text);
	if (before != NULL) {
		t = (double)(s->at - before->at) / 1e9;
		site_compare_processes(s, before, t);
		site_compare_bus(s, before, t);
	}
	site_add_up(s, registry);
}

void
site_release(struct site *s)
{
	free(s->processes);
	free(s->streams);
	free(s->groups);
	free(s->tops);
	free(s->tenants);
	arena_release(&s->arena);
	*s = (struct site){ .at = 0 };
}
