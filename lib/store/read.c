/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings out of a store, as resolved lines in order of time.  It only
 * reads, also while a writer is at work.
 */
#include <inttypes.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/filter.h"
#include "line/records.h"
#include "store/place.h"
#include "store/reader.h"
#include "store/resume.h"
#include "store/serve.h"

static void
read_show_plan(struct reader *r)
{
	struct buf plan;
	const char *line;

	if (!diag_shows(DIAG_DEBUG))
		return;
	buf_init(&plan, LINE_LIMIT);
	reader_explain(r, &plan);
	buf_putc(&plan, '\0');
	for (line = plan.p; *line != '\0'; line += strcspn(line, "\n") + 1)
		diag_debug("plan: %.*s", (int)strcspn(line, "\n"), line);
	buf_release(&plan);
}

/* 1: something was found, 0: nothing, -1: an error */
static int
read_records(struct reader *r, struct out *out, struct fault *fault)
{
	struct route route;
	struct record record;
	int got, found = 0;

	while ((got = reader_next(r, &route, &record, fault)) > 0) {
		record_put_line(&out->b, &route, &record);
		if (out_end(out) < 0)
			return 1;
		found = 1;
	}
	return got < 0 ? -1 : found;
}

/* the same with positions */
static int
read_resumed(struct reader *r, struct out *out, struct fault *fault)
{
	struct resume resume;
	struct route route;
	struct record record;
	int got, found = 0;

	resume_init(&resume, r);
	while ((got = resume_next(&resume, &route, &record, fault)) > 0) {
		record_put_line(&out->b, &route, &record);
		found = 1;
		if (out_end(out) < 0)
			break;
	}
	resume_release(&resume);
	return got < 0 ? -1 : found;
}

static int
read_count(struct reader *r, struct out *out, struct fault *fault)
{
	uint64_t n;

	if (reader_count(r, &n, fault) < 0)
		return -1;
	buf_put_u64(&out->b, n);
	buf_putc(&out->b, '\n');
	out_end(out);
	return n > 0;
}

static int
read_answer(struct reader *r, const struct query *query, bool positions)
{
	static char *no_files[] = { NULL };
	struct filter f;
	struct fault fault;
	uint64_t n;
	int got, status;

	if (reader_ask(r, query, &fault) < 0)
		return diag_fault(&fault);
	read_show_plan(r);
	filter_init(&f, no_files, NULL, NULL);
	got = (query->count ? read_count : positions ? read_resumed :
	    read_records)(r, &f.out, &fault);
	status = filter_finish(&f);
	if (got < 0)
		return diag_fault(&fault);
	if ((n = reader_beyond(r)) > 0) {
		diag_warning("%" PRIu64 SERVE_BEYOND, n);
		return status ? status : EX_DATAERR;
	}
	return status ? status : got == 0;
}

/* does no option say what is wanted? */
static bool
read_asks_all(const struct query *q, const struct match_texts *t)
{
	bool any = t->units.n > 0 || t->values.n > 0;
	int i;

	for (i = 0; i < MATCH_LABELS; i++)
		any = any || t->labels[i].n > 0;
	return !any && q->match.from == INT64_MIN &&
	    q->match.to == INT64_MAX && q->limit < 0 && q->offset == 0 &&
	    q->every == 0 && q->aggregate == AGGREGATE_NONE && !q->count &&
	    q->order == QUERY_ASC;
}

/* The same in each run, and in order of time: so positions can be given. */
static void
read_check_resume(const char *group, const struct query *q, bool batch)
{
	struct fault fault;

	if (batch || q->count || q->aggregate != AGGREGATE_NONE ||
	    q->order != QUERY_ASC || q->limit >= 0 || q->offset > 0)
		program_misuse("--resume: not with --aggregate, --batch, "
		    "--count, --limit, --offset or --order desc");
	if (resume_check(group, &fault) < 0)
		program_misuse("--resume: %s", fault.text);
}

int
store_read_main(const struct store_driver *store, int argc, char **argv)
{
	static struct query query = QUERY_ALL;
	static struct match_texts texts;
	static bool batch;
	static const char *resume;
	static const struct opt frame[] = {
		QUERY_OPTIONS(texts, query),
		{ 0, "batch", NULL, "answer queries from stdin, one a line",
		    OPT_FLAG(&batch) },
		{ 0, "resume", "STREAM/GROUP", "go on after this group of a "
		    "sink, and write positions for it", OPT_STRING(&resume) },
		OPT_END
	};
	static const struct store_watch watch;
	struct opt options[STORE_OPTIONS_MAX];
	struct store_program p = { .program = {
		.summary = store->read_summary,
		.options = store_options(options, frame, store->read_options)
	} };
	struct reader *reader;
	struct fault fault;
	int status;

	store_program_start(&p, store, "read", argc, argv);
	if (batch && !read_asks_all(&query, &texts))
		program_misuse("--batch: queries come from stdin, not from "
		    "options");
	if (resume != NULL)
		read_check_resume(resume, &query, batch);
	if (batch)
		return store_serve(store, p.place);
	if (query.every > 0 && query.aggregate == AGGREGATE_NONE)
		program_misuse("--every needs --aggregate");
	if (match_read(&query.match, &texts, &fault) < 0)
		program_misuse("%s", fault.text);
	if (resume != NULL &&
	    resume_from(resume, &query.match.from, &fault) < 0)
		return diag_fault(&fault);
	reader = reader_new(store, p.place, &watch);
	status = read_answer(reader, &query, resume != NULL);
	reader_close(reader);
	return status;
}
