/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/bus.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "bus/dir/writer.h"
#include "tests/unit/unit.h"

static struct fault fault;
static struct bus *bus;

static struct str
line(const char *z)
{
	return (struct str){ z, strlen(z) };
}

static void
test_names(void)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	char text[2 * BUS_NAME_MAX + 4];

	CHECK(bus_name_valid(STR("raw")));
	CHECK(bus_name_valid(STR("0.a_B-c")));
	CHECK(!bus_name_valid(STR("")));
	CHECK(!bus_name_valid(STR(".a")));
	CHECK(!bus_name_valid(STR("a/b")));
	CHECK(!bus_name_valid(STR("a\0b")));
	CHECK(!bus_name_valid(STR("\xc3\xa4")));
	CHECK(!bus_name_valid(STR("g.12.new")));
	CHECK(bus_group_parse("raw/store", stream, group, &fault) == 0);
	CHECK(strcmp(stream, "raw") == 0 && strcmp(group, "store") == 0);
	CHECK(bus_group_parse("raw", stream, group, &fault) < 0);
	CHECK(bus_group_parse("raw/", stream, group, &fault) < 0);
	CHECK(bus_group_parse("/x", stream, group, &fault) < 0);
	CHECK(bus_group_parse("a/b/c", stream, group, &fault) < 0);
	CHECK(fault.status == EX_USAGE);
	CHECK(bus_operand_parse("raw", stream, group, &fault) == 0);
	CHECK(group[0] == '\0');
	/* the longest names just fit */
	memset(text, 'x', sizeof text);
	text[BUS_NAME_MAX] = '/';
	text[2 * BUS_NAME_MAX + 1] = '\0';
	CHECK(bus_group_parse(text, stream, group, &fault) == 0);
	text[2 * BUS_NAME_MAX + 1] = 'x';
	text[2 * BUS_NAME_MAX + 2] = '\0';
	CHECK(bus_group_parse(text, stream, group, &fault) < 0);
}

static void
test_where(void)
{
	struct bus_where w;

	CHECK(bus_where_parse("start", &w) && !w.by_time && w.seq == 0);
	CHECK(bus_where_parse("end", &w) && w.seq == UINT64_MAX);
	CHECK(bus_where_parse("4711", &w) && !w.by_time && w.seq == 4711);
	CHECK(bus_where_parse("@4711", &w) && w.by_time &&
	    w.time.ns == 4711 * STAMP_SECOND);
	CHECK(bus_where_parse("2023-11-14", &w) && w.by_time);
	CHECK(bus_where_parse("-1h", &w) && w.by_time);
	CHECK(!bus_where_parse("", &w));
	CHECK(!bus_where_parse("yesterday", &w));
	CHECK(!bus_where_parse("18446744073709551615", &w) || w.by_time);
	CHECK(!bus_where_parse("99999999999999999999999", &w));
}

/* what comes off the bus of a line */
static void
check_line(const char *on, const char *off)
{
	struct buf b;

	buf_init(&b, 4096);
	bus_line_put(&b, line(on), 9);
	CHECK(b.n == strlen(off) && memcmp(b.p, off, b.n) == 0);
	buf_release(&b);
}

static void
test_labels(void)
{
	check_line("{\"n\":\"a\"}", "{\"seq\":9,\"n\":\"a\"}\n");
	check_line("[{\"n\":\"a\"}]", "[{\"seq\":9,\"n\":\"a\"}]\n");
	/* nothing that a label could stand in */
	check_line("x", "x\n{\"seq\":9}\n");
	check_line("{}", "{}\n{\"seq\":9}\n");
	check_line("[", "[\n{\"seq\":9}\n");
	check_line("", "\n{\"seq\":9}\n");
	CHECK(bus_line_check(STR("{\"n\":\"a\"}")) == NULL);
	CHECK(bus_line_check(STR("[{\"n\":\"a\"}]")) == NULL);
	CHECK(bus_line_check(STR("[{\"n\":\"a\"}")) != NULL);
	CHECK(bus_line_check(STR("{\"")) != NULL);
	CHECK(bus_line_check(STR("")) != NULL);
	CHECK(bus_line_check(STR("{\"n\":\"\0\"}")) != NULL);
}

static void
test_times(void)
{
	struct stamp t;

	CHECK(bus_line_time(STR("{\"received\":5,\"n\":\"a\",\"t\":7}"), &t));
	CHECK(t.ns == 5 * STAMP_SECOND);
	CHECK(bus_line_time(STR("{\"n\":\"a\",\"t\":-7.5,\"ut\":1}"), &t));
	CHECK(t.ns == -7500000000);
	/* as others write it */
	CHECK(bus_line_time(STR("{\"n\": \"a\", \"t\": 0, \"v\": 1}"), &t));
	CHECK(t.ns == 0);
	CHECK(bus_line_time(STR("{\"t\":1.5e1,\"vs\":\"\\u00e9\"}"), &t));
	CHECK(t.ns == 15 * STAMP_SECOND);
	CHECK(!bus_line_time(STR("[{\"n\":\"a\",\"t\":7}]"), &t));
	CHECK(!bus_line_time(STR("{\"vs\":\",\\\"t\\\":7\"}"), &t));
	CHECK(!bus_line_time(STR("{\"n\":\"a\",\"t\":}"), &t));
	CHECK(!bus_line_time(STR("{\"n\":\"a\",\"t\":"), &t));
	CHECK(!bus_line_time(STR(""), &t));
}

static void
test_shards(void)
{
	struct bus_shard s;

	CHECK(bus_shard_parse("2/3", &s) && s.i == 2 && s.n == 3);
	CHECK(!bus_shard_parse("0/3", &s));
	CHECK(!bus_shard_parse("4/3", &s));
	CHECK(!bus_shard_parse("3", &s));
	CHECK(!bus_shard_parse("1/", &s));
	s = (struct bus_shard){ 1, 1 };
	CHECK(bus_shard_has(&s, STR("c1")));
	CHECK(bus_shard_has(&s, STR_NONE));
	/* for ever, computed elsewhere: a channel stays in its part */
	s = (struct bus_shard){ 3, 5 };
	CHECK(bus_shard_has(&s, STR("c1")));
}

/* A write that fails in its middle: nothing is there, and no position that
 * a reader may have seen is used again. */
static void
test_failed_write(void)
{
	static const char text[] =
	    "{\"n\":\"a\",\"v\":1}\n{\"n\":\"a\",\"v\":2}\n";
	struct rlimit whole, some = { 40, 40 };
	struct bus_writer *w;
	struct bus_reader *r;
	struct bus_lines lines;
	uint64_t seq;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &whole);
	some.rlim_max = whole.rlim_max;
	CHECK(bus_writer_open(&w, bus, "fails", BUS_SYNC_NONE, &fault) == 0);
	CHECK(bus_append(w, STR("{\"n\":\"a\"}\n"), NULL, &seq, &fault) == 0);
	CHECK(seq == 10);
	setrlimit(RLIMIT_FSIZE, &some);
	CHECK(bus_append(w, line(text), NULL, &seq, &fault) < 0);
	setrlimit(RLIMIT_FSIZE, &whole);
	CHECK(bus_append(w, line(text), NULL, &seq, &fault) == 0);
	CHECK(seq == (UINT64_C(1) << 36) + strlen(text));
	bus_writer_close(w);

	CHECK(bus_reader_open(&r, bus, "fails", 0, &fault) == 0);
	CHECK(bus_read(r, &lines, &fault) == 1);
	CHECK(lines.rest.n == 10 && lines.seq == 0);
	CHECK(bus_read(r, &lines, &fault) == 1);
	CHECK(lines.rest.n == strlen(text) &&
	    lines.seq == UINT64_C(1) << 36);
	CHECK(bus_read(r, &lines, &fault) == 0);
	bus_reader_close(r);
	/* one that had read what was taken back */
	CHECK(bus_reader_open(&r, bus, "fails", 26, &fault) == 0);
	CHECK(bus_read(r, &lines, &fault) == 1);
	CHECK(lines.seq == UINT64_C(1) << 36);
	bus_reader_close(r);
}

static void
append_ten(struct bus_writer *w)
{
	uint64_t seq;

	CHECK(bus_append(w, STR("{\"n\":\"a\"}\n"), NULL, &seq, &fault) == 0);
}

static void
test_turns(void)
{
	struct bus_writer *a, *b;
	struct bus_health health;
	uint64_t seq;
	int i;

	CHECK(bus_writer_open(&a, bus, "held", BUS_SYNC_ALWAYS, &fault) == 0);
	CHECK(bus_writer_open(&b, bus, "held", BUS_SYNC_NONE, &fault) == 0);
	for (i = 0; i < 100; i++) {
		struct bus_writer *w = i % 2 ? a : b;

		struct str two = STR("{\"n\":\"a\"}\n{\"n\":\"b\"}\n");

		CHECK(bus_append_each(w, &two, &fault) == 0 && two.n == 0);
		CHECK(bus_commit(w, &fault) == 0);
	}
	append_ten(b);
	CHECK(bus_append(a, STR("half"), NULL, &seq, &fault) < 0);
	CHECK(fault.status == EX_SOFTWARE);
	bus_writer_close(a);
	bus_writer_close(b);
	CHECK(bus_verify(bus, "held", &health, NULL, NULL, &fault) == 0);
	CHECK(health.lines == 201 && health.damage == 0);
}

static void
check_whole(const char *stream, uint64_t lines)
{
	struct bus_health health;

	CHECK(bus_verify(bus, stream, &health, NULL, NULL, &fault) == 0);
	CHECK(health.lines == lines);
	CHECK(health.damage == 0 && health.torn == 0);
}

/* in a child that has the lock, in the middle of a line, and is killed */
static void
die_holding(void)
{
	struct bus_writer *w;
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		char path[256];
		int fd;

		snprintf(path, sizeof path, "%s/killed/"
		    "00000000000000000000.ndjson", getenv("MFX_BUS"));
		fd = open(path, O_WRONLY | O_APPEND);
		/* a writer of its own: a lock may be an open file's */
		if (bus_writer_open(&w, bus, "killed", BUS_SYNC_NONE,
		    &fault) < 0 ||
		    lock_take((struct dir_writer *)w, &fault) < 0 ||
		    write(fd, "{\"n\"", 4) != 4)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
test_killed_holder(void)
{
	struct bus_writer *a, *b;
	uint64_t seq;

	CHECK(bus_writer_open(&a, bus, "killed", BUS_SYNC_NONE, &fault) == 0);
	CHECK(bus_writer_open(&b, bus, "killed", BUS_SYNC_NONE, &fault) == 0);
	append_ten(a);
	append_ten(b);
	die_holding();
	append_ten(a);
	CHECK(bus_append(b, STR("{\"n\":\"b\"}\n"), NULL, &seq, &fault) == 0);
	CHECK(seq == 40);
	bus_writer_close(a);
	bus_writer_close(b);
	check_whole("killed", 4);
}

/* A copy of the directory that was made while somebody held the lock, and
 * anything else that may be in its file. */
static void
test_stale_lock(void)
{
	struct bus_writer *w;
	char command[256];

	CHECK(bus_writer_open(&w, bus, "busy", BUS_SYNC_NONE, &fault) == 0);
	append_ten(w);
	CHECK(lock_take((struct dir_writer *)w, &fault) == 0);
	snprintf(command, sizeof command, "cp -r %s/busy %s/copied",
	    getenv("MFX_BUS"), getenv("MFX_BUS"));
	CHECK(system(command) == 0);
	lock_drop((struct dir_writer *)w);
	bus_writer_close(w);

	CHECK(bus_writer_open(&w, bus, "copied", BUS_SYNC_NONE, &fault) == 0);
	append_ten(w);
	bus_writer_close(w);
	check_whole("copied", 2);

	snprintf(command, sizeof command,
	    "head -c 4096 /dev/zero | tr '\\0' '\\377' >%s/copied/lock",
	    getenv("MFX_BUS"));
	CHECK(system(command) == 0);
	CHECK(bus_writer_open(&w, bus, "copied", BUS_SYNC_NONE, &fault) == 0);
	append_ten(w);
	bus_writer_close(w);
	check_whole("copied", 3);
}

/* somebody has removed all of it */
static void
test_removed(void)
{
	static const struct timespec pause = { .tv_nsec = 200000000 };
	struct bus_writer *w;
	char command[256];
	struct bus_health health;

	CHECK(bus_writer_open(&w, bus, "removed", BUS_SYNC_NONE, &fault) == 0);
	append_ten(w);
	snprintf(command, sizeof command, "rm %s/removed/*.ndjson",
	    getenv("MFX_BUS"));
	CHECK(system(command) == 0);
	/* it is seen within a tenth of a second */
	nanosleep(&pause, NULL);
	append_ten(w);
	bus_writer_close(w);
	CHECK(bus_verify(bus, "removed", &health, NULL, NULL, &fault) == 0);
	CHECK(health.lines == 1);
}

/* a sink moves a new group while its reader is about to make it */
static void
test_created_meanwhile(void)
{
	const struct bus_driver *d = bus->driver;
	struct bus_group *g, *other;
	uint64_t seq;

	CHECK(bus_group_open(&g, bus, "groups", "new", &fault) == 0);
	CHECK(d->group->put(g, 7, BUS_PUT_CREATE, &fault) == 0);
	CHECK(bus_group_get(g, &seq, &fault) == 1 && seq == 7);
	CHECK(bus_group_sought(g, 7));
	CHECK(bus_group_set(g, 9, &fault) == 0);
	CHECK(d->group->put(g, 0, BUS_PUT_CREATE, &fault) == 0);
	CHECK(bus_group_get(g, &seq, &fault) == 1 && seq == 9);
	CHECK(!bus_group_sought(g, 9));
	seq = 0;
	CHECK(bus_group_join(g, &seq, &fault) == 0 && seq == 9);
	CHECK(bus_group_open(&other, bus, "groups", "other", &fault) == 0);
	seq = 5;
	CHECK(bus_group_join(other, &seq, &fault) == 0 && seq == 5);
	bus_group_close(g);
	bus_group_close(other);
}

/* a sink goes on while somebody removes the stream */
static void
test_group_removed(void)
{
	struct bus_group *g, *other;
	char command[256];
	uint64_t seq;

	CHECK(bus_group_open(&g, bus, "gone", "g", &fault) == 0);
	CHECK(bus_group_set(g, 5, &fault) == 0);
	snprintf(command, sizeof command, "rm -r %s/gone", getenv("MFX_BUS"));
	CHECK(system(command) == 0);
	CHECK(bus_group_set(g, 7, &fault) == 0);
	CHECK(bus_group_open(&other, bus, "gone", "g", &fault) == 0);
	CHECK(bus_group_get(other, &seq, &fault) == 1 && seq == 7);
	bus_group_close(g);
	bus_group_close(other);
}

int
main(void)
{
	char dir[] = "/tmp/mfx-bus-XXXXXX", command[64];

	if (mkdtemp(dir) == NULL)
		return 1;
	setenv("MFX_BUS", dir, 1);
	CHECK(bus_open(&bus, NULL, &fault) == 0);
	TEST("names of streams and groups")
		test_names();
	TEST("positions: start, end, a seq, a time")
		test_where();
	TEST("a line off the bus has its seq, or a mark after it")
		test_labels();
	TEST("the time of a line is its received label, or t")
		test_times();
	TEST("a channel stays in its shard")
		test_shards();
	TEST("a write that fails in its middle leaves nothing")
		test_failed_write();
	TEST("two writers take turns with the lock")
		test_turns();
	TEST("the lock of a killed writer passes on")
		test_killed_holder();
	TEST("a lock file that was copied or damaged is made again")
		test_stale_lock();
	TEST("a removed segment is noticed, and another one begun")
		test_removed();
	TEST("a group made meanwhile keeps its position")
		test_created_meanwhile();
	TEST("a group is moved though its stream was removed")
		test_group_removed();
	bus_close(bus);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	CHECK(system(command) == 0);
	return unit_end();
}
