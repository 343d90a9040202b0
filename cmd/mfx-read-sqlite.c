/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings out of a file that mfx-write-sqlite fills, as resolved lines in
 * order of time.  It only reads, also while a writer is at work, and sees
 * the store as it was when it began.
 */
#include <sysexits.h>

#include "base/diag.h"
#include "base/filter.h"
#include "base/program.h"
#include "line/records.h"
#include "store/sqlite/sqlite.h"

static struct query query = QUERY_ALL;
static struct match_texts texts;

static const struct opt options[] = {
	QUERY_OPTIONS(texts, query),
	OPT_END
};

static const struct program program = {
	.name = "mfx-read-sqlite",
	.summary = "print readings from a SQLite file",
	.synopsis = "[options] FILE",
	.options = options,
};

static void
show_plan(struct sqlite_reader *reader)
{
	struct buf plan;
	const char *line;

	if (!diag_shows(DIAG_DEBUG))
		return;
	buf_init(&plan, LINE_LIMIT);
	sqlite_reader_plan(reader, &plan);
	buf_putc(&plan, '\0');
	for (line = plan.p; *line != '\0'; line += strcspn(line, "\n") + 1)
		diag_debug("plan: %.*s", (int)strcspn(line, "\n"), line);
	buf_release(&plan);
}

/* 1: something was found, 0: nothing, -1: an error */
static int
print_records(struct sqlite_reader *reader, struct out *out,
    struct fault *fault)
{
	struct route route;
	struct record record;
	int r, found = 0;

	while ((r = sqlite_reader_next(reader, &route, &record, fault)) > 0) {
		record_put_line(&out->b, &route, &record);
		if (out_end(out) < 0)
			return 1;
		found = 1;
	}
	return r < 0 ? -1 : found;
}

static int
print_count(struct sqlite_reader *reader, struct out *out,
    struct fault *fault)
{
	uint64_t n;

	if (sqlite_reader_count(reader, &n, fault) < 0)
		return -1;
	buf_put_u64(&out->b, n);
	buf_putc(&out->b, '\n');
	out_end(out);
	return n > 0;
}

static int
answer(struct sqlite_reader *reader)
{
	static char *no_files[] = { NULL };
	struct filter f;
	struct fault fault;
	uint64_t n;
	int r, status;

	filter_init(&f, no_files, NULL, NULL);
	r = (query.count ? print_count : print_records)(reader, &f.out,
	    &fault);
	status = filter_finish(&f);
	if (r < 0)
		return diag_fault(&fault);
	if ((n = sqlite_reader_beyond(reader)) > 0) {
		diag_warning("%llu records are left out: a sum or an average "
		    "is out of the range of a double",
		    (unsigned long long)n);
		return status ? status : EX_DATAERR;
	}
	return status ? status : r == 0;
}

int
main(int argc, char **argv)
{
	int status, i = program_start(&program, argc, argv);
	struct sqlite_reader *reader;
	struct fault fault;
	const char *why, *what = NULL;

	if (argv[i] == NULL || argv[i][0] == '\0' || argv[i + 1] != NULL)
		program_misuse(&program, "missing FILE");
	if (query.every > 0 && query.aggregate == AGGREGATE_NONE)
		program_misuse(&program, "--every needs --aggregate");
	if ((why = match_read(&query.match, &texts, &what)) != NULL)
		program_misuse(&program, "'%s': %s", what, why);
	if (sqlite_reader_open(&reader, argv[i], &query, &fault) < 0)
		return diag_fault(&fault);
	show_plan(reader);
	status = answer(reader);
	sqlite_reader_close(reader);
	return status;
}
