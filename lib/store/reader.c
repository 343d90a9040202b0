/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings out of a store, as resolved lines in order of time.  It only
 * reads, also while a writer is at work, and sees the store as it was when it
 * began.
 */
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/filter.h"
#include "base/program.h"
#include "line/records.h"

struct reader {
	const struct store_driver *store;
	void *handle;
	struct query query;
};

static void
reader_show_plan(struct reader *r)
{
	struct buf plan;
	const char *line;

	if (r->store->explain == NULL || !diag_shows(DIAG_DEBUG))
		return;
	buf_init(&plan, LINE_LIMIT);
	r->store->explain(r->handle, &plan);
	buf_putc(&plan, '\0');
	for (line = plan.p; *line != '\0'; line += strcspn(line, "\n") + 1)
		diag_debug("plan: %.*s", (int)strcspn(line, "\n"), line);
	buf_release(&plan);
}

/* 1: something was found, 0: nothing, -1: an error */
static int
reader_print_records(struct reader *r, struct out *out, struct fault *fault)
{
	struct route route;
	struct record record;
	int got, found = 0;

	while ((got = r->store->next(r->handle, &route, &record,
	    fault)) > 0) {
		record_put_line(&out->b, &route, &record);
		if (out_end(out) < 0)
			return 1;
		found = 1;
	}
	return got < 0 ? -1 : found;
}

static int
reader_print_count(struct reader *r, struct out *out, struct fault *fault)
{
	uint64_t n;

	if (r->store->count(r->handle, &n, fault) < 0)
		return -1;
	buf_put_u64(&out->b, n);
	buf_putc(&out->b, '\n');
	out_end(out);
	return n > 0;
}

static int
reader_answer(struct reader *r)
{
	static char *no_files[] = { NULL };
	struct filter f;
	struct fault fault;
	uint64_t n;
	int got, status;

	filter_init(&f, no_files, NULL, NULL);
	got = (r->query.count ? reader_print_count : reader_print_records)(r,
	    &f.out, &fault);
	status = filter_finish(&f);
	if (got < 0)
		return diag_fault(&fault);
	if ((n = r->store->beyond(r->handle)) > 0) {
		diag_warning("%" PRIu64 " records are left out: a sum or an "
		    "average is out of the range of a double", n);
		return status ? status : EX_DATAERR;
	}
	return status ? status : got == 0;
}

int
store_read_main(const struct store_driver *store, int argc, char **argv)
{
	static struct reader reader = { .query = QUERY_ALL };
	static struct match_texts texts;
	static const struct opt options[] = {
		QUERY_OPTIONS(texts, reader.query), OPT_END
	};
	static const struct store_watch watch;
	static char name[64];
	struct program program = {
		.name = name, .summary = store->read_summary,
		.operands = store->operand, .options = options,
	};
	const char *why, *what = NULL;
	struct fault fault;
	int i, status;

	snprintf(name, sizeof name, "mfx-read-%s", store->name);
	reader.store = store;
	i = program_start(&program, argc, argv);
	if (reader.query.every > 0 &&
	    reader.query.aggregate == AGGREGATE_NONE)
		program_misuse("--every needs --aggregate");
	if ((why = match_read(&reader.query.match, &texts, &what)) != NULL)
		program_misuse("'%s': %s", what, why);
	if (store->open_reader(&reader.handle, argv[i], &reader.query, &watch,
	    &fault) < 0)
		return diag_fault(&fault);
	reader_show_plan(&reader);
	status = reader_answer(&reader);
	store->close_reader(reader.handle);
	return status;
}
