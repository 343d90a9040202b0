/* SPDX-License-Identifier: Apache-2.0 */
/* What a process counts: its file, and who reads it. */
#include "base/run.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/run_read.h"
#include "tests/unit/unit.h"

static char home[] = "/tmp/mfx-run-XXXXXX";
static char dir[64], path[128];

/* ---- what is read ---- */

static struct {
	int n;
	uint64_t lines, put, lost, started;
	char program[32], input[RUN_TEXT], labels[64];
	size_t samples;
} seen;

static void
see(void *arg, const struct run_process *p)
{
	size_t i;

	(void)arg;
	seen.n++;
	seen.lines = run_process_count(p, "lines_in_total");
	seen.put = run_process_count(p, "thing_total");
	seen.lost = p->lost;
	seen.samples = p->n;
	snprintf(seen.program, sizeof seen.program, "%s", p->program);
	snprintf(seen.input, sizeof seen.input, "%s", p->input);
	for (i = 0; i < p->n; i++)
		if (strcmp(p->samples[i].name, "thing_total") == 0)
			snprintf(seen.labels, sizeof seen.labels, "%s",
			    p->samples[i].labels);
}

static int
look(void)
{
	struct fault fault;

	memset(&seen, 0, sizeof seen);
	return run_read_all(NULL, see, NULL, &fault);
}

/* ---- the bytes of a file ---- */

static struct run_sample samples[RUN_ROOM_MAX];
static struct run_process process;
static union {
	struct run_file file;
	char bytes[sizeof(struct run_header) + 4 * sizeof(struct run_slot)];
} made;

static void
make(void)
{
	struct run_header *h = &made.file.header;
	struct run_slot *s = made.file.slots;

	memset(&made, 0, sizeof made);
	memcpy(h->magic, RUN_MAGIC, 8);
	h->order = RUN_ORDER;
	h->version = RUN_VERSION;
	h->header_size = sizeof *h;
	h->slot_size = sizeof *s;
	h->room = 4;
	h->used = 2;
	memcpy(h->program, "mfx-x", 6);
	s[0].kind = RUN_COUNTER;
	memcpy(s[0].name, "a_total", 8);
	s[0].value = 7;
	s[1].kind = RUN_GAUGE;
	memcpy(s[1].name, "b", 2);
	memcpy(s[1].labels, "x=\"1\",y=\"a\\\"b\"", 15);
}

static bool
parses(void)
{
	return run_parse(&process, made.bytes, sizeof made.bytes, samples);
}

static void *
add(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 100000; i++)
		run_add(RUN_LINES_IN, 1);
	return NULL;
}

static void
add_in_threads(void)
{
	pthread_t t[4];
	int i;

	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, add, NULL);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

/* the status of a process that counts after its file was cut off */
static int
count_in_cut_file(void)
{
	int status = -1;
	pid_t pid = fork();
	char own[160];

	if (pid == 0) {
		run_open("mfx-cut", RUN_COMMITTING | RUN_MAKE);
		snprintf(own, sizeof own, "%s/mfx-cut.%ld", dir,
		    (long)getpid());
		if (truncate(own, 0) < 0)
			_exit(2);
		run_add(RUN_LINES_IN, 1);
		run_commit_end(run_commit_begin());
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static int
left_files(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void
test_parse(void)
{
	uint64_t value;

	TEST("a file is understood") {
		make();
		CHECK(parses() && process.n == 2);
		CHECK(run_process_count(&process, "a_total") == 7);
		CHECK(!run_process_value(&process, "c", &value));
		CHECK(strcmp(samples[1].labels, "x=\"1\",y=\"a\\\"b\"") == 0);
	}
	TEST("another version, byte order or size is not") {
		make();
		made.file.header.version = 2;
		CHECK(!parses());
		make();
		made.file.header.order = 0x04030201;
		CHECK(!parses());
		make();
		made.file.header.room = 5;
		CHECK(!parses());
		make();
		made.file.header.used = 5;
		CHECK(!parses());
		make();
		made.file.header.magic[0] = 'M';
		CHECK(!parses());
		make();
		CHECK(!run_parse(&process, made.bytes, 511, samples));
	}
	TEST("a slot that makes no sense is passed over") {
		make();
		made.file.slots[0].name[0] = 'A';
		CHECK(parses() && process.n == 1);
		make();
		memset(made.file.slots[1].labels, 'a', 64);
		CHECK(parses() && process.n == 1);
		make();
		made.file.slots[1].labels[5] = ' ';
		CHECK(parses() && process.n == 1);
		make();
		made.file.slots[1].kind = 6;
		CHECK(parses() && process.n == 1);
	}
	TEST("texts can be shown") {
		make();
		memcpy(made.file.header.input, "a\033b", 4);
		memset(made.file.header.place, 'x',
		    sizeof made.file.header.place);
		CHECK(parses() && strcmp(process.input, "a?b") == 0);
		CHECK(strlen(process.place) ==
		    sizeof made.file.header.place - 1);
	}
}

static void
test_values(void)
{
	struct run_text t = { .name = "thing_total", .kind = RUN_COUNTER };
	char label[32];
	int i;

	TEST("threads add, and nothing is lost") {
		CHECK(look() == 1 && seen.lines == 5);
		add_in_threads();
		CHECK(look() == 1 && seen.lines == 400005);
	}
	TEST("a value by its name is made once") {
		t.labels = "id=\"1\"";
		run_put(&t, 3);
		run_put(&t, 4);
		CHECK(look() == 1 && seen.put == 4);
		CHECK(strcmp(seen.labels, "id=\"1\"") == 0);
	}
	TEST("what finds no room is counted, and harms nothing") {
		t.labels = label;
		for (i = 0; i < 1000; i++) {
			snprintf(label, sizeof label, "id=\"n%d\"", i);
			run_put(&t, 1);
		}
		CHECK(look() == 1 && seen.lost > 500);
		CHECK(seen.put == 4 + 1000 - seen.lost);
	}
}

int
main(void)
{
	struct fault fault;
	struct stat st;

	CHECK(mkdtemp(home) != NULL);
	setenv("MFX_HOME", home, 1);
	snprintf(dir, sizeof dir, "%s/run", home);
	test_parse();
	TEST("without a directory nothing is made, and it counts") {
		run_open("mfx-unit", RUN_SERVER);
		CHECK(!run_is_open() && stat(dir, &st) < 0 && look() == 0);
		run_add(RUN_LINES_IN, 5);
	}
	TEST("a file that is cut off ends nobody") {
		CHECK(count_in_cut_file() == 0);
		CHECK(left_files() == 1 && look() == 0);
	}
	TEST("who writes into the site makes it, for itself alone") {
		run_input("raw/unit");
		run_open("mfx-unit", RUN_MAKE);
		CHECK(run_is_open());
		CHECK(stat(dir, &st) == 0 && (st.st_mode & 0777) == 0700);
		snprintf(path, sizeof path, "%s/mfx-unit.%ld", dir,
		    (long)getpid());
		CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
		CHECK(look() == 1 && strcmp(seen.program, "mfx-unit") == 0);
		/* that of the process before is removed */
		CHECK(left_files() == 1);
		CHECK(strcmp(seen.input, "raw/unit") == 0);
	}
	test_values();
	TEST("it disappears at the end") {
		run_close();
		CHECK(stat(path, &st) < 0 && look() == 0);
		run_add(RUN_LINES_IN, 1);
	}
	TEST("a directory that can't be read is a fault") {
		CHECK(run_read_all("/etc/passwd", see, NULL, &fault) == -1);
	}
	CHECK(rmdir(dir) == 0 && rmdir(home) == 0);
	return unit_end();
}
