/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_TESTS_BUS_SHARED_H
#define MFX_TESTS_BUS_SHARED_H

/* What the conformance tests of the bus share: streams and lines that say
 * where they belong, readers of them, and other processes. */

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/signal.h"
#include "tests/unit/bus_breaks.h"

/* for what comes at once if it comes at all */
static int wait_ms = 20000;

static struct bus *bus;
static struct fault fault;
static const char *url;

/* the rest of the test has no sense without it */
#define NEED(condition)							\
	do {								\
		bool need_holds = (condition);				\
		unit_check(need_holds, __FILE__, __LINE__, #condition);	\
		if (!need_holds)					\
			return;						\
	} while (0)

/* a stream that no earlier run has used */
static const char *
fresh(const char *what)
{
	static char name[BUS_NAME_MAX + 1];

	snprintf(name, sizeof name, "c%ld-%s", (long)getpid(), what);
	return name;
}

static struct bus_writer *
writer(const char *stream)
{
	struct bus_writer *w = NULL;

	CHECK(bus_writer_open(&w, bus, stream, BUS_SYNC_NONE, &fault) == 0);
	return w;
}

static struct bus_group *
group(const char *stream, const char *name)
{
	struct bus_group *g = NULL;

	CHECK(bus_group_open(&g, bus, stream, name, &fault) == 0);
	return g;
}

static void
put_line(struct buf *b, unsigned who, unsigned batch, unsigned i, unsigned n)
{
	buf_printf(b, "{\"channel\":\"c%u\",\"received\":%u,\"n\":\"a\","
	    "\"vs\":\"%u %u %u %u\"}\n", who, 1700000000 + batch, who, batch,
	    i, n);
}

/* "who batch i n" of a line that put_line made */
static bool
get_line(struct str line, unsigned v[4])
{
	char text[128];
	const char *at;

	if (line.n >= sizeof text)
		return false;
	memcpy(text, line.p, line.n);
	text[line.n] = '\0';
	at = strstr(text, "\"vs\":\"");
	return at != NULL && sscanf(at, "\"vs\":\"%u %u %u %u\"}", &v[0],
	    &v[1], &v[2], &v[3]) == 4;
}

static bool
has_channel(const struct bus_shard *s, struct str line)
{
	char channel[16];
	unsigned v[4];

	CHECK(get_line(line, v));
	snprintf(channel, sizeof channel, "c%u", v[0]);
	return bus_shard_has(s, str_z(channel));
}

/* a batch of n lines; 0, or -1 */
static int
put_batch(struct bus_writer *w, unsigned who, unsigned batch, unsigned n,
    uint64_t *seq)
{
	static struct buf b = { .max = (size_t)1 << 24 };
	unsigned i;

	buf_clear(&b);
	for (i = 1; i <= n; i++)
		put_line(&b, who, batch, i, n);
	if (bus_append(w, buf_str(&b), NULL, seq, &fault) < 0)
		return -1;
	return bus_commit(w, &fault);
}

/* batches first … last, each of as many lines as `lines` */
static void
fill(const char *stream, unsigned first, unsigned last, unsigned lines)
{
	struct bus_writer *w = writer(stream);
	uint64_t seq;

	NEED(w != NULL);
	for (; first <= last; first++)
		CHECK(put_batch(w, 1, first, lines, &seq) == 0);
	bus_writer_close(w);
}

/* One line after the other, to the end that there is now. */
struct walk {
	struct bus_reader *r;
	struct bus_lines run;
	struct bus_line line;
};

static void
walk_begin(struct walk *k, const char *stream, uint64_t from)
{
	*k = (struct walk){ .r = NULL };
	CHECK(bus_reader_open(&k->r, bus, stream, from, &fault) == 0);
}

static bool
walk_next(struct walk *k)
{
	int got;

	if (k->r == NULL)
		return false;
	while (!bus_lines_next(&k->run, &k->line)) {
		got = bus_read(k->r, &k->run, &fault);
		CHECK(got >= 0);
		if (got <= 0)
			return false;
	}
	return true;
}

/* the batch of the next line; 0 when there is none */
static unsigned
walk_batch(struct walk *k)
{
	unsigned v[4];

	if (!walk_next(k))
		return 0;
	CHECK(get_line(k->line.text, v));
	return v[1];
}

static void
walk_end(struct walk *k)
{
	bus_reader_close(k->r);
}

static unsigned
count(const char *stream, uint64_t from)
{
	struct walk k;
	unsigned n = 0;

	for (walk_begin(&k, stream, from); walk_next(&k);)
		n++;
	walk_end(&k);
	return n;
}

static uint64_t
end_of(const char *stream)
{
	uint64_t seq = 0;

	CHECK(bus_where_find(bus, stream, &bus_where_end, &seq, &fault) == 0);
	return seq;
}

/* In a process of its own, with a bus of its own; it ends with what fn
 * returns. */
static pid_t
apart(int (*fn)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) != 0)
		return pid;
	if (bus_open(&bus, url, &fault) < 0)
		_exit(99);
	break_it(bus);
	_exit(fn(arg));
}

static int
ended(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void
kill_now(pid_t pid)
{
	kill(pid, SIGKILL);
	ended(pid);
}

/* what processes tell each other */
static struct shared {
	volatile unsigned done;
	volatile bool go;
} *shared;

static void
pause_a_bit(void)
{
	static const struct timespec bit = { .tv_nsec = 200000 };

	nanosleep(&bit, NULL);
}

/* until `done` is that large; false when it takes too long */
static bool
await_done(unsigned n)
{
	int64_t end = clock_ms() + wait_ms;

	while (shared->done < n && clock_ms() < end)
		pause_a_bit();
	return shared->done >= n;
}

static unsigned
pick(unsigned n)
{
	return (unsigned)rand() % n;
}

struct work {
	const char *stream;
	unsigned who, batches;
};

static int
write_batches(void *arg)
{
	struct work *work = arg;
	struct bus_writer *w = writer(work->stream);
	unsigned batch;
	uint64_t seq;

	for (batch = 1; w != NULL && batch <= work->batches; batch++) {
		if (put_batch(w, work->who, batch, 1 + batch % 4, &seq) < 0)
			return 1;
		shared->done = batch;
	}
	bus_writer_close(w);
	return w == NULL;
}

/* Every line of each writer, in order, and each batch together.  A batch may
 * end early only where its writer was killed: torn[who]. */
static void
check_batches(const char *stream, unsigned *last, unsigned who_max,
    bool torn)
{
	struct walk k;
	unsigned v[4], at[4] = { 0, 0, 0, 0 };

	memset(last, 0, (who_max + 1) * sizeof *last);
	for (walk_begin(&k, stream, 0); walk_next(&k);) {
		NEED(get_line(k.line.text, v) && v[0] <= who_max);
		if (at[2] < at[3] && !torn)
			NEED(v[0] == at[0] && v[1] == at[1]);
		if (v[2] == 1)
			NEED(v[1] == last[v[0]] + 1);
		else
			NEED(v[0] == at[0] && v[1] == at[1] &&
			    v[2] == at[2] + 1);
		last[v[0]] = v[1];
		memcpy(at, v, sizeof at);
	}
	CHECK(torn || at[2] == at[3]);
	walk_end(&k);
}

#endif
