/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/os_process.h"
#include "base/run_read.h"
#include "cmd/export/collect.h"
#include "registry/registry.h"
#include "registry/user.h"
#include "registry/whose.h"

#define LABELS_MAX 2048

struct processes {
	struct families *f;
	struct buf own;		/* labels of the process */
	struct buf labels;	/* of a sample */
	uint64_t sum;		/* of the buckets so far */
	const char *help;	/* of the last sample that had one */
	bool top;
	struct registry *registry;	/* for owners; NULL: there is none */
};

static void
processes_labels(struct processes *c, const char *labels)
{
	buf_clear(&c->labels);
	buf_put_str(&c->labels, buf_str(&c->own));
	if (*labels != '\0') {
		buf_putc(&c->labels, ',');
		buf_puts(&c->labels, labels);
	}
}

/* of user="…", thing="…" or channel="…": the email address of the owner */
static bool
processes_owner(struct processes *c, const char *labels, struct buf *email)
{
	struct str id = str_z(strchr(labels, '"'));
	struct buf name;
	struct fault ignored;
	struct user user;
	bool known;

	if (c->registry == NULL || id.n < 2)
		return false;
	id = (struct str){ id.p + 1, id.n - 2 };
	buf_init(&name, LABELS_MAX);
	if (*labels == 'u') {
		known = user_find_id(c->registry, id, &user, &ignored) == 0;
		buf_puts(email, known ? user.email : "");
	} else {
		known = registry_whose(c->registry, *labels == 'c' ?
		    ITEM_CHANNEL : ITEM_THING, id, &name, email,
		    &ignored) > 0;
	}
	buf_putc(email, '\0');
	buf_release(&name);
	return known;
}

/* whose it is, too; a user is named by that alone */
static void
processes_labels_of_top(struct processes *c, const char *labels)
{
	struct buf email;
	bool known;

	buf_init(&email, LABELS_MAX);
	known = processes_owner(c, labels, &email);
	processes_labels(c, known && *labels == 'u' ? "" : labels);
	if (known)
		labels_put(&c->labels, "user", email.p);
	buf_release(&email);
}

/* Prometheus wants the sums of all buckets up to each. */
static void
processes_bucket(struct processes *c, const struct family_kind *kind,
    const struct run_sample *s)
{
	char text[FAMILY_TIME];

	if (s->kind == RUN_BUCKET) {
		c->sum += s->value;
		snprintf(text, sizeof text, "%" PRIu64, c->sum);
		families_add(c->f, kind, "_bucket", buf_str(&c->labels), text);
		return;
	}
	families_add(c->f, kind, "_sum", buf_str(&c->labels),
	    families_time(text, (int64_t)s->value));
	snprintf(text, sizeof text, "%" PRIu64, c->sum);
	families_add(c->f, kind, "_count", buf_str(&c->labels), text);
	c->sum = 0;
}

static void
processes_sample(struct processes *c, const struct run_sample *s)
{
	char name[64];
	struct family_kind kind = { .name = name };

	if (s->kind == RUN_TOP && !c->top)
		return;
	if (*s->help != '\0')
		c->help = s->help;
	snprintf(name, sizeof name, "mfx_%s", s->name);
	kind.help = c->help;
	kind.type = s->kind == RUN_GAUGE ? FAMILY_GAUGE :
	    s->kind == RUN_COUNTER || s->kind == RUN_TOP ? FAMILY_COUNTER :
	    FAMILY_HISTOGRAM;
	if (s->kind == RUN_TOP)
		processes_labels_of_top(c, s->labels);
	else
		processes_labels(c, s->labels);
	if (kind.type == FAMILY_HISTOGRAM)
		processes_bucket(c, &kind, s);
	else if (s->unit == RUN_NANOSECONDS)
		families_add_time(c->f, &kind, buf_str(&c->labels),
		    (int64_t)s->value);
	else
		families_add_number(c->f, &kind, buf_str(&c->labels),
		    s->value);
}

static void
processes_system(struct processes *c, const struct run_process *p)
{
	static const struct family_kind
	    started = { "mfx_process_start_time_seconds",
	    "When the process began, seconds since 1970.", FAMILY_GAUGE },
	    cpu = { "mfx_process_cpu_seconds_total",
	    "CPU time, user and system.", FAMILY_COUNTER },
	    resident = { "mfx_process_resident_memory_bytes",
	    "Resident memory.", FAMILY_GAUGE },
	    held = { "mfx_process_input_held_bytes",
	    "What waits in the pipe at its stdin.", FAMILY_GAUGE },
	    size = { "mfx_process_input_size_bytes",
	    "What that pipe can hold.", FAMILY_GAUGE },
	    lost = { "mfx_process_lost_values",
	    "Values for which its file had no room.", FAMILY_GAUGE };
	struct str labels = buf_str(&c->own);
	uint64_t n, room;
	struct os_usage u;

	families_add_time(c->f, &started, labels, p->started);
	families_add_number(c->f, &lost, labels, p->lost);
	if (os_process_pipe(p->pid, &n, &room)) {
		families_add_number(c->f, &held, labels, n);
		families_add_number(c->f, &size, labels, room);
	}
	if (!os_process_usage(p->pid, &u))
		return;
	families_add_time(c->f, &cpu, labels, u.cpu);
	families_add_number(c->f, &resident, labels, u.resident);
}

static void
processes_take(void *arg, const struct run_process *p)
{
	struct processes *c = arg;
	char pid[24];
	size_t i;

	snprintf(pid, sizeof pid, "%" PRIu64, p->pid);
	buf_clear(&c->own);
	labels_put(&c->own, "program", p->program);
	labels_put(&c->own, "pid", pid);
	labels_put(&c->own, "input", p->input);
	labels_put(&c->own, "output", p->output);
	labels_put(&c->own, "store", p->place);
	c->sum = 0;
	c->help = "";
	processes_system(c, p);
	for (i = 0; i < p->n; i++)
		processes_sample(c, &p->samples[i]);
}

/* without one there is nobody's name */
static struct registry *
processes_registry(void)
{
	char *home = home_path("");
	struct registry *r = NULL;
	struct fault ignored;

	if (registry_exists(home, &ignored) && registry_open(&r, home,
	    REGISTRY_READ, &ignored) == 0)
		registry_patience(r, 1000);
	free(home);
	return r;
}

int
collect_processes(struct families *f, const struct collect_options *o,
    struct fault *fault)
{
	struct processes c = { .f = f, .top = o->top };
	int n;

	if (o->top)
		c.registry = processes_registry();

	buf_init(&c.own, LABELS_MAX);
	buf_init(&c.labels, LABELS_MAX);
	n = run_read_all(NULL, processes_take, &c, fault);
	buf_release(&c.own);
	buf_release(&c.labels);
	registry_close(c.registry);
	return n;
}
