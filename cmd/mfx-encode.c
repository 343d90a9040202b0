/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in, SenML packs or one open stream out, with base fields so that
 * they are small: the inverse of mfx-normalize.  Records of one route keep
 * their order.  A message that SenML can't express is refused as a whole.  A
 * position on the bus is passed on when everything up to it, and nothing
 * more, has been written.
 */
#include "base/filter.h"
#include "base/program.h"
#include "bus/dead.h"
#include "cmd/encode/packer.h"
#include "line/mark.h"
#include "line/records.h"

#define BYTES (INT64_C(1) << 20)
#define EVERY_MAX (INT64_C(10) * 366 * 86400 * STAMP_SECOND)

static struct {
	int type;		/* of codecs[] */
	int64_t records, bytes, every;
	bool lines, payload, each;
	const char *rejects;
} opt = { .bytes = BYTES, .every = -1 };

static const struct opt options[] = {
	{ 't', "type", CODEC_WORDS, "output format: packs, or one stream of "
	    "SensML (default: json)", OPT_ENUM(&opt.type) },
	{ 'n', "records", "N", "at most N records in a pack (default: 100)",
	    OPT_INT(&opt.records, 1, INT64_MAX) },
	{ 0, "max-bytes", "SIZE", "at most this many bytes in a pack (default: "
	    "1M)",
	    OPT_SIZE(&opt.bytes, 1, 16 << 20) },
	{ 0, "every", "DURATION", "longest time that a pack spans and is held "
	    "(default: any span, held "
	    "1s)", OPT_DURATION(&opt.every, 0, EVERY_MAX) },
	{ 0, "lines", NULL, "write lines with labels, whatever the type",
	    OPT_FLAG(&opt.lines) },
	{ 0, "payload", NULL, "write bare packs, in JSON too",
	    OPT_FLAG(&opt.payload) },
	FILTER_REJECTS(&opt.rejects),
	FILTER_UNBUFFERED(&opt.each, "write each pack at once"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-encode",
	.summary = "make SenML packs from single records",
	.operands = "[FILE ...]",
	.options = options,
};

static struct filter f;
static struct packer packer;
static struct pack pack;

/* Called before a read that could block. */
static void
encode_tick(void *arg)
{
	(void)arg;
	packer_tick(&packer);
	f.in.timeout = packer.wait;
}

static void
encode_take(struct str line)
{
	struct route route;
	size_t column = 0;
	const char *why;

	why = pack_parse_line(&pack, line, (struct stamp){ 0 }, &route);
	if (why != NULL)
		column = pack.at + 1;
	else
		why = packer_add(&packer, &route, pack.records, pack.n);
	if (why != NULL &&
	    refused_position(&f, line, why, column, &route))
		packer_skip(&packer, &route);
}

/* Applies the options, before any file is opened. */
static void
encode_begin(void)
{
	const struct senml_codec *codec = codecs[opt.type];

	if (opt.lines && opt.payload)
		program_misuse("give --lines or --payload, not both");
	if (codec->stream && (opt.lines || opt.records > 0 ||
	    opt.bytes != BYTES || opt.every >= 0))
		program_misuse("a stream has no packs: no --lines, --records, "
		    "--max-bytes, --every");
	packer_init(&packer, codec, &f.out);
	packer.lines = opt.lines || (codec == &codec_json && !opt.payload);
	packer.bytes = (size_t)opt.bytes;
	if (!codec->stream)
		packer.records = opt.records > 0 ? (size_t)opt.records : 100;
	if (opt.every >= 0)
		packer.hold = packer.span = opt.every;
	pack_init(&pack);
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), r;
	struct str line;

	encode_begin();
	dead_letters(NULL);
	if (filter_init(&f, argv + i, opt.rejects, NULL) < 0)
		return filter_finish(&f);
	f.out.each = opt.each;
	f.out.late = encode_tick;
	while ((r = filter_next(&f, &line)) != 0) {
		if (r == LINE_IDLE)
			packer_flush(&packer);
		else
			encode_take(line);
	}
	packer_end(&packer);
	packer_release(&packer);
	pack_release(&pack);
	return filter_finish(&f);
}
