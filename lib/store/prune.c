/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Old readings out of a store, in slices: between two of them the pruner
 * rests as long as the last one took, so that others have half of the store's
 * time, and looks whether it is to stop.
 */
#include <inttypes.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/listing.h"
#include "base/signal.h"
#include "store/place.h"
#include "store/reader.h"
#include "store/watch.h"

#define PRUNE_REST_MAX CLOCK_SECOND
/* between two looks of a person */
#define PRUNE_SHOW (CLOCK_SECOND / 4)

static struct {
	int64_t keep_age;
	struct match_texts texts;
	bool dry_run;
} prune_opt;

static void
prune_show(uint64_t removed, int64_t begun, int64_t *shown)
{
	int64_t now = clock_ns();

	if (now - *shown < PRUNE_SHOW)
		return;
	*shown = now;
	diag_progress("%" PRIu64 " readings removed  %.0f/s", removed,
	    (double)removed / (double)(now - begun) * CLOCK_SECOND);
}

/* until it is all done: 0, or -1 */
static int
prune_slices(const struct store_driver *store, void *pruner,
    const struct match *match, const struct store_watch *watch,
    uint64_t *removed, struct fault *fault)
{
	int64_t begun = clock_ns(), shown = begun, slice, took;
	int more;

	do {
		slice = clock_ns();
		more = store->prune(pruner, match, removed, fault);
		took = clock_ns() - slice;
		if (took > PRUNE_REST_MAX)
			took = PRUNE_REST_MAX;
		prune_show(*removed, begun, &shown);
	} while (more > 0 && store_wait(watch, -1, 0,
	    (int)(took / 1000000)) == 0);
	diag_progress_end();
	return more == 0 ? 0 : -1;
}

static int
prune_remove(const struct store_driver *store, const char *place,
    const struct match *match, uint64_t *removed, struct fault *fault)
{
	static const struct store_watch watch;
	void *pruner;
	int r;

	if (store->open_pruner(&pruner, place, &watch, fault) < 0)
		return -1;
	r = prune_slices(store, pruner, match, &watch, removed, fault);
	store->close_pruner(pruner);
	if (r < 0 && signal_stop())
		fault_set(fault, EX_TEMPFAIL, "asked to stop before the end: "
		    "%" PRIu64 " readings are removed; run it again",
		    *removed);
	return r;
}

static int
prune_count(const struct store_driver *store, const char *place,
    const struct match *match, uint64_t *n, struct fault *fault)
{
	static const struct store_watch watch;
	struct query query = QUERY_ALL;
	struct reader *reader = reader_new(store, place, &watch);
	int r;

	query.match = *match;
	query.count = true;
	r = reader_ask(reader, &query, fault);
	if (r == 0)
		r = reader_count(reader, n, fault);
	reader_close(reader);
	return r;
}

static int
prune_answer(const struct store_driver *store, const char *place,
    const struct match *match)
{
	struct listing listing;
	struct fault fault;
	uint64_t n = 0;
	int r = (prune_opt.dry_run ? prune_count : prune_remove)(store, place,
	    match, &n, &fault), status;

	/* what is removed is, whatever came after */
	if (r < 0 && n == 0)
		return diag_fault(&fault);
	listing_begin(&listing, false, NULL);
	listing_number(&listing, "readings", n);
	listing_end(&listing);
	status = listing_finish(&listing);
	return r < 0 ? diag_fault(&fault) : status;
}

int
store_prune_main(const struct store_driver *store, int argc, char **argv)
{
	static const struct opt frame[] = {
		{ 0, "keep-age", "DURATION", "remove readings older than this",
		    OPT_DURATION(&prune_opt.keep_age, 1, INT64_MAX) },
		{ 0, "channel", "GLOB", "only those of these channels",
		    OPT_LIST(&prune_opt.texts.labels[MATCH_CHANNEL]) },
		OPT_ROW_DRY_RUN(&prune_opt.dry_run),
		OPT_END
	};
	struct opt options[STORE_OPTIONS_MAX];
	struct store_program p = { .program = {
		.summary = store->prune_summary,
		.options = store_options(options, frame, store->prune_options)
	} };
	struct match match = MATCH_ALL;
	struct fault fault;
	int status;

	store_program_start(&p, store, "prune", argc, argv);
	if (prune_opt.keep_age == 0)
		program_misuse("give --keep-age");
	if (match_read(&match, &prune_opt.texts, &fault) < 0)
		program_misuse("%s", fault.text);
	match.to = stamp_now().ns - prune_opt.keep_age;
	status = prune_answer(store, p.place, &match);
	match_release(&match);
	return status;
}
