/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every bus does alike, asked of the one whose URL is given, or else of
 * a directory of its own.  Nothing here knows what a position counts, or
 * where the lines are.
 *
 *	bus_conformance [URL [BALLAST]]
 *
 * BALLAST is a file whose removal makes room on a bus of 2 MiB.  The suite
 * bus_conformance.bats runs it for each driver.  That a test can fail is shown
 * by a bus that breaks a rule (bus_breaks.h), BREAK; ONLY is a part of titles.
 */
#include "tests/unit/bus_last.h"

/* all of a test, when it was asked for */
#define ASK(title)							\
	if (getenv("ONLY") == NULL ||					\
	    strstr(title, getenv("ONLY")) != NULL)			\
		TEST(title)

/* ---- lines ---- */

static void
ask_order(void)
{
	const char *stream = fresh("order");
	struct bus_writer *w = writer(stream);
	struct buf b = { .max = 4096 };
	struct str each;
	struct walk k;
	uint64_t seq = 0, last = 0;
	unsigned batch, v[4], i;

	NEED(w != NULL);
	for (batch = 1; batch <= 60; batch++)
		CHECK(put_batch(w, 1, batch, 1 + batch % 7 * 200, &seq) == 0);
	for (i = 1; i <= 3; i++)
		put_line(&b, 1, 61, i, 3);
	each = buf_str(&b);
	CHECK(bus_append_each(w, &each, &fault) == 0 && each.n == 0);
	bus_writer_close(w);
	walk_begin(&k, stream, 0);
	for (batch = 1; batch <= 60; batch++)
		for (i = 1; i <= 1 + batch % 7 * 200; i++) {
			NEED(walk_next(&k));
			CHECK(get_line(k.line.text, v) && v[1] == batch &&
			    v[2] == i);
			CHECK(k.line.seq > last);
			last = k.line.seq;
			NEED(!unit_failed);
		}
	CHECK(seq == 0 || seq == last);
	for (i = 1; i <= 3; i++)
		CHECK(walk_batch(&k) == 61);
	CHECK(!walk_next(&k));
	last = k.line.seq;
	CHECK(bus_reader_position(k.r) == last && end_of(stream) == last);
	walk_end(&k);
	buf_release(&b);
}

static void
ask_positions(void)
{
	const char *stream = fresh("positions");
	struct walk k, from;
	unsigned batch;

	fill(stream, 1, 50, 1);
	walk_begin(&k, stream, 0);
	for (batch = 1; batch <= 50; batch++) {
		NEED(walk_batch(&k) == batch);
		walk_begin(&from, stream, k.line.seq);
		CHECK(bus_reader_position(from.r) == k.line.seq);
		CHECK(walk_batch(&from) == (batch < 50 ? batch + 1 : 0));
		walk_end(&from);
	}
	walk_end(&k);
	walk_begin(&k, stream, UINT64_MAX);
	CHECK(!walk_next(&k));
	fill(stream, 51, 51, 1);
	CHECK(walk_batch(&k) == 51);
	walk_end(&k);
}

static void
ask_time(void)
{
	const char *stream = fresh("time");
	struct bus_where w = { .by_time = true };
	struct walk k;
	uint64_t seq;
	unsigned batch;

	setenv("MFX_BUS_SEGMENT", "1000", 1);
	fill(stream, 1, 100, 2);
	unsetenv("MFX_BUS_SEGMENT");
	for (batch = 0; batch <= 100; batch += 7) {
		w.time.ns = (1700000000 + batch) * STAMP_SECOND;
		CHECK(bus_where_find(bus, stream, &w, &seq, &fault) == 0);
		walk_begin(&k, stream, seq);
		CHECK(walk_batch(&k) == (batch ? batch : 1));
		walk_end(&k);
	}
	w.time.ns = 1800000000 * STAMP_SECOND;
	CHECK(bus_where_find(bus, stream, &w, &seq, &fault) == 0);
	CHECK(seq == end_of(stream));
}

static void
ask_forms(void)
{
	const char *stream = fresh("forms");
	struct bus_writer *w = writer(stream);
	uint64_t seq;

	NEED(w != NULL);
	CHECK(bus_append(w, STR("{\"n\":\"a\"}"), NULL, &seq, &fault) < 0);
	CHECK(bus_append(w, STR(""), NULL, &seq, &fault) < 0);
	CHECK(bus_check(w, &fault) == 0);
	bus_writer_close(w);
	CHECK(count(stream, 0) == 0);
}

static void
ask_names(void)
{
	static const char *const bad[] = {
		"", ".", "..", "../x", "a/b", ".x", "-x", "a b", "a\nb",
		"a.new", "\xc3\xa4"
	};
	struct bus_writer *w;
	struct bus_reader *r;
	struct bus_group *g;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK(bus_writer_open(&w, bus, bad[i], BUS_SYNC_NONE,
		    &fault) < 0 && fault.status == EX_USAGE);
		CHECK(bus_reader_open(&r, bus, bad[i], 0, &fault) < 0 &&
		    fault.status == EX_USAGE);
		CHECK(bus_exists(bus, bad[i], &fault) < 0 &&
		    fault.status == EX_USAGE);
		CHECK(bus_group_open(&g, bus, bad[i], "g", &fault) < 0 &&
		    fault.status == EX_USAGE);
		CHECK(bus_group_open(&g, bus, "s", bad[i], &fault) < 0 &&
		    fault.status == EX_USAGE);
	}
}

static int
look_for(void *arg, const char *stream, struct fault *f)
{
	const char **name = arg;

	(void)f;
	if (*name != NULL && strcmp(*name, stream) == 0)
		*name = NULL;
	return 0;
}

static void
ask_streams(void)
{
	const char *stream = fresh("streams"), *name = stream;
	struct bus_stat s;
	struct bus_reader *r;
	struct bus_lines run;
	struct bus_group *g = group(stream, "g");
	uint64_t seq = 1;

	CHECK(bus_reader_open(&r, bus, stream, 7, &fault) == 0);
	CHECK(bus_read(r, &run, &fault) == 0);
	bus_reader_close(r);
	CHECK(bus_group_get(g, &seq, &fault) == 0 && seq == 0);
	CHECK(end_of(stream) == 0);
	/* nothing of this has made it */
	CHECK(bus_exists(bus, stream, &fault) < 0 &&
	    fault.status == EX_NOINPUT);
	CHECK(bus_stat(bus, stream, &s, &fault) < 0);
	CHECK(bus_streams(bus, look_for, &name, &fault) == 0 && name);
	fill(stream, 1, 3, 1);
	CHECK(bus_exists(bus, stream, &fault) == 0);
	CHECK(bus_streams(bus, look_for, &name, &fault) == 0 && !name);
	CHECK(bus_stat(bus, stream, &s, &fault) == 0);
	CHECK(s.last == end_of(stream) && s.has_oldest && s.has_newest);
	CHECK(s.oldest.ns == 1700000001 * STAMP_SECOND);
	CHECK(s.newest.ns == 1700000003 * STAMP_SECOND);
	bus_group_close(g);
}

/* Each line is in one of n parts, and the others are passed over. */
static void
ask_shards(void)
{
	const char *stream = fresh("shards");
	struct bus_writer *w = writer(stream);
	struct bus_shard s;
	struct walk k;
	unsigned who, n, got;
	uint64_t seq;

	NEED(w != NULL);
	for (who = 0; who < 60; who++)
		CHECK(put_batch(w, who % 20, who + 1, 2, &seq) == 0);
	for (n = 2; n < 10; n += 2 - n % 2) {
		for (got = 0, s = (struct bus_shard){ 1, n }; s.i <= n; s.i++) {
			walk_begin(&k, stream, 0);
			bus_reader_shard(k.r, &s);
			while (walk_next(&k))
				got += has_channel(&s, k.line.text);
			CHECK(bus_reader_position(k.r) == end_of(stream));
			walk_end(&k);
		}
		CHECK(got == 120);
	}
	bus_writer_close(w);
}

static void
ask_lag(void)
{
	const char *stream = fresh("lag");
	struct walk k;
	uint64_t lag, before;

	fill(stream, 1, 20, 1);
	CHECK(bus_lag(bus, stream, 0, &before, &fault) == 0 && before > 0);
	for (walk_begin(&k, stream, 0); walk_next(&k); before = lag) {
		CHECK(bus_lag(bus, stream, k.line.seq, &lag, &fault) == 0);
		CHECK(lag < before);
	}
	CHECK(before == 0);
	walk_end(&k);
}

/* ---- many, and killed ---- */

static void
ask_many(void)
{
	const char *stream = fresh("many");
	struct work work[4];
	pid_t pids[4];
	unsigned last[5], i;

	for (i = 0; i < 4; i++) {
		work[i] = (struct work){ stream, i + 1, 400 };
		pids[i] = apart(write_batches, &work[i]);
	}
	for (i = 0; i < 4; i++)
		CHECK(ended(pids[i]) == 0);
	check_batches(stream, last, 4, false);
	for (i = 1; i <= 4; i++)
		CHECK(last[i] == 400);
}

static void
ask_killed(void)
{
	enum { WRITERS = 25 };
	const char *stream = fresh("killed");
	struct work work = { stream, 0, 100000000 };
	struct bus_health health;
	unsigned last[WRITERS + 1], acked[WRITERS + 1], i, spin;
	pid_t pid;

	for (i = 1; i <= WRITERS; i++) {
		work.who = i;
		shared->done = 0;
		pid = apart(write_batches, &work);
		CHECK(await_done(1 + pick(20)));
		for (spin = pick(30000); spin > 0; spin--)
			(void)shared->done;
		kill_now(pid);
		acked[i] = shared->done;
	}
	fill(stream, 1, 0, 0);
	check_batches(stream, last, WRITERS, true);
	for (i = 1; i <= WRITERS; i++)
		CHECK(last[i] >= acked[i]);
	CHECK(bus_verify(bus, stream, &health, NULL, NULL, &fault) == 0);
	CHECK(health.damage == 0);
}

struct copy {
	const char *from, *to;
	unsigned at_once;
	/* when this batch is appended, and not acknowledged; 0: never */
	unsigned dies;
};

/* the lines after what is done, until all are there */
static int
copy_lines(void *arg)
{
	struct copy *c = arg;
	struct bus_writer *w = writer(c->to);
	struct bus_source *source;
	static struct buf b = { .max = (size_t)1 << 24 };
	struct walk k;
	uint64_t seq;
	unsigned n = 0;
	bool more = true;

	if (w == NULL || bus_source_open(&source, w, c->from, "copy",
	    &fault) < 0)
		return fault.status;
	walk_begin(&k, c->from, source->done.whole);
	while (more) {
		buf_clear(&b);
		for (n = 0; n < c->at_once && (more = walk_next(&k)); n++) {
			buf_put_str(&b, k.line.text);
			buf_putc(&b, '\n');
			source->at = (struct progress){ k.line.seq, 0, 0 };
		}
		if (n > 0 && (bus_append(w, buf_str(&b), source, &seq,
		    &fault) < 0 || bus_commit(w, &fault) < 0))
			return 1;
		if (shared->done + 1 == c->dies)
			raise(SIGKILL);
		if (n > 0 && bus_source_ack(source, &fault) < 0)
			return 1;
		shared->done++;
	}
	walk_end(&k);
	bus_source_close(source);
	bus_writer_close(w);
	return 0;
}

static void
ask_once(void)
{
	enum { LINES = 3000 };
	char from[BUS_NAME_MAX + 1];
	struct copy c = { from, NULL, 0, 0 };
	struct bus_group *g;
	struct walk k;
	uint64_t seq;
	unsigned i, spin;
	pid_t pid;

	snprintf(from, sizeof from, "%s", fresh("source"));
	c.to = fresh("target");
	fill(from, 1, LINES, 1);
	/* at the worst moment, and then at any */
	shared->done = 0;
	c.at_once = 3;
	c.dies = 2;
	CHECK(ended(apart(copy_lines, &c)) != 0);
	c.dies = 0;
	for (i = 0; i < 40; i++) {
		c.at_once = 1 + pick(20);
		shared->done = 0;
		pid = apart(copy_lines, &c);
		await_done(1 + pick(4));
		for (spin = pick(100000); spin > 0; spin--)
			(void)shared->done;
		kill_now(pid);
	}
	c.at_once = 100;
	CHECK(ended(apart(copy_lines, &c)) == 0);
	walk_begin(&k, c.to, 0);
	for (i = 1; i <= LINES; i++)
		NEED(walk_batch(&k) == i);
	CHECK(!walk_next(&k));
	walk_end(&k);
	g = group(from, "copy");
	CHECK(bus_group_get(g, &seq, &fault) == 1 && seq == end_of(from));
	bus_group_close(g);
}

static void
ask_one_source(void)
{
	char from[BUS_NAME_MAX + 1];
	struct copy c = { from, NULL, 10, 0 };
	struct bus_writer *w;
	struct bus_source *source = NULL;

	snprintf(from, sizeof from, "%s", fresh("source1"));
	c.to = fresh("target1");
	fill(from, 1, 10, 1);
	w = writer(c.to);
	NEED(w != NULL && bus_source_open(&source, w, from, "copy",
	    &fault) == 0);
	CHECK(source->done.whole == 0);
	CHECK(ended(apart(copy_lines, &c)) == EX_TEMPFAIL);
	bus_source_close(source);
	bus_writer_close(w);
	CHECK(ended(apart(copy_lines, &c)) == 0);
	CHECK(count(c.to, 0) == 10);
}

/* ---- groups ---- */

static void
count_group(void *arg, const char *name, uint64_t seq, const char *bad)
{
	uint64_t *found = arg;

	CHECK(bad == NULL);
	if (strcmp(name, "g") == 0)
		*found = seq;
}

static void
ask_groups(void)
{
	const char *stream = fresh("groups");
	struct bus_group *g = group(stream, "g"), *again = group(stream, "g");
	uint64_t seq, found = 0;
	int i;

	fill(stream, 1, 3, 1);
	NEED(g != NULL && again != NULL);
	CHECK(bus_groups(bus, stream, count_group, &found, &fault) == 0);
	CHECK(bus_group_get(g, &seq, &fault) == 0 && seq == 0 && found == 0);
	for (i = 1; i <= 300; i++) {
		CHECK(bus_group_set(g, (uint64_t)i, &fault) == 0);
		CHECK(bus_group_get(again, &seq, &fault) == 1 &&
		    seq == (uint64_t)i);
		NEED(!unit_failed);
	}
	CHECK(bus_groups(bus, stream, count_group, &found, &fault) == 0);
	CHECK(found == 300);
	bus_group_close(g);
	bus_group_close(again);
}

static int
join_it(void *arg)
{
	struct bus_group *g = group(arg, "g");
	uint64_t seq = 0;
	int r = bus_group_join(g, &seq, &fault);

	shared->done = 1;
	while (r == 0 && shared->go)
		pause_a_bit();
	return r == 0 ? 0 : fault.status;
}

static void
ask_join(void)
{
	char stream[BUS_NAME_MAX + 1];
	struct bus_group *g;
	uint64_t seq;
	int64_t end;
	pid_t pid;

	snprintf(stream, sizeof stream, "%s", fresh("join"));
	fill(stream, 1, 5, 1);
	seq = end_of(stream);
	g = group(stream, "g");
	NEED(bus_group_join(g, &seq, &fault) == 0 && seq == end_of(stream));
	CHECK(bus_group_sought(g, seq));
	shared->go = false;
	CHECK(ended(apart(join_it, stream)) == EX_TEMPFAIL);
	bus_group_close(g);
	/* where it is, not where it would have begun */
	g = group(stream, "g");
	seq = 0;
	CHECK(bus_group_join(g, &seq, &fault) == 0 && seq == end_of(stream));
	bus_group_close(g);
	/* a reader that is killed leaves it, at the latest with its lease */
	shared->go = true;
	shared->done = 0;
	pid = apart(join_it, stream);
	CHECK(await_done(1));
	g = group(stream, "g");
	CHECK(bus_group_join(g, &seq, &fault) < 0 &&
	    fault.status == EX_TEMPFAIL);
	kill_now(pid);
	for (end = clock_ms() + wait_ms; bus_group_join(g, &seq, &fault) < 0;
	    pause_a_bit())
		NEED(clock_ms() < end);
	bus_group_close(g);
}

static void
ask_seek(void)
{
	const char *stream = fresh("seek");
	struct bus_where start = { .seq = 0 }, beyond = { .seq = 0 };
	struct bus_group *g = group(stream, "g"), *reader;
	uint64_t seq, at = 0;

	fill(stream, 1, 5, 1);
	NEED(g != NULL);
	CHECK(bus_group_seek(g, &start, 0, &seq, &fault) < 0 &&
	    fault.status == BUS_NO_GROUP);
	CHECK(bus_group_seek(g, &bus_where_end, BUS_SEEK_CREATE, &seq,
	    &fault) == 0 && seq == end_of(stream));
	CHECK(bus_group_sought(g, seq));
	CHECK(bus_group_set(g, 0, &fault) == 0);
	CHECK(!bus_group_sought(g, 0));
	beyond.seq = end_of(stream) + 1;
	CHECK(bus_group_seek(g, &beyond, 0, &seq, &fault) < 0 &&
	    fault.status == EX_USAGE);
	CHECK(bus_group_seek(g, &bus_where_end, BUS_SEEK_DRY_RUN, &seq,
	    &fault) == 0 && seq == end_of(stream));
	CHECK(bus_group_get(g, &seq, &fault) == 1 && seq == 0);
	bus_group_close(g);
	/* while somebody reads */
	reader = group(stream, "g");
	CHECK(bus_group_join(reader, &at, &fault) == 0);
	g = group(stream, "g");
	CHECK(bus_group_seek(g, &bus_where_end, 0, &seq, &fault) < 0 &&
	    fault.status == EX_TEMPFAIL);
	bus_group_close(reader);
	bus_group_close(g);
}

static void
ask_forget(void)
{
	const char *stream = fresh("forget");
	struct bus_group *g = group(stream, "g"), *reader;
	uint64_t seq = 0;

	fill(stream, 1, 5, 1);
	CHECK(bus_group_forget(g, false, &fault) < 0 &&
	    fault.status == BUS_NO_GROUP);
	reader = group(stream, "g");
	NEED(bus_group_join(reader, &seq, &fault) == 0);
	CHECK(bus_group_forget(g, false, &fault) < 0 &&
	    fault.status == EX_TEMPFAIL);
	bus_group_close(reader);
	CHECK(bus_group_forget(g, true, &fault) == 0);
	CHECK(bus_group_get(g, &seq, &fault) == 1);
	bus_group_close(g);
	g = group(stream, "g");
	CHECK(bus_group_forget(g, false, &fault) == 0);
	CHECK(bus_group_get(g, &seq, &fault) == 0);
	bus_group_close(g);
}

static void
ask_prune(void)
{
	const char *stream = fresh("prune");
	struct bus_prune p = { .keep_bytes = 0 };
	struct bus_group *g = group(stream, "g");
	struct walk slow, k;
	uint64_t half = 0, from, to;
	unsigned batch;

	setenv("MFX_BUS_SEGMENT", "1000", 1);
	fill(stream, 1, 100, 1);
	unsetenv("MFX_BUS_SEGMENT");
	walk_begin(&k, stream, 0);
	for (batch = 1; batch <= 50; batch++, half = k.line.seq)
		NEED(walk_batch(&k) == batch);
	walk_end(&k);
	CHECK(bus_group_set(g, half, &fault) == 0);
	walk_begin(&slow, stream, 0);
	CHECK(walk_batch(&slow) == 1);
	half = slow.line.seq;
	/* past what no group needs, and no further */
	CHECK(bus_prune(bus, stream, &p, &fault) == 0);
	CHECK(p.held > 0 && strcmp(p.group, "g") == 0 && p.segments > 0);
	CHECK(bus_group_get(g, &to, &fault) == 1);
	walk_begin(&k, stream, to);
	CHECK(walk_batch(&k) == 51 && !bus_reader_gone(k.r, &from, &to));
	walk_end(&k);
	/* one that had not read so far is told */
	walk_begin(&k, stream, half);
	batch = walk_batch(&k);
	CHECK(batch > 2 && batch <= 51);
	CHECK(bus_reader_gone(k.r, &from, &to) && from == half && to > from);
	CHECK(!bus_reader_gone(k.r, &from, &to));
	walk_end(&k);
	walk_end(&slow);
	p = (struct bus_prune){ .keep_bytes = 0, .past_groups = true };
	CHECK(bus_prune(bus, stream, &p, &fault) == 0 && p.segments > 0);
	walk_begin(&k, stream, 0);
	CHECK(walk_batch(&k) > 51);
	walk_end(&k);
	bus_group_close(g);
}

/* ---- waiting ---- */

static int
write_on_go(void *arg)
{
	while (!shared->go)
		pause_a_bit();
	fill(arg, 1, 1, 1);
	return 0;
}

/* the fd says that there is more; then the first line can be read */
static void
check_woken(struct bus_reader *r)
{
	struct pollfd p = { .events = POLLIN, .fd = bus_reader_watch(r) };
	struct bus_lines run;
	int64_t end = clock_ms() + wait_ms;
	int got = 0;

	NEED(p.fd >= 0 && bus_read(r, &run, &fault) == 0);
	CHECK(poll(&p, 1, 0) == 0);
	shared->go = true;
	/* it may be readable before the line is there */
	while (got == 0 && clock_ms() < end) {
		NEED(poll(&p, 1, wait_ms) == 1);
		CHECK(bus_wait(r, -1, 0) == 1);
		got = bus_read(r, &run, &fault);
	}
	CHECK(got == 1);
}

static void
ask_watch(void)
{
	char stream[BUS_NAME_MAX + 1];
	struct bus_reader *r;
	pid_t pid;
	int i;

	snprintf(stream, sizeof stream, "%s", fresh("watch"));
	/* one that is not there, and then one that is */
	for (i = 0; i < 2; i++) {
		shared->go = false;
		pid = apart(write_on_go, stream);
		NEED(bus_reader_open(&r, bus, stream, i ? UINT64_MAX : 0,
		    &fault) == 0);
		check_woken(r);
		bus_reader_close(r);
		shared->go = true;
		CHECK(ended(pid) == 0);
	}
}

static void
ask_await(void)
{
	char stream[BUS_NAME_MAX + 1];
	pid_t pid;

	snprintf(stream, sizeof stream, "%s", fresh("await"));
	shared->go = true;
	pid = apart(write_on_go, stream);
	CHECK(bus_await(bus, stream, -1, &fault) == 1);
	CHECK(ended(pid) == 0);
	CHECK(bus_exists(bus, stream, &fault) == 0);
}

static int
wait_for_signal(void *arg)
{
	struct bus_reader *r;
	int n = 1;

	signal_catch(false);
	if (bus_reader_open(&r, bus, arg, UINT64_MAX, &fault) < 0)
		return 2;
	while (n > 0) {
		shared->done = 1;
		n = bus_wait(r, -1, -1);
	}
	return n < 0 && errno == EINTR && signal_stop() ? 0 : 3;
}

static void
ask_signal(void)
{
	char stream[BUS_NAME_MAX + 1];
	pid_t pid;

	snprintf(stream, sizeof stream, "%s", fresh("signal"));
	fill(stream, 1, 1, 1);
	shared->done = 0;
	pid = apart(wait_for_signal, stream);
	CHECK(await_done(1));
	kill(pid, SIGTERM);
	CHECK(ended(pid) == 0);
}

static void
ask_out(void)
{
	const char *stream = fresh("out");
	struct bus_reader *r;
	int fds[2];

	fill(stream, 1, 1, 1);
	NEED(pipe(fds) == 0);
	close(fds[0]);
	NEED(bus_reader_open(&r, bus, stream, UINT64_MAX, &fault) == 0);
	NEED(bus_reader_watch(r) >= 0);
	CHECK(bus_wait(r, -1, 0) == 0);
	CHECK(bus_wait(r, fds[1], -1) == -1 && errno == EPIPE);
	bus_reader_close(r);
	close(fds[1]);
}

/* ---- no room ---- */

static void
ask_full(const char *ballast)
{
	const char *stream = fresh("full");
	struct bus_writer *w = writer(stream);
	unsigned last[2], batch = 1;
	uint64_t seq;

	NEED(w != NULL);
	while (batch < 100000 && put_batch(w, 1, batch, 1 + batch % 4,
	    &seq) == 0)
		batch++;
	CHECK(fault.status == EX_TEMPFAIL);
	check_batches(stream, last, 1, false);
	CHECK(last[1] == batch - 1);
	CHECK(bus_check(w, &fault) < 0 && fault.status == EX_TEMPFAIL);
	NEED(unlink(ballast) == 0);
	CHECK(put_batch(w, 1, batch, 1 + batch % 4, &seq) == 0);
	check_batches(stream, last, 1, false);
	CHECK(last[1] == batch);
	bus_writer_close(w);
}

int
main(int argc, char **argv)
{
	char dir[] = "/tmp/mfx-conformance-XXXXXX", command[64];
	unsigned seed = (unsigned)getpid();

	url = argc > 1 ? argv[1] : mkdtemp(dir);
	if (getenv("WAIT_MS") != NULL)
		wait_ms = (int)strtol(getenv("WAIT_MS"), NULL, 10);
	if (getenv("SEED") != NULL)
		seed = (unsigned)strtoul(getenv("SEED"), NULL, 10);
	printf("# SEED=%u\n", seed);
	srand(seed);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (url == NULL || shared == MAP_FAILED ||
	    bus_open(&bus, url, &fault) < 0)
		return 1;
	break_it(bus);
	ASK("lines come in the order they were appended in")
		ask_order();
	ASK("a reader at a position has the lines after it")
		ask_positions();
	ASK("a time is the position before its first line")
		ask_time();
	ASK("only whole lines are appended")
		ask_forms();
	ASK("names that could lead elsewhere are refused")
		ask_names();
	ASK("a question makes no stream, and a writer does")
		ask_streams();
	ASK("the lag is what comes after a position")
		ask_lag();
	ASK("each line is in one part of a stream, whatever their number")
		ask_shards();
	ASK("a batch stays together while many append")
		ask_many();
	ASK("kill -9 of a writer loses nothing and tears no line")
		ask_killed();
	ASK("a copy is made once, whenever it is killed")
		ask_once();
	ASK("a group has one source")
		ask_one_source();
	ASK("a group is where it was moved")
		ask_groups();
	ASK("a group has one reader, until that ends or is killed")
		ask_join();
	ASK("the last lines are found")
		ask_last();
	ASK("a group is moved by hand while nobody reads")
		ask_seek();
	ASK("a group is forgotten while nobody reads")
		ask_forget();
	ASK("what a group needs is not pruned, and readers are told")
		ask_prune();
	ASK("the fd of a reader tells of more")
		ask_watch();
	ASK("a stream that is not there yet is awaited")
		ask_await();
	ASK("a signal ends a wait")
		ask_signal();
	ASK("a wait ends when the reader of the output is gone")
		ask_out();
	if (argc > 2) {
		ASK("a full bus takes nothing in part, and goes on with room")
			ask_full(argv[2]);
	}
	bus_close(bus);
	if (argc < 2) {
		snprintf(command, sizeof command, "rm -rf %s", dir);
		CHECK(system(command) == 0);
	}
	return unit_end();
}
