/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines in, readings into one SQLite file.  A batch is one transaction, on
 * disk before it is acknowledged; with --ack the position on the bus is in
 * it, so that each reading is stored exactly once, whoever is killed.
 * A store that is full or locked is waited for: nothing is dropped.
 */
#include "base/diag.h"
#include "base/program.h"
#include "store/intake.h"
#include "store/sqlite/sqlite.h"

static struct intake_options opt = INTAKE_DEFAULTS;

static const struct opt options[] = {
	INTAKE_OPTIONS(opt),
	OPT_END
};

static const struct program program = {
	.name = "mfx-write-sqlite",
	.summary = "store readings in a SQLite file, each exactly once",
	.synopsis = "[options] FILE",
	.options = options,
};

int
main(int argc, char **argv)
{
	int status, i = program_start(&program, argc, argv);
	struct intake_store store = { .write = sqlite_writer_put };
	struct sqlite_writer *writer;
	struct fault fault;
	struct progress at;

	if (argv[i] == NULL || argv[i][0] == '\0' || argv[i + 1] != NULL)
		program_misuse(&program, "missing FILE");
	if (intake_check(&opt, &fault) < 0)
		program_misuse(&program, "%s", fault.text);
	if (sqlite_writer_open(&writer, argv[i], opt.ack, &at,
	    &fault) < 0)
		return diag_fault(&fault);
	store.handle = writer;
	status = intake_run(&opt, &store, &at);
	sqlite_writer_close(writer);
	return status;
}
