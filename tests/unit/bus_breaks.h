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

static int
append_twice(struct bus_writer *w, struct str lines, struct bus_source *s,
    uint64_t *seq, struct fault *f)
{
	return real->append(w, lines, s, seq, f) < 0 ? -1 :
	    real->append(w, lines, NULL, seq, f);
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
	return real->append(w, lines, s, seq, f);
}

/* line by line: others come between */
static int
append_apart(struct bus_writer *w, struct str lines, struct bus_source *s,
    uint64_t *seq, struct fault *f)
{
	struct str line;

	while (str_take_line(&lines, &line)) {
		line.n++;
		if (real->append(w, line, s, seq, f) < 0)
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
	int r = kept.n > 0 ? real->append(w, buf_str(&kept), s, seq, f) : 0;

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
	return real->append(w, lines, NULL, seq, f);
}

static int
append_refused(struct bus_writer *w, struct str lines, struct bus_source *s,
    uint64_t *seq, struct fault *f)
{
	int r = real->append(w, lines, s, seq, f);

	if (r < 0)
		f->status = EX_IOERR;
	return r;
}

/* the first two lines change places */
static int
read_swapped(struct bus_reader *r, struct bus_lines *run, struct fault *f)
{
	static char text[1 << 20];
	int got = real->read(r, run, f);
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
	int got = real->read(r, run, f);
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
	int got = real->read(r, run, f);

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

	return real->watch(r) < 0 || pipe(fds) < 0 ? -1 : fds[0];
}

static int
put_nothing(struct bus_group *g, uint64_t seq, enum bus_put how,
    struct fault *f)
{
	return how == BUS_PUT_MOVE ? 0 : real->group_put(g, seq, how, f);
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

	if (real->writer_open(&w, b, stream, BUS_SYNC_NONE, f) == 0)
		real->writer_close(w);
	return real->exists(b, stream, f);
}

static const struct {
	const char *name;
	struct bus_driver with;	/* what is not NULL is done so */
} breaks[] = {
	{ "twice", { .append = append_twice } },
	{ "less", { .append = append_less } },
	{ "apart", { .append = append_apart } },
	{ "later", { .append = append_later } },
	{ "always", { .append = append_always } },
	{ "refused", { .append = append_refused } },
	{ "swapped", { .read = read_swapped } },
	{ "shifted", { .read = read_shifted } },
	{ "untold", { .read = read_untold } },
	{ "find", { .find = find_start } },
	{ "watch", { .watch = watch_nothing } },
	{ "put", { .group_put = put_nothing } },
	{ "lease", { .group_lease = lease_all } },
	{ "remove", { .group_remove = remove_none } },
	{ "sought", { .group_sought = sought_always } },
	{ "prune", { .prune = prune_all } },
	{ "lag", { .lag = lag_none } },
	{ "exists", { .exists = exists_made } },
};

#define BROKEN(what)							\
	do {								\
		if (with->what != NULL)					\
			broken.what = with->what;			\
	} while (0)

static void
break_it(struct bus *b)
{
	const char *name = getenv("BREAK");
	const struct bus_driver *with = NULL;
	size_t i;

	for (i = 0; name != NULL && i < sizeof breaks / sizeof *breaks; i++)
		if (strcmp(name, breaks[i].name) == 0)
			with = &breaks[i].with;
	CHECK(name == NULL || with != NULL);
	if (with == NULL)
		return;
	real = b->driver;
	broken = *real;
	BROKEN(append);
	BROKEN(read);
	BROKEN(find);
	BROKEN(watch);
	BROKEN(group_put);
	BROKEN(group_lease);
	BROKEN(group_remove);
	BROKEN(group_sought);
	BROKEN(prune);
	BROKEN(lag);
	BROKEN(exists);
	b->driver = &broken;
}

#endif
