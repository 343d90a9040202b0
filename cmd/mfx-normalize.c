/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SenML in, resolved records out, one a line.  The order of packs is kept;
 * inside a pack records come in order of time.  A pack that breaks a rule is
 * refused as a whole; of a stream, the records before the error have been
 * written.  In lines, a payload that is not SenML is passed on as it is:
 * nothing is dropped because of its format.
 */
#include <inttypes.h>

#include "base/diag.h"
#include "base/filter.h"
#include "base/program.h"
#include "bus/dead.h"
#include "line/decoded.h"
#include "line/mark.h"
#include "senml/decode.h"
#include "senml/unit.h"

static struct {
	int type;			/* of codecs[]; CODECS_NAMED: lines */
	const char *rejects;
	int64_t now, expand;
	bool input_order, lax, primary, each;
} opt = { .type = CODECS_NAMED, .expand = PACK_EXPAND };

static const struct opt options[] = {
	{ 't', "type", CODEC_WORDS "|lines",
	    "input format (default: lines)", OPT_ENUM(&opt.type) },
	{ 0, "now", "TIME", "what relative times count from (default: "
	    "received, or the clock)", OPT_TIME(&opt.now) },
	{ 0, "input-order", NULL, "do not sort a pack by time",
	    OPT_FLAG(&opt.input_order) },
	{ 0, "max-expand", "N", "let names and units of a pack take at most N "
	    "times its size and 1 MiB (default: 16)",
	    OPT_INT(&opt.expand, 1, 1000000) },
	{ 0, "primary-units", NULL, "convert secondary units (RFC 8798)",
	    OPT_FLAG(&opt.primary) },
	{ 0, "lax", NULL, "accept common mistakes of devices",
	    OPT_FLAG(&opt.lax) },
	FILTER_REJECTS(&opt.rejects),
	FILTER_UNBUFFERED(&opt.each, "write each record at once"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-normalize",
	.summary = "resolve SenML packs into single records",
	.operands = "[FILE ...]",
	.options = options,
};

static struct filter f;
static struct decoded decoded;	/* of a line */
static struct pack *const pack = &decoded.pack;	/* of a document */
static struct decoder decoder;	/* of everything but lines */
static struct mark mark;

static struct stamp
normalize_now(void)
{
	return (struct stamp){ opt.now };
}

/* Puts the records of a pack; NULL, or why the pack is refused after all. */
static const char *
normalize_put_records(const struct route *route, struct pack *from)
{
	const char *why = opt.primary ? pack_to_primary(from) : NULL;

	if (why != NULL)
		return why;
	if (!pack_put_lines(&f.out.b, route, from))
		return "pack too large when resolved";
	f.out.lines += from->n > 1 ? from->n - 1 : 0;
	return NULL;
}

static const char *
normalize_resolve_line(struct str line)
{
	struct route route;
	const char *why = decoded_parse(&decoded, line, normalize_now(),
	    &route);

	if (why != NULL)
		return why;
	if (decoded.note != NULL)
		filter_note(&f, DECODED_NOTE, decoded.note);
	mark_before(&mark, &route);
	return normalize_put_records(&route, decoded.records);
}

static void
normalize_run_lines(void)
{
	const char *why;
	struct str line;

	while (filter_next(&f, &line)) {
		pack->at = 0;
		if ((why = normalize_resolve_line(line)) != NULL) {
			out_cancel(&f.out);
			mark_refuse(&mark, &f, line, why, pack->at + 1);
		}
		out_end(&f.out);
	}
}

static void
normalize_run_items(void)
{
	static const struct route nowhere = { .has_seq = false };
	const char *why;
	struct str item;

	while (filter_next(&f, &item)) {
		if ((why = decode_next(&decoder, item)) == NULL)
			why = normalize_put_records(&nowhere, pack);
		if (why != NULL) {
			out_cancel(&f.out);
			filter_reject(&f, item, why, pack->at + 1);
		}
		out_end(&f.out);
	}
}

/* Reports what the RFC refuses and --lax accepted. */
static void
normalize_say_tolerated(void)
{
	static const char *const what[LAX_KINDS] = {
		[LAX_NAME] = "names that start with no letter or digit",
		[LAX_NUMBER_TEXT] = "numbers sent as strings",
		[LAX_DATA_TEXT] = "data values sent as text",
		[LAX_NO_VALUE] = "records without a value",
	};
	int i;

	for (i = 0; i < LAX_KINDS; i++) {
		uint64_t n = pack->tolerated[i] +
		    decoded.payload.tolerated[i];

		if (n > 0)
			diag_warning("taken: %" PRIu64 " %s", n, what[i]);
	}
}

static void
normalize_set_pack(struct pack *p)
{
	p->expand = (size_t)opt.expand;
	p->input_order = opt.input_order;
	p->lax = opt.lax;
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv);
	bool lines = opt.type == CODECS_NAMED;

	decoded_init(&decoded);
	decode_init(&decoder, lines ? &codec_json : codecs[opt.type], pack);
	decoder.now = normalize_now();
	dead_letters(NULL);
	if (filter_init(&f, argv + i, opt.rejects,
	    lines ? NULL : &decoder.cut) < 0)
		return filter_finish(&f);
	f.out.each = opt.each;
	mark_init(&mark, &f.out);
	normalize_set_pack(pack);
	normalize_set_pack(&decoded.payload);
	if (lines)
		normalize_run_lines();
	else
		normalize_run_items();
	normalize_say_tolerated();
	decode_release(&decoder);
	decoded_release(&decoded);
	return filter_finish(&f);
}
