/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks after the bus: what is on it, who has read how far, what may go.
 * Only prune, seek and forget change anything, and only what they name.
 */
#include <sysexits.h>

#include "base/diag.h"
#include "base/listing.h"
#include "base/program.h"
#include "bus/bus.h"

static struct {
	bool human, past_groups, dry_run;
	int64_t keep_bytes, keep_age;
} opt = { .keep_bytes = -1 };

static struct listing listing;
static int status;

static const struct opt list_options[] = {
	{ 'H', "human", NULL, "a table for people",
	    OPT_FLAG, &opt.human, 0, 0 },
	OPT_END
};

static const struct opt prune_options[] = {
	{ 0, "keep-bytes", "SIZE", "remove while a stream has more than this",
	    OPT_SIZE, &opt.keep_bytes, 0, 0 },
	{ 0, "keep-age", "DURATION", "remove what was last written before",
	    OPT_DURATION, &opt.keep_age, 1, 0 },
	{ 0, "past-groups", NULL, "also what groups have not read",
	    OPT_FLAG, &opt.past_groups, 0, 0 },
	{ 'n', "dry-run", NULL, "only say what would be removed",
	    OPT_FLAG, &opt.dry_run, 0, 0 },
	OPT_END
};

static const struct opt no_options[] = { OPT_END };

/* Calls fn for each stream named, or for all, and ends the listing. */
static int
for_streams(char **names, bus_stream_fn *fn)
{
	struct fault fault;
	int written;

	if (*names == NULL && bus_streams(fn, NULL, &fault) < 0)
		status = diag_fault(&fault);
	for (; *names != NULL; names++)
		if (fn(NULL, *names, &fault) < 0)
			status = diag_fault(&fault);
	written = listing_finish(&listing);
	return written ? written : status;
}

static void
put_group(void *arg, const char *group, uint64_t seq, const char *bad)
{
	const char *stream = arg;
	struct fault fault;
	uint64_t lag = 0;

	if (bad != NULL) {
		diag_error("%s", bad);
		status = EX_DATAERR;
		return;
	}
	if (bus_lag(stream, seq, &lag, &fault) < 0) {
		status = diag_fault(&fault);
		return;
	}
	listing_text(&listing, "stream", stream);
	listing_text(&listing, "group", group);
	listing_number(&listing, "seq", seq);
	listing_number(&listing, "lag", lag);
	listing_end(&listing);
}

static int
list_groups(void *arg, const char *stream, struct fault *fault)
{
	(void)arg;
	return bus_groups(stream, put_group, (void *)(uintptr_t)stream,
	    fault);
}

static int
groups(char **operands)
{
	static const char *const heads[] = {
		"stream", "group", "seq", "lag", NULL
	};

	listing_begin(&listing, opt.human, heads);
	return for_streams(operands, list_groups);
}

struct lags {
	const char *stream;
	struct buf text;	/* {"store":0,"live":310} or "store 0, …" */
};

static void
add_lag(void *arg, const char *group, uint64_t seq, const char *bad)
{
	struct lags *l = arg;
	struct fault fault;
	uint64_t lag;

	if (bad != NULL || bus_lag(l->stream, seq, &lag, &fault) < 0) {
		diag_error("%s", bad ? bad : fault.text);
		status = EX_DATAERR;
		return;
	}
	if (l->text.n > 1)
		buf_puts(&l->text, opt.human ? ", " : ",");
	buf_printf(&l->text, opt.human ? "%s %llu" : "\"%s\":%llu", group,
	    (unsigned long long)lag);
}

static int
put_lags(const char *stream, struct fault *fault)
{
	struct lags l = { .stream = stream };
	int r;

	buf_init(&l.text, (size_t)1 << 20);
	if (!opt.human)
		buf_putc(&l.text, '{');
	r = bus_groups(stream, add_lag, &l, fault);
	if (!opt.human)
		buf_putc(&l.text, '}');
	listing_raw(&listing, "groups", buf_str(&l.text), buf_str(&l.text));
	buf_release(&l.text);
	return r;
}

static int
stat_stream(void *arg, const char *stream, struct fault *fault)
{
	struct bus_extent x;

	(void)arg;
	if (bus_extent(stream, &x, fault) < 0)
		return -1;
	listing_text(&listing, "stream", stream);
	listing_number(&listing, "segments", x.segments);
	listing_number(&listing, "bytes", x.bytes);
	listing_number(&listing, "first", x.first);
	listing_number(&listing, "last", x.last);
	listing_time(&listing, "oldest", x.oldest, x.has_oldest);
	listing_time(&listing, "newest", x.newest, x.has_newest);
	if (put_lags(stream, fault) < 0)
		return -1;
	listing_end(&listing);
	return 0;
}

static int
stat_all(char **operands)
{
	static const char *const heads[] = {
		"stream", "segments", "bytes", "first", "last", "oldest",
		"newest", "groups and lag", NULL
	};

	listing_begin(&listing, opt.human, heads);
	return for_streams(operands, stat_stream);
}

static int
prune_stream(void *arg, const char *stream, struct fault *fault)
{
	struct bus_prune p = {
		.keep_bytes = opt.keep_bytes, .past_groups = opt.past_groups,
		.dry_run = opt.dry_run
	};

	(void)arg;
	if (opt.keep_age > 0)
		p.older.ns = stamp_now().ns - opt.keep_age;
	if (bus_prune(stream, &p, fault) < 0)
		return -1;
	if (p.held > 0)
		diag_warning("%s: %llu segments are kept for group '%s'",
		    stream, (unsigned long long)p.held, p.group);
	listing_text(&listing, "stream", stream);
	listing_number(&listing, "segments", p.segments);
	listing_number(&listing, "bytes", p.bytes);
	listing_number(&listing, "first", p.first);
	listing_end(&listing);
	return 0;
}

static int
prune(char **operands)
{
	if (opt.keep_bytes < 0 && opt.keep_age == 0) {
		diag_error("prune: give --keep-bytes, --keep-age or both");
		return EX_USAGE;
	}
	if (*operands == NULL) {
		diag_error("prune: name the streams");
		return EX_USAGE;
	}
	listing_begin(&listing, false, NULL);
	return for_streams(operands, prune_stream);
}

static void
tell(void *arg, const char *what)
{
	(void)arg;
	diag_error("%s", what);
}

static int
verify_stream(void *arg, const char *stream, struct fault *fault)
{
	struct bus_health h;

	if (bus_verify(stream, &h, tell, arg, fault) < 0)
		return -1;
	if (h.damage > 0)
		status = EX_DATAERR;
	if (h.torn > 0)
		diag_warning("%s: %llu bytes are the rest of a killed "
		    "writer's last write", stream,
		    (unsigned long long)h.torn);
	listing_text(&listing, "stream", stream);
	listing_number(&listing, "segments", h.segments);
	listing_number(&listing, "lines", h.lines);
	listing_number(&listing, "bytes", h.bytes);
	listing_number(&listing, "torn", h.torn);
	listing_number(&listing, "damage", h.damage);
	listing_end(&listing);
	return 0;
}

static int
verify(char **operands)
{
	listing_begin(&listing, false, NULL);
	return for_streams(operands, verify_stream);
}

static int
seek(char **operands)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	struct bus_where where;
	struct fault fault;

	if (operands[0] == NULL || operands[1] == NULL ||
	    operands[2] != NULL || !bus_where_parse(operands[1], &where)) {
		diag_error("seek: STREAM/GROUP and start, end, a position or "
		    "a time are wanted");
		return EX_USAGE;
	}
	if (bus_group_parse(operands[0], stream, group, &fault) < 0 ||
	    bus_group_seek(stream, group, &where, &fault) < 0)
		return diag_fault(&fault);
	return 0;
}

static int
forget(char **operands)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	struct fault fault;
	int known;

	if (*operands == NULL) {
		diag_error("forget: name the groups");
		return EX_USAGE;
	}
	for (; *operands != NULL; operands++) {
		if (bus_group_parse(*operands, stream, group, &fault) < 0 ||
		    (known = bus_group_forget(stream, group, &fault)) < 0) {
			status = diag_fault(&fault);
		} else if (known == 0) {
			diag_error("%s: no such group", *operands);
			status = 1;
		}
	}
	return status;
}

static const struct verb verbs[] = {
	{ "stat", "[-H] [STREAM ...]", "what is on the bus",
	    list_options, stat_all },
	{ "groups", "[-H] [STREAM ...]", "who has read how far",
	    list_options, groups },
	{ "seek", "STREAM/GROUP WHERE", "move a group to start, end, a "
	    "position or a time", no_options, seek },
	{ "forget", "STREAM/GROUP ...", "remove groups", no_options, forget },
	{ "prune", "[options] STREAM ...", "remove old segments",
	    prune_options, prune },
	{ "verify", "[STREAM ...]", "read all and say what is damaged",
	    no_options, verify },
	{ NULL, NULL, NULL, NULL, NULL }
};

static const struct program program = {
	.name = "mfx-bus",
	.summary = "look after the bus and its streams",
	.synopsis = "VERB [options] [operand ...]",
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	return program_verb(&program, argc, argv);
}
