/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch is on disk before it is acknowledged.  Where the store has
 * transactions the position on the bus is in the same one; elsewhere a
 * reading that is written a second time is known again: so each is stored
 * exactly once, whatever is killed.  A store that is full, locked or away is
 * waited for: nothing is dropped.
 */
#include <stdio.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/program.h"
#include "store/place.h"
#include "store/sink.h"

static enum store_result
write_open(const struct store_driver *store, const char *place, void **writer,
    struct store_patience *patience, struct fault *fault)
{
	enum store_result r;

	store_patience_init(patience);
	while ((r = store->open_writer(writer, place, &patience->watch,
	    fault)) == STORE_LATER)
		if (!store_try_again(patience, fault)) {
			fault->status = EX_TEMPFAIL;
			break;
		}
	if (r == STORE_DONE)
		store_is_back(patience);
	return r;
}

int
store_write_main(const struct store_driver *store, int argc, char **argv)
{
	static struct sink_options opt = SINK_DEFAULTS;
	static char help[64];
	static const struct opt frame[] = { SINK_OPTIONS(opt, help), OPT_END };
	struct opt options[STORE_OPTIONS_MAX];
	struct store_program p = { .program = {
		.summary = store->write_summary, .network = true,
		.options = store_options(options, frame, store->write_options)
	} };
	struct store_patience patience;
	struct fault fault;
	void *writer;
	int status;

	snprintf(help, sizeof help, "commit after N readings (default: %zu)",
	    sink_batch(store));
	store_program_start(&p, store, "write", argc, argv);
	if (sink_check(&opt, &fault) < 0)
		program_misuse("--ack: %s", fault.text);
	if (write_open(store, p.place, &writer, &patience, &fault) !=
	    STORE_DONE)
		return diag_fault(&fault);
	status = sink_run(&opt, store, writer, &patience);
	store->close_writer(writer);
	return status;
}
