/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is all that came on a stream in the store?  Each reading of the stream is
 * looked for in the store, and the other way round: what is stored, rejected,
 * left out by a filter and on its way must be what came, by channel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/program.h"
#include "base/run_read.h"
#include "bus/dead.h"
#include "cmd/audit/audit.h"
#include "store/running.h"

static struct query query = QUERY_ALL;
static struct match_texts texts;

static struct {
	const char *store, *dead;
	int64_t list;
	enum { TEXT, JSON } type;
	bool sharded, lax, primary;
} opt = { .dead = DEAD_NAME, .list = 100 };

static const struct opt options[] = {
	{ 0, "store", "PLACE", "the store that the groups feed (default: that "
	    "of the running sink, or $MFX_STORE)", OPT_STRING(&opt.store) },
	MATCH_OPTIONS(texts, query.match),
	{ 0, "dead", "STREAM", "stream of refused lines (default: " DEAD_NAME
	    ")", OPT_STRING(&opt.dead) },
	{ 0, "sharded", NULL, "the groups are the parts 1/N to N/N of "
	    "mfx-sub --shard, in this order", OPT_FLAG(&opt.sharded) },
	{ 0, "lax", NULL, "accept common mistakes of devices, as "
	    "mfx-normalize does", OPT_FLAG(&opt.lax) },
	{ 0, "primary-units", NULL, "convert secondary units, as "
	    "mfx-normalize does", OPT_FLAG(&opt.primary) },
	{ 0, "list", "N", "name at most N differences (default: 100)",
	    OPT_INT(&opt.list, 0, 100000) },
	{ 't', "type", "text|json", "form of the output (default: text)",
	    OPT_ENUM(&opt.type) },
	OPT_END
};

static const struct program program = {
	.name = "mfx-audit",
	.summary = "compare what came on a stream with what is stored",
	.operands = "STREAM/GROUP ...",
	.options = options,
};

/* ---- the store of a running sink ---- */

struct audit_sink {
	const char *group;
	char place[STORE_RUNNING_MAX];
};

static void
audit_sink_of(void *arg, const struct run_process *p)
{
	struct audit_sink *sink = arg;
	char place[STORE_RUNNING_MAX];

	if (strcmp(p->input, sink->group) == 0 && store_running(p, place))
		memcpy(sink->place, place, sizeof place);
}

static const char *
audit_find_store(const char *group)
{
	static struct audit_sink sink;
	const char *place = getenv("MFX_STORE");
	struct fault fault;

	if (opt.store != NULL)
		return opt.store;
	if (place != NULL && *place != '\0')
		return place;
	sink.group = group;
	if (run_read_all(NULL, audit_sink_of, &sink, &fault) < 0)
		exit(diag_fault(&fault));
	if (sink.place[0] == '\0')
		program_misuse("no sink of %s that runs says where its store "
		    "is: give --store, such as --store messages.db", group);
	return sink.place;
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), r;
	struct fault fault;
	struct audit_settings set = {
		.groups = argv + i, .dead = opt.dead, .query = &query,
		.list = opt.list, .sharded = opt.sharded, .lax = opt.lax,
		.primary = opt.primary, .json = opt.type == JSON,
	};

	if (match_read(&query.match, &texts, &fault) < 0)
		program_misuse("%s", fault.text);
	if (!bus_name_valid(str_z(opt.dead)))
		program_misuse("--dead '%s': invalid stream name", opt.dead);
	set.store = audit_find_store(argv[i]);
	r = audit_run(&set, &fault);
	match_release(&query.match);
	return r < 0 ? diag_fault(&fault) : r;
}
