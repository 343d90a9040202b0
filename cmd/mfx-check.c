/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports errors in SenML as a compiler does: errors are what mfx-normalize
 * refuses, warnings what it accepts although it should not have been sent.
 */
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/escape.h"
#include "base/filter.h"
#include "base/program.h"
#include "cmd/check/check.h"
#include "line/message.h"
#include "line/records.h"
#include "senml/decode.h"

/* bytes of device text in a message */
#define SUBJECT_MAX 64

static struct {
	int type;			/* of codecs[]; CODECS_NAMED: lines */
	bool strict;
} opt = { .type = CODECS_NAMED };

static const struct opt options[] = {
	{ 't', "type", CODEC_WORDS "|lines",
	    "input format (default: lines)", OPT_ENUM(&opt.type) },
	{ 0, "strict", NULL, "exit 65 on warnings, too",
	    OPT_FLAG(&opt.strict) },
	OPT_END
};

static const struct program program = {
	.name = "mfx-check",
	.summary = "report errors in SenML",
	.operands = "[FILE ...]",
	.options = options,
};

static struct filter f;
static struct check check;
static struct pack pack, inner;
static struct decoder decoder;		/* of everything but lines */
static struct str item;			/* being checked */
static uint64_t taken, errors, warnings;

/* place: level: what 'subject' */
static void
check_say(const char *level, size_t column, const char *what,
    struct str subject)
{
	struct buf *b = &f.out.b;

	filter_place(&f, item, column, b);
	buf_printf(b, ": %s: %s", level, what);
	if (subject.p != NULL) {
		buf_puts(b, " '");
		escape_put(b, (struct str){ subject.p,
		    subject.n < SUBJECT_MAX ? subject.n : SUBJECT_MAX });
		buf_puts(b, subject.n > SUBJECT_MAX ? "…'" : "'");
	}
	buf_putc(b, '\n');
	out_end(&f.out);
}

static void
check_say_warning(void *arg, size_t at, const char *what, struct str subject)
{
	(void)arg;
	warnings++;
	if (diag_shows(DIAG_WARNING))
		check_say("warning", at == CHECK_NOWHERE ? 0 : at + 1, what,
		    subject);
}

static void
check_refuse(const char *why, size_t column)
{
	errors++;
	check_say("error", column, why, STR_NONE);
}

/* The payload that a line carries as data; it has no place in the line. */
static const char *
check_payload(void)
{
	const struct senml_codec *codec;
	const struct record *data;
	struct route route;
	const char *why;

	pack.watch = NULL;
	why = pack_parse_line(&pack, item, (struct stamp){ 0 }, &route);
	pack.watch = &check.watch;
	if (why != NULL)
		return why;
	pack.at = PACK_NOWHERE;
	/* the payload as data, in a pack of one record */
	data = pack.records;
	codec = codec_find(data->ct);
	if (codec == NULL)
		return NULL;
	check_text(&check, STR_NONE);
	why = decode_pack(codec, &inner, data->value, route.received);
	if (why == NULL)
		check_end(&check, &inner);
	return why;
}

static const char *
check_pack(const char *why)
{
	if (why == NULL)
		check_end(&check, &pack);
	return why;
}

static const char *
check_line(void)
{
	struct route route;

	check_begin(&check);
	if (message_is_wrapped(item))
		return check_payload();
	check_text(&check, item);
	if (line_is_mark(item, &route))
		return NULL;
	return check_pack(pack_parse_line(&pack, item, (struct stamp){ 0 },
	    &route));
}

static void
check_run_lines(void)
{
	const char *why;

	while (filter_next(&f, &item)) {
		pack.at = 0;
		if ((why = check_line()) != NULL)
			check_refuse(why, pack.at + 1);
		else
			taken++;
	}
}

static void
check_run_items(void)
{
	const char *why;

	while (filter_next(&f, &item)) {
		if (decode_begins(&decoder))
			check_begin(&check);
		check_text(&check, item);
		if ((why = decode_next(&decoder, item)) != NULL) {
			check_refuse(why, pack.at + 1);
			continue;
		}
		taken++;
		if (!decoder.codec->stream)
			check_end(&check, &pack);
	}
}

static void
check_open(void)
{
	check_init(&check, check_say_warning, NULL);
	pack_init(&pack);
	pack_init(&inner);
	pack.watch = inner.watch = &check.watch;
	pack.input_order = inner.input_order = true;
}

static int
check_finish(void)
{
	check_release(&check);
	decode_release(&decoder);
	pack_release(&pack);
	pack_release(&inner);
	diag_info("%" PRIu64 " taken, %" PRIu64 " errors, %" PRIu64
	    " warnings", taken, errors, warnings);
	if (f.status == 0 && (errors > 0 || (opt.strict && warnings > 0)))
		f.status = EX_DATAERR;
	return filter_finish(&f);
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv);
	bool lines = opt.type == CODECS_NAMED;

	check_open();
	decode_init(&decoder, lines ? &codec_json : codecs[opt.type], &pack);
	if (!lines)
		check.where = &pack.at;
	if (filter_init(&f, argv + i, NULL,
	    lines ? NULL : &decoder.cut) < 0)
		return filter_finish(&f);
	/* it checks the file, not what is sent later */
	f.whole_files = true;
	if (lines)
		check_run_lines();
	else
		check_run_items();
	return check_finish();
}
