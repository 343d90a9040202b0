/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of one message: its line on the bus, what it says, which groups
 * have passed it, which stores have it, who refused it, and who may read it.
 */
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/line.h"
#include "base/program.h"
#include "bus/dead.h"
#include "cmd/trace/trace.h"

#define TRACE_OUT_MAX ((size_t)128 << 20)

static struct opt_list stores, things;

static struct {
	const char *last, *stream, *dead;
	enum { TEXT, JSON } type;
} opt = { .stream = "raw", .dead = DEAD_NAME };

static const struct opt options[] = {
	{ 0, "last", "THING", "the newest message of this thing",
	    OPT_STRING(&opt.last) },
	{ 0, "stream", "STREAM", "with --last: where to look for it "
	    "(default: raw)", OPT_STRING(&opt.stream) },
	{ 0, "store", "PLACE", "look into this store (default: those of "
	    "running sinks); may be repeated", OPT_LIST(&stores) },
	{ 0, "to", "THING", "say whether this thing may read it; may be "
	    "repeated", OPT_LIST(&things) },
	{ 0, "dead", "STREAM", "stream of refused lines (default: " DEAD_NAME
	    ")", OPT_STRING(&opt.dead) },
	{ 't', "type", "text|json", "form of the output (default: text)",
	    OPT_ENUM(&opt.type) },
	OPT_END
};

static const struct program program = {
	.name = "mfx-trace",
	.summary = "follow one message from the door to the stores",
	.operands = "STREAM@SEQ\n--last THING",
	.options = options,
};

/* What can't be asked is told, and the rest goes on. */
static int
trace_parts(struct trace *t)
{
	static int (*const parts[])(struct trace *, struct fault *) = {
		trace_put_groups, trace_put_stores, trace_put_rejects,
		trace_put_access,
	};
	struct fault fault;
	int status = 0;
	size_t i;

	trace_put_line(t);
	for (i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i](t, &fault) < 0)
			status = diag_fault(&fault);
	if (t->json)
		buf_puts(&t->out.b, "}\n");
	out_end(&t->out);
	return status;
}

static int
trace_run(struct trace *t, const char *operand, struct fault *fault)
{
	int got;

	if (bus_open(&t->bus, NULL, fault) < 0)
		return -1;
	got = opt.last != NULL ? trace_find_last(t, str_z(opt.last), fault) :
	    trace_find(t, fault);
	if (got < 0)
		return -1;
	if (got == 0) {
		diag_warning("%s: no such message on %s", opt.last != NULL ?
		    opt.last : operand, t->stream);
		return 1;
	}
	t->refused = decoded_parse(&t->decoded, buf_str(&t->line),
	    (struct stamp){ 0 }, &t->route);
	if (t->refused != NULL) {
		size_t rest;

		route_clear(&t->route);
		if (!route_scan(buf_str(&t->line), &t->route, &rest))
			route_clear(&t->route);
	}
	return trace_parts(t);
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), status;
	struct trace t = { .stores = &stores, .things = &things,
	    .dead = opt.dead, .json = opt.type == JSON };
	struct fault fault;

	program_holds_secrets();
	if (opt.last != NULL && (!bus_name_valid(str_z(opt.stream)) ||
	    (size_t)snprintf(t.stream, sizeof t.stream, "%s", opt.stream) >=
	    sizeof t.stream))
		program_misuse("--stream '%s': invalid stream name",
		    opt.stream);
	if (opt.last == NULL && !trace_parse(&t, argv[i]))
		program_misuse("'%s': not STREAM@SEQ, such as raw@24601",
		    argv[i]);
	if (!bus_name_valid(str_z(opt.dead)))
		program_misuse("--dead '%s': invalid stream name", opt.dead);
	buf_init(&t.line, LINE_LIMIT);
	decoded_init(&t.decoded);
	out_init(&t.out, STDOUT_FILENO, "<stdout>", TRACE_OUT_MAX);
	status = trace_run(&t, argv[i], &fault);
	if (status < 0)
		status = diag_fault(&fault);
	status = out_finish(&t.out, status);
	out_release(&t.out);
	decoded_release(&t.decoded);
	buf_release(&t.line);
	bus_close(t.bus);
	return status;
}
