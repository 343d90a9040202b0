/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulates devices: SenML packs of many things, as payloads or, with
 * --channel, as the lines that an adapter would make of them.  The same
 * options, seed and --start give the same bytes on every machine, as all is
 * integer arithmetic.  A slow reader slows it down; with --rate it then catches
 * up, and drops nothing.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/line.h"
#include "base/memory.h"
#include "base/os.h"
#include "base/program.h"
#include "base/run.h"
#include "base/signal.h"
#include "base/utf8.h"
#include "base/wide.h"
#include "cmd/gen/device.h"
#include "line/route.h"
#include "line/topic.h"

static struct {
	int64_t seed, things, records, rate, count, duration, start, every;
	struct opt_list channels, publishers;
	const char *protocol, *subtopic;
} opt = {
	.seed = 1, .things = 10, .records = 3, .count = INT64_MAX,
	.duration = INT64_MAX, .start = INT64_MIN,
};

static const struct opt options[] = {
	{ 's', "seed", "N", "choose the devices; the same seed gives the same "
	    "data",
	    OPT_INT(&opt.seed, 0, INT64_MAX) },
	{ 0, "things", "N", "number of devices, which take turns (default: 10)",
	    OPT_INT(&opt.things, 1, 1000000) },
	{ 0, "records", "N", "number of records in each pack (default: 3)",
	    OPT_INT(&opt.records, 1, 10000) },
	{ 0, "rate", "N", "packs per second; 0 is as fast as possible "
	    "(default: 0)",
	    OPT_INT(&opt.rate, 0, 100000000), .former = 'r' },
	{ 'n', "count", "N", "stop after N packs",
	    OPT_INT(&opt.count, 0, INT64_MAX), .former = 'c' },
	{ 0, "duration", "DURATION", "stop when the packs span this much time",
	    OPT_DURATION(&opt.duration, 0, INT64_MAX) },
	{ 0, "start", "TIME", "time of the first pack (default: that of the "
	    "clock)",
	    OPT_TIME(&opt.start) },
	{ 0, "every", "DURATION", "with --start: time between two packs of a "
	    "device",
	    OPT_DURATION(&opt.every, 1, INT64_MAX) },
	{ 0, "channel", "CHANNEL", "write routing labels, with this channel",
	    OPT_LIST(&opt.channels) },
	{ 0, "publisher", "THING", "label publisher, the id of a thing "
	    "(default: made up)",
	    OPT_LIST(&opt.publishers) },
	{ 0, "protocol", "NAME", "label protocol (default: http)",
	    OPT_STRING(&opt.protocol) },
	{ 0, "subtopic", "TEXT", "label subtopic (default: none)",
	    OPT_STRING(&opt.subtopic) },
	OPT_END
};

static const struct program program = {
	.name = "mfx-gen",
	.summary = "generate messages as devices send them",
	.options = options,
};

static struct buf subtopic;	/* --subtopic with dots between its levels */
static struct device *things;

static void
gen_put_labels(struct buf *b, const struct device *d, struct stamp t)
{
	const struct opt_list *c = &opt.channels, *p = &opt.publishers;
	char id[DEVICE_ID];
	struct route r = {
		.channel = str_z(c->v[d->index % (uint64_t)c->n]),
		.publisher = { id, sizeof id },
		.protocol = str_z(opt.protocol),
		.subtopic = buf_str(&subtopic),
		.received = t, .has_received = true,
	};

	if (p->n > 0)
		r.publisher = str_z(p->v[d->index % (uint64_t)p->n]);
	else
		device_id(d, id);
	route_put(b, &r);
}

static void
gen_put_pack(struct buf *b, struct device *d, struct stamp t)
{
	buf_put_str(b, STR("[{"));
	if (opt.channels.n > 0)
		gen_put_labels(b, d, t);
	device_put(b, d, t, (int)opt.records);
	buf_put_str(b, STR("}]\n"));
}

/* k times `unit` / `parts`, at most INT64_MAX; `parts` is below 2^32 */
static int64_t
gen_scaled(int64_t k, int64_t unit, int64_t parts)
{
	struct wide ns = wide_product((uint64_t)k, (uint64_t)unit);

	wide_divide(&ns, (uint32_t)parts);
	return ns.high > 0 || ns.low > INT64_MAX ? INT64_MAX : (int64_t)ns.low;
}

/* The time of the k-th pack; false when there is none. */
static bool
gen_pack_time(int64_t k, struct stamp first, struct stamp *t)
{
	int64_t passed;

	if (k >= opt.count)
		return false;
	if (opt.start == INT64_MIN) {
		*t = stamp_now();
		passed = t->ns - first.ns;
	} else {
		passed = opt.every == 0 && opt.rate > 0 ?
		    gen_scaled(k, STAMP_SECOND, opt.rate) :
		    gen_scaled(k, opt.every ? opt.every : STAMP_SECOND,
		    opt.things);
		if (__builtin_add_overflow(first.ns, passed, &t->ns))
			return false;
	}
	return passed < opt.duration;
}

/*
 * Waits until the k-th pack is due.  Deadlines count from the beginning, so
 * when one wait is too long the next is shorter.  False when asked to stop, or
 * when the output is broken.
 */
static bool
gen_wait_turn(struct out *out, int64_t begin, int64_t k)
{
	int64_t left;

	if (opt.rate == 0)
		return k % 256 != 0 || !signal_stop();
	while ((left = begin + gen_scaled(k, STAMP_SECOND, opt.rate) -
	    clock_ns()) > 0) {
		struct timespec ts = {
			left / STAMP_SECOND, left % STAMP_SECOND
		};

		if (out_flush(out) < 0)
			return false;
		os_poll(NULL, 0, &ts, signal_mask());
		if (signal_stop())
			return false;
	}
	return true;
}

static void
gen_run(struct out *out)
{
	struct stamp t, first = { opt.start };
	int64_t k, begin = clock_ns();

	if (opt.start == INT64_MIN)
		first = stamp_now();
	for (k = 0; gen_wait_turn(out, begin, k) &&
	    gen_pack_time(k, first, &t); k++) {
		gen_put_pack(&out->b, &things[k % opt.things], t);
		if (out_end(out) < 0)
			break;
	}
}

/* Labels are not escaped, so they must need no escape. */
static void
gen_check_label(const char *what, const char *z)
{
	struct str s = str_z(z);
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)z[i] <= ' ' || z[i] == 0x7f ||
		    z[i] == '"' || z[i] == '\\')
			break;
	if (i < s.n || s.n == 0 || s.n > 255 || !utf8_valid(s))
		program_misuse("--%s '%s': not 1 to 255 bytes without blanks, "
		    "control characters, quotes and backslashes", what, z);
}

static void
gen_check_labels(void)
{
	const char *why;
	int i;

	if (opt.channels.n == 0 && (opt.publishers.n > 0 || opt.protocol ||
	    opt.subtopic))
		program_misuse("--publisher, --protocol and --subtopic need "
		    "--channel");
	if (opt.protocol == NULL)
		opt.protocol = "http";
	gen_check_label("protocol", opt.protocol);
	for (i = 0; i < opt.channels.n; i++)
		gen_check_label("channel", opt.channels.v[i]);
	for (i = 0; i < opt.publishers.n; i++)
		gen_check_label("publisher", opt.publishers.v[i]);
	buf_init(&subtopic, 2 * SUBTOPIC_MAX);
	why = subtopic_put(&subtopic, str_z(opt.subtopic));
	if (why != NULL)
		program_misuse("--subtopic '%s': %s", opt.subtopic, why);
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), status = 0;
	struct out out;

	if (opt.every > 0 && opt.start == INT64_MIN)
		program_misuse("--every needs --start");
	gen_check_labels();
	run_open(program.name, 0);
	out_init(&out, STDOUT_FILENO, "<stdout>", LINE_LIMIT);
	things = memory_zero((size_t)opt.things, sizeof *things);
	for (i = 0; i < opt.things; i++)
		device_init(&things[i], (uint64_t)opt.seed, (uint64_t)i);
	gen_run(&out);
	status = out_finish(&out, status);
	out_release(&out);
	buf_release(&subtopic);
	free(things);
	return status;
}
