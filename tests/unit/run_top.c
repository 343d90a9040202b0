/* SPDX-License-Identifier: Apache-2.0 */
/* The busiest of a server: they are found, and the file has them. */
#include "base/run_top.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/run.h"
#include "base/run_read.h"
#include "tests/unit/unit.h"

static char home[] = "/tmp/mfx-top-XXXXXX", dir[64];
static struct run_top top;

static void
add(const char *what, int i, size_t bytes)
{
	char name[RUN_TOP_NAME + 8];

	snprintf(name, sizeof name, "%s%d", what, i);
	run_top_add(&top, str_z(name), bytes);
}

static int asked;

static struct str
owner(void *arg, struct str thing)
{
	(void)arg;
	asked++;
	return str_starts(thing, STR("thing")) ? STR("ann") :
	    str_starts(thing, STR("other")) ? STR("bob") : STR_NONE;
}

/* ---- what a reader finds ---- */

static struct {
	const char *label;
	uint64_t messages, bytes;
	int n;			/* samples of kind top */
	int doubles;		/* labels seen before */
} seen;

static void
see(void *arg, const struct run_process *p)
{
	size_t i, j;

	(void)arg;
	for (i = 0; i < p->n; i++) {
		const struct run_sample *s = &p->samples[i];

		if (s->kind != RUN_TOP)
			continue;
		seen.n++;
		for (j = 0; j < i; j++)
			seen.doubles += strcmp(s->labels,
			    p->samples[j].labels) == 0 &&
			    strcmp(s->name, p->samples[j].name) == 0;
		if (strcmp(s->labels, seen.label) != 0)
			continue;
		if (strcmp(s->name, "top_messages_total") == 0)
			seen.messages = s->value;
		else
			seen.bytes = s->value;
	}
}

static void
look(const char *label)
{
	struct fault fault;

	memset(&seen, 0, sizeof seen);
	seen.label = label;
	run_top_put(&top);
	run_read_all(NULL, see, NULL, &fault);
}

/* ---- the sketch ---- */

static const struct run_top_entry *
entry(const char *name)
{
	unsigned i;

	for (i = 0; i < top.n; i++)
		if (strcmp(top.entries[i].name, name) == 0)
			return &top.entries[i];
	return NULL;
}

/* twenty have a thirtieth of all traffic each, among 100,000 that come once */
static int
missing_among_many(void)
{
	char name[32];
	int i, n = 0;

	run_top_init(&top, "thing");
	for (i = 0; i < 100000; i++) {
		add("once ", i, 100);
		add("busy ", i % 20, 200);
	}
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "busy %d", i);
		n += entry(name) == NULL;
	}
	return n;
}

/* those that were busy long ago make room for those that are now */
static bool
forgets(void)
{
	int i;

	run_top_init(&top, "thing");
	for (i = 0; i < 1000000; i++)
		add("old ", i % RUN_TOP_MAX, 1000);
	for (i = 0; i < 1200; i++)
		run_top_put(&top);
	for (i = 0; i < 400; i++)
		add("new ", i % 4, 100);
	return entry("new 0") && entry("new 1") && entry("new 2") &&
	    entry("new 3");
}

int
main(void)
{
	if (mkdtemp(home) == NULL)
		return 1;
	setenv("MFX_HOME", home, 1);

	TEST("what is counted of one is exact") {
		run_top_init(&top, "thing");
		add("a", 0, 10);
		add("b", 0, 1);
		add("a", 0, 20);
		CHECK(entry("a0")->messages == 2 && entry("a0")->bytes == 30);
		CHECK(entry("b0")->messages == 1 && entry("b0")->bytes == 1);
	}

	TEST("a name that is empty, or longer than an id, is not counted") {
		run_top_init(&top, "thing");
		run_top_add(&top, STR_NONE, 1);
		add("one of exactly forty bytes with its num", 1, 1);
		CHECK(top.n == 0);
		add("one of thirty-nine bytes and its numbr", 1, 1);
		CHECK(top.n == 1);
	}

	TEST("the busiest are found among many") {
		CHECK(missing_among_many() == 0);
	}

	TEST("what was long ago counts less") {
		CHECK(forgets());
	}

	TEST("a user has what the things of that user send") {
		struct run_tops tops;

		run_tops_init(&tops, owner, NULL);
		asked = 0;
		run_tops_add(&tops, STR("thing a"), STR("c"), 10);
		run_tops_add(&tops, STR("thing b"), STR("c"), 1);
		run_tops_add(&tops, STR("thing a"), STR("d"), 20);
		run_tops_add(&tops, STR("other c"), STR("d"), 5);
		run_tops_add(&tops, STR("nobody"), STR("d"), 5);
		CHECK(asked == 4);
		CHECK(tops.users.n == 2 && tops.things.n == 4);
		CHECK(strcmp(tops.users.entries[0].name, "ann") == 0);
		CHECK(tops.users.entries[0].messages == 3);
		CHECK(tops.users.entries[0].bytes == 31);
		CHECK(tops.users.entries[1].bytes == 5);
		/* nobody's is asked for again, as the registry may have been
		 * away */
		run_tops_add(&tops, STR("nobody"), STR("d"), 5);
		CHECK(asked == 5 && tops.users.n == 2);
		run_tops_init(&tops, NULL, NULL);
		run_tops_add(&tops, STR("thing a"), STR("c"), 10);
		CHECK(tops.users.n == 0 && tops.things.n == 1);
	}

	TEST("the file has them, and one that takes the place of another") {
		int i;

		run_top_init(&top, "thing");
		run_open("mfx-x", RUN_SERVER | RUN_MAKE);
		add("a", 0, 10);
		look("thing=\"a0\"");
		CHECK(seen.messages == 1 && seen.bytes == 10 && seen.n == 2);
		for (i = 0; i < 500; i++)
			add("n", i, 1000);
		add("last", 0, 7);
		look("thing=\"last0\"");
		CHECK(seen.messages == 1 && seen.bytes == 7);
		CHECK(seen.n == 2 * RUN_TOP_MAX && seen.doubles == 0);
		look("thing=\"a0\"");
		CHECK(seen.messages == 0);
		run_close();
	}

	snprintf(dir, sizeof dir, "%s/run", home);
	CHECK(rmdir(dir) == 0 && rmdir(home) == 0);
	return unit_end();
}
