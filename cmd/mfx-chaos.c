/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on purpose, for tests of pipelines: messages pass byte for byte, and
 * now and then one is late, dropped, cut off, or the last thing before a kill.
 * Each line draws for each fault, whether asked for or not, so with one seed
 * the same lines meet the same faults.
 */
#include <signal.h>

#include "base/diag.h"
#include "base/filter.h"
#include "base/number.h"
#include "base/program.h"
#include "bus/dead.h"
#include "base/signal.h"
#include "json/number.h"
#include "line/mark.h"
#include "line/records.h"

enum fault_kind { FAULT_DROP, FAULT_DELAY, FAULT_STALL, FAULT_CUT, FAULT_DIE,
	FAULTS };

static struct {
	const char *odds[FAULTS];
	int64_t seed, after, most;
	const char *rejects;
	bool each;
} opt = { .seed = 1, .most = INT64_MAX };

static const struct opt options[] = {
	{ 0, "drop", "ODDS", "drop lines, such as 1% or 1/1000 of them; a mark "
	    "stays", OPT_STRING(&opt.odds[FAULT_DROP]) },
	{ 0, "delay", "ODDS:DURATION", "wait before a line, such as 1%:200ms; "
	    "what came before it is written", OPT_STRING(
	    &opt.odds[FAULT_DELAY]) },
	{ 0, "stall", "ODDS:DURATION", "do nothing at all for this long",
	    OPT_STRING(&opt.odds[FAULT_STALL]) },
	{ 0, "cut", "ODDS", "write a part of a line, and be killed",
	    OPT_STRING(&opt.odds[FAULT_CUT]) },
	{ 0, "die", "ODDS", "be killed before a line, with what is not "
	    "written yet", OPT_STRING(&opt.odds[FAULT_DIE]) },
	{ 's', "seed", "N", "the same seed gives the same faults (default: 1)",
	    OPT_INT(&opt.seed, 0, INT64_MAX) },
	{ 0, "after", "N", "pass the first N lines as they are",
	    OPT_INT(&opt.after, 0, INT64_MAX) },
	{ 0, "most", "N", "at most N faults", OPT_INT(&opt.most, 1,
	    INT64_MAX) },
	FILTER_REJECTS(&opt.rejects),
	FILTER_UNBUFFERED(&opt.each, "write each line at once"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-chaos",
	.summary = "pass messages on with faults, for tests",
	.operands = "[FILE ...]",
	.options = options,
};

static const char *const names[FAULTS] = { "drop", "delay", "stall", "cut",
    "die" };

/* when a draw of 64 bits is below `below`, or with `always` */
static struct {
	uint64_t below;
	bool always;
	int64_t ns;		/* DELAY, STALL */
} odds[FAULTS];

static struct filter f;
static struct mark mark;
static struct pack pack;
static uint64_t random_state;
static int64_t lines, faults;

/* ---- odds ---- */

/* "1%", "0.5%", "1/1000" as a share; -1 when it is not one */
static double
chaos_share(struct str text)
{
	const char *slash = memchr(text.p, '/', text.n);
	uint64_t a, b;
	double v = -1;

	if (slash != NULL) {
		size_t n = (size_t)(slash - text.p);

		if (number_digits((struct str){ text.p, n }, UINT32_MAX, &a) &&
		    number_digits(str_from(text, n + 1), UINT32_MAX, &b) &&
		    b > 0)
			v = (double)a / (double)b;
	} else if (text.n > 1 && text.p[text.n - 1] == '%') {
		text.n--;
		if (number_valid(text))
			v = number_value(text) / 100;
	}
	return v >= 0 && v <= 1 ? v : -1;
}

static void
chaos_read_odds(int i)
{
	bool lasts = i == FAULT_DELAY || i == FAULT_STALL;
	struct str text = str_z(opt.odds[i]);
	const char *colon = memchr(text.p, ':', text.n);
	struct str share = { text.p, colon ? (size_t)(colon - text.p) :
	    text.n };
	double v = chaos_share(share);

	if (v < 0 || lasts != (colon != NULL))
		program_misuse("--%s '%s': not odds such as %s", names[i],
		    opt.odds[i], lasts ? "1%:200ms or 1/1000:10s" :
		    "1% or 1/1000");
	if (lasts && (!duration_has_unit(str_z(colon + 1)) ||
	    !duration_parse(str_z(colon + 1), &odds[i].ns)))
		program_misuse("--%s '%s': '%s' is not a duration such as "
		    "200ms", names[i], opt.odds[i], colon + 1);
	odds[i].always = v >= 1;
	odds[i].below = odds[i].always ? 0 :
	    (uint64_t)(v * 18446744073709551616.0);
}

/* ---- faults ---- */

/* splitmix64 */
static uint64_t
chaos_draw(void)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* which faults this line meets: bits */
static unsigned
chaos_draw_all(void)
{
	unsigned met = 0;
	int i;

	for (i = 0; i < FAULTS; i++)
		if (chaos_draw() < odds[i].below || odds[i].always)
			met |= 1u << i;
	if (lines <= opt.after)
		return 0;
	for (i = 0; i < FAULTS; i++)
		if ((met & 1u << i) && faults++ >= opt.most)
			met &= ~(1u << i);
	return met;
}

static void
chaos_tell(enum fault_kind kind)
{
	diag_info("%s:%llu: %s", f.in.name, (unsigned long long)f.in.number,
	    names[kind]);
}

static void
chaos_wait(enum fault_kind kind)
{
	chaos_tell(kind);
	if (!signal_stop())
		signal_poll(NULL, 0, (int)(odds[kind].ns / 1000000 < INT32_MAX ?
		    odds[kind].ns / 1000000 : INT32_MAX));
}

static void
chaos_be_killed(enum fault_kind kind)
{
	chaos_tell(kind);
	raise(SIGKILL);
}

/* some of it, at least a byte, and not all */
static void
chaos_cut(struct str line)
{
	size_t n = line.n > 1 ? 1 + chaos_draw() % (line.n - 1) : line.n;

	out_flush(&f.out);
	buf_put(&f.out.b, line.p, n);
	out_end(&f.out);
	out_write(&f.out);
	chaos_be_killed(FAULT_CUT);
}

static void
chaos_pass(struct str line, const struct route *route)
{
	unsigned met = chaos_draw_all();

	if (met & 1u << FAULT_DIE)
		chaos_be_killed(FAULT_DIE);
	if (met & 1u << FAULT_DELAY) {
		out_flush(&f.out);
		chaos_wait(FAULT_DELAY);
	}
	if (met & 1u << FAULT_STALL)
		chaos_wait(FAULT_STALL);
	if (met & 1u << FAULT_DROP) {
		chaos_tell(FAULT_DROP);
		mark_drop(&mark, route);
		return;
	}
	mark_before(&mark, route);
	if (met & 1u << FAULT_CUT)
		chaos_cut(line);
	buf_put_str(&f.out.b, line);
	buf_putc(&f.out.b, '\n');
}

static void
chaos_take(struct str line)
{
	struct route route;
	const char *why = pack_parse_line(&pack, line, (struct stamp){ 0 },
	    &route);

	lines++;
	if (why != NULL)
		mark_refuse(&mark, &f, line, why, pack.at + 1);
	else if (line.p[0] == '{' && pack.n == 0)
		mark_drop(&mark, &route);	/* a mark */
	else
		chaos_pass(line, &route);
	out_end(&f.out);
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), k;
	struct str line;

	for (k = 0; k < FAULTS; k++)
		if (opt.odds[k] != NULL)
			chaos_read_odds(k);
	random_state = (uint64_t)opt.seed;
	dead_letters(NULL);
	if (filter_init(&f, argv + i, opt.rejects, NULL) < 0)
		return filter_finish(&f);
	f.out.each = opt.each;
	mark_init(&mark, &f.out);
	pack_init(&pack);
	while (filter_next(&f, &line))
		chaos_take(line);
	pack_release(&pack);
	return filter_finish(&f);
}
