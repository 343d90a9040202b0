/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alarms: lines go in, and what the rules say of them comes out, as events that
 * an alarm is raised or cleared.  What it knows, and how far it is with its
 * group, changes in one transaction (cmd/alarm/state.h), so each alarm is
 * raised and cleared once, whatever is killed.
 */
#include <sysexits.h>

#include "base/diag.h"
#include "base/filter.h"
#include "base/program.h"
#include "base/ready.h"
#include "cmd/alarm/alarm.h"
#include "cmd/alarm/show.h"

static struct alarm_options opt = ALARM_DEFAULTS;
static struct show_options show;
static bool check;
static int64_t ready_fd = -1;

static const struct opt options[] = {
	{ 0, "check", NULL, "only check the rules", OPT_FLAG(&check) },
	{ 0, "test", NULL, "print the events of these lines: time is theirs, "
	    "no state is kept, and nobody is notified", OPT_FLAG(&opt.test) },
	{ 0, "now", "TIME", "with --test: what time it is after the last line",
	    OPT_TIME(&opt.now) },
	{ 'o', "output", "STREAM|-", "where events go (default: stdout)",
	    OPT_STRING(&opt.output) },
	{ 0, "sync", BUS_SYNC_WORDS, "when events are synced to disk",
	    OPT_ENUM(&opt.sync) },
	{ 0, "ack", "STREAM/GROUP", "move this group when the state of its "
	    "lines is stored", OPT_STRING(&opt.ack) },
	{ 0, "state", "FILE", "where the state is (default: alarm.db under "
	    "$MFX_HOME)", OPT_STRING(&opt.state) },
	FILTER_REJECTS(&opt.rejects),
	READY_FD(&ready_fd, "when reading"),
	{ 0, "by", "NAME", "ack: who acknowledges (default: $LOGNAME)",
	    OPT_STRING(&show.by) },
	OPT_ROW_HUMAN(&show.human),
	OPT_END
};

static const struct program program = {
	.name = "mfx-alarm",
	.summary = "raise alarms by rules",
	.operands = "RULES [FILE ...]\nlist\nack ID ...",
	.options = options,
	.reloads = true,
};

/* what only makes sense with, or without, others */
static void
alarm_check_options(void)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	struct fault fault;

	if (opt.test && (opt.output != NULL || opt.ack != NULL ||
	    opt.state != NULL))
		program_misuse("--test can't be used with --output, --ack or "
		    "--state");
	if (!opt.test && opt.now != INT64_MIN)
		program_misuse("--now needs --test");
	if (opt.ack != NULL && bus_group_parse(opt.ack, stream, group,
	    &fault) < 0)
		program_misuse("--ack %s", fault.text);
	if (opt.output != NULL && strcmp(opt.output, "-") == 0)
		opt.output = NULL;
	if (opt.output != NULL && !bus_name_valid(str_z(opt.output)))
		program_misuse("--output '%s': not a valid stream name",
		    opt.output);
}

static int
alarm_check_rules(const char *path)
{
	struct rules rules;
	struct fault fault;
	int status = 0;

	rules_init(&rules);
	if (rules_load(&rules, path, &fault) < 0)
		status = diag_fault(&fault);
	else
		diag_info("%zu alarms, %zu targets", rules.n,
		    rules.n_targets);
	rules_release(&rules);
	return status;
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv);

	show.state = opt.state;
	if (strcmp(argv[i], "list") == 0 || strcmp(argv[i], "ack") == 0)
		return show_run(&show, argv + i);
	alarm_check_options();
	if (check)
		return alarm_check_rules(argv[i]);
	return alarm_run(&opt, argv[i], argv + i + 1, ready_fd);
}
