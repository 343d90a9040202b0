/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_TESTS_BUS_BREAKS_H
#define MFX_TESTS_BUS_BREAKS_H

#include <sched.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "bus/driver.h"
#include "tests/unit/unit.h"

/*
 * Drivers that do all as another one does, but for one thing: the conformance
 * tests have to notice.  break_it(bus) does so with what BREAK names.
 */
static const struct bus_driver *real;
static struct bus_driver broken;
static struct bus_writer_ops writer_ops;
static struct bus_reader_ops reader_ops;
static struct bus_group_ops group_ops;

static int
append_twice(struct bus_writer *w, struct str lines, struct bus_source *s,
    uint64_t *seq, struct fault *f)
{
	return real->writer->append(w, lines, s, seq, f) < 0 ? -1 :
	    real->writer->append(w, lines, NULL, seq, f);
}

/* the last line is lost */
static int
append_less(struct bus_writer *w, struct str lines, struct bus_source *s,
    uint64_t *seq, struct fault *f)
{
	size_t n = lines.n - 1;

	while (n > 0 && lines.p[n - 1] != '\n')
		n--;
	if (n > 0)
		lines.n = n;
	return real->writer->append(w, lines, s, seq, f);
}

/* line by line: others come between */
static int
append_apart(struct bus_writer *w, struct str lines, struct bus_source *s,
    uint64_t *seq, struct fault *f)
{
	struct str line;

	while (str_take_line(&lines, &line)) {
		line.n++;
		if (real->writer->append(w, line, s, seq, f) < 0)
			return -1;
		sched_yield();
	}
	return 0;
}

/* kept by the process until the next one comes */
static int
append_later(struct bus_writer *w, struct str lines, struct bus_source *s,
    uint64_t *seq, struct fault *f)
{
	static struct buf kept = { .max = (size_t)1 << 24 };
	int r = kept.n == 0 ? 0 :
	    real->writer->append(w, buf_str(&kept), s, seq, f);

	buf_clear(&kept);
	buf_put_str(&kept, lines);
	return r;
}

/* as if it did not matter where the lines come from */
static int
append_always(struct bus_writer *w, struct str lines, struct bus_source *s,
    uint64_t *seq, struct fault *f)
{
	(void)s;
	return real->writer->append(w, lines, NULL, seq, f);
}

static int
append_refused(struct bus_writer *w, struct str lines, struct bus_source *s,
    uint64_t *seq, struct fault *f)
{
	int r = real->writer->append(w, lines, s, seq, f);

	if (r < 0)
		f->status = EX_IOERR;
	return r;
}

/* the first two lines change places */
static int
read_swapped(struct bus_reader *r, struct bus_lines *run, struct fault *f)
{
	static char text[1 << 20];
	int got = real->reader->read(r, run, f);
	struct str rest = run->rest, a, b;

	if (got <= 0 || rest.n > sizeof text || !str_take_line(&rest, &a) ||
	    !str_take_line(&rest, &b))
		return got;
	memcpy(text, b.p, b.n + 1);
	memcpy(text + b.n + 1, a.p, a.n + 1);
	memcpy(text + a.n + b.n + 2, rest.p, rest.n);
	run->rest.p = text;
	return got;
}

/* each position is that of the line before */
static int
read_shifted(struct bus_reader *r, struct bus_lines *run, struct fault *f)
{
	static uint64_t seqs[1 << 16];
	int got = real->reader->read(r, run, f);
	struct bus_lines all = *run;
	struct bus_line line;
	size_t n = 0;

	for (seqs[n++] = run->seq; got > 0 && n < sizeof seqs / sizeof *seqs &&
	    bus_lines_next(&all, &line);)
		seqs[n++] = line.seq;
	if (got > 0)
		run->seqs = seqs;
	return got;
}

static int
read_untold(struct bus_reader *r, struct bus_lines *run, struct fault *f)
{
	int got = real->reader->read(r, run, f);

	r->gone_from = r->gone_to = 0;
	return got;
}

static int
find_start(struct bus *b, const char *stream, const struct bus_where *w,
    uint64_t *seq, struct fault *f)
{
	if (!w->by_time)
		return real->find(b, stream, w, seq, f);
	*seq = 0;
	return 0;
}

static int
watch_nothing(struct bus_reader *r)
{
	int fds[2];

	return real->reader->watch(r) < 0 || pipe(fds) < 0 ? -1 : fds[0];
}

static int
put_nothing(struct bus_group *g, uint64_t seq, enum bus_put how,
    struct fault *f)
{
	return how == BUS_PUT_MOVE ? 0 : real->group->put(g, seq, how, f);
}

static int
lease_all(struct bus_group *g, const char *role, struct fault *f)
{
	(void)g, (void)role, (void)f;
	return 0;
}

static int
remove_none(struct bus_group *g, struct fault *f)
{
	(void)g, (void)f;
	return 0;
}

static bool
sought_always(struct bus_group *g, uint64_t seq)
{
	(void)g, (void)seq;
	return true;
}

static int
prune_all(struct bus *b, const char *stream, struct bus_prune *p,
    struct fault *f)
{
	p->needed = UINT64_MAX;
	return real->prune(b, stream, p, f);
}

static int
lag_none(struct bus *b, const char *stream, uint64_t seq, uint64_t *lag,
    struct fault *f)
{
	(void)b, (void)stream, (void)seq, (void)f;
	*lag = 0;
	return 0;
}

static int
exists_made(struct bus *b, const char *stream, struct fault *f)
{
	struct bus_writer *w;

	if (real->writer->open(&w, b, stream, BUS_SYNC_NONE, f) == 0)
		real->writer->close(w);
	return real->exists(b, stream, f);
}

/* what is not NULL is done so */
static const struct {
	const char *name;
	struct bus_writer_ops writer;
	struct bus_reader_ops reader;
	struct bus_group_ops group;
	struct bus_driver with;
} breaks[] = {
	{ "twice", .writer.append = append_twice },
	{ "less", .writer.append = append_less },
	{ "apart", .writer.append = append_apart },
	{ "later", .writer.append = append_later },
	{ "always", .writer.append = append_always },
	{ "refused", .writer.append = append_refused },
	{ "swapped", .reader.read = read_swapped },
	{ "shifted", .reader.read = read_shifted },
	{ "untold", .reader.read = read_untold },
	{ "watch", .reader.watch = watch_nothing },
	{ "put", .group.put = put_nothing },
	{ "lease", .group.lease = lease_all },
	{ "remove", .group.remove = remove_none },
	{ "sought", .group.sought = sought_always },
	{ "find", .with.find = find_start },
	{ "prune", .with.prune = prune_all },
	{ "lag", .with.lag = lag_none },
	{ "exists", .with.exists = exists_made },
};

#define BREAKS (sizeof breaks / sizeof *breaks)
#define BROKEN(to, from)						\
	do {								\
		if ((from) != NULL)					\
			(to) = (from);					\
	} while (0)

static void
break_it(struct bus *b)
{
	const char *name = getenv("BREAK");
	size_t i = 0;

	if (name == NULL)
		return;
	while (i < BREAKS && strcmp(name, breaks[i].name) != 0)
		i++;
	CHECK(i < BREAKS);
	if (i == BREAKS)
		return;
	real = b->driver;
	broken = *real;
	writer_ops = *real->writer;
	reader_ops = *real->reader;
	group_ops = *real->group;
	broken.writer = &writer_ops;
	broken.reader = &reader_ops;
	broken.group = &group_ops;
	BROKEN(writer_ops.append, breaks[i].writer.append);
	BROKEN(reader_ops.read, breaks[i].reader.read);
	BROKEN(reader_ops.watch, breaks[i].reader.watch);
	BROKEN(group_ops.put, breaks[i].group.put);
	BROKEN(group_ops.lease, breaks[i].group.lease);
	BROKEN(group_ops.remove, breaks[i].group.remove);
	BROKEN(group_ops.sought, breaks[i].group.sought);
	BROKEN(broken.find, breaks[i].with.find);
	BROKEN(broken.prune, breaks[i].with.prune);
	BROKEN(broken.lag, breaks[i].with.lag);
	BROKEN(broken.exists, breaks[i].with.exists);
	b->driver = &broken;
}

#endif
