/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry beyond one machine: its log on a bus, replicas that follow the
 * log, and who is the primary, which alone makes changes (registry/log.h).
 */
#include <limits.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/program.h"
#include "base/ready.h"
#include "cmd/registry/follow.h"
#include "registry/checksum.h"
#include "registry/log.h"
#include "registry/registry.h"

static struct {
	const char *bus, *stream, *name;
	int64_t ready_fd;
	bool human, once;
} opt = { .stream = "registry", .ready_fd = -1 };

#define NAME { 0, "name", "NAME", "name of this machine in the log " \
	"(default: its host name)", OPT_STRING(&opt.name) }

static const struct opt start_options[] = {
	{ 0, "bus", "BUS", "bus of the log: nats://... or a directory "
	    "(default: MFX_BUS)", OPT_STRING(&opt.bus) },
	{ 0, "stream", "STREAM", "stream of the log (default: registry)",
	    OPT_STRING(&opt.stream) },
	NAME, OPT_END
};

static const struct opt follow_options[] = {
	NAME,
	{ 0, "no-follow", NULL, "stop at the end instead of waiting for more",
	    OPT_FLAG(&opt.once) },
	READY_FD(&opt.ready_fd, "when the registry has all that was there"),
	OPT_END
};

static const struct opt show_options[] = {
	OPT_ROW_HUMAN(&opt.human), OPT_END
};

static struct registry *registry;
static struct fault fault;

static int
registry_end(int result)
{
	registry_close(registry);
	registry = NULL;
	return result < 0 ? diag_fault(&fault) : result;
}

static int
registry_open_here(enum registry_mode mode)
{
	return registry_open(&registry, NULL, mode, &fault);
}

/* --name, or that of the host */
static const char *
registry_node(void)
{
	static char host[ENTRY_NODE_MAX + 1];

	if (opt.name == NULL && gethostname(host, sizeof host - 1) == 0)
		opt.name = host;
	if (opt.name == NULL || !bus_name_valid(str_z(opt.name)))
		program_misuse("--name: not a name: letters, digits, '.', '_' "
		    "and '-', at most %d", BUS_NAME_MAX);
	return opt.name;
}

/* ---- the log ---- */

/* What is kept in the registry has to mean the same to every program. */
static const char *
registry_bus(void)
{
	static char path[PATH_MAX];
	const char *bus = opt.bus != NULL ? opt.bus : getenv("MFX_BUS");
	char *own = home_path("bus");

	snprintf(path, sizeof path, "%s", own);
	free(own);
	if (bus == NULL || *bus == '\0')
		bus = path;
	if (strncmp(bus, "dir:", 4) == 0)
		bus += 4;
	if (strstr(bus, "://") == NULL && *bus != '/')
		program_misuse("--bus '%s': not nats://... and not an "
		    "absolute path", bus);
	return bus;
}

static int
registry_verb_start(char **operands)
{
	const char *bus = registry_bus(), *node = registry_node();

	(void)operands;
	if (!bus_name_valid(str_z(opt.stream)))
		program_misuse("--stream: invalid stream name '%s'",
		    opt.stream);
	if (registry_open_here(REGISTRY_WRITE) < 0 ||
	    registry_begin(registry, &fault) < 0 ||
	    log_start(registry, bus, opt.stream, node, &fault) < 0)
		return registry_end(-1);
	return registry_end(registry_commit(registry, &fault));
}

static int
registry_do(int (*what)(struct registry *, struct fault *))
{
	return registry_end(registry_open_here(REGISTRY_WRITE) < 0 ? -1 :
	    what(registry, &fault));
}

static int
registry_verb_stop(char **operands)
{
	(void)operands;
	return registry_do(log_leave);
}

static int
registry_verb_promote(char **operands)
{
	(void)operands;
	return registry_do(log_promote);
}

/* a name that was given is the one that the registry has */
static int
registry_check_name(const char *given)
{
	struct log_state s;
	int got = log_state_get(registry, &s, &fault);

	if (got <= 0 || given == NULL || strcmp(s.node, given) == 0)
		return got < 0 ? -1 : 0;
	return fault_set(&fault, EX_CONFIG, "--name '%s': this registry is "
	    "named '%s' already", given, s.node);
}

static int
registry_verb_follow(char **operands)
{
	const char *given = opt.name;

	(void)operands;
	if (registry_open_here(REGISTRY_WRITE) < 0 ||
	    log_set_node(registry, registry_node(), &fault) < 0 ||
	    registry_check_name(given) < 0)
		return registry_end(-1);
	return registry_end(follow_log(registry, opt.once, opt.ready_fd,
	    &fault));
}

/* ---- what there is ---- */

static int
registry_verb_status(char **operands)
{
	static const char *const heads[] = { "role", "node", "primary",
	    "epoch", "entry", "seq", "lag", NULL };
	struct log_state s;
	struct listing l;
	uint64_t lag = 0;
	int got, written;

	(void)operands;
	if (registry_open_here(REGISTRY_READ) < 0 ||
	    (got = log_state_get(registry, &s, &fault)) < 0)
		return registry_end(-1);
	listing_begin(&l, opt.human, heads);
	listing_text(&l, "role", got == 0 ? "alone" :
	    strcmp(s.node, s.primary) == 0 ? "primary" : "replica");
	if (got > 0) {
		listing_text(&l, "node", s.node);
		listing_text(&l, "primary", s.primary);
		listing_number(&l, "epoch", (uint64_t)s.epoch);
		listing_number(&l, "entry", (uint64_t)s.entry);
		listing_number(&l, "seq", s.seq);
		got = log_lag(registry, &lag, &fault);
		if (got == 0)
			listing_number(&l, "lag", lag);
	}
	listing_end(&l);
	written = listing_finish(&l);
	got = registry_end(got < 0 ? -1 : 0);
	return got ? got : written;
}

static int
registry_verb_snapshot(char **operands)
{
	return registry_end(registry_open_here(REGISTRY_READ) < 0 ? -1 :
	    checksum_snapshot(registry, operands[0], &fault));
}

/* ---- verify ---- */

static int
registry_verb_verify(char **operands)
{
	static const char *const heads[] = { "table", "rows", "checksum",
	    NULL };
	struct checksum here, there;
	struct listing l;
	int i, written;
	bool same = true;

	if (registry_open_here(REGISTRY_READ) < 0 ||
	    checksum_registry(registry, &here, &fault) < 0)
		return registry_end(-1);
	registry_close(registry);
	registry = NULL;
	if (operands[0] != NULL && (registry_open(&registry, operands[0],
	    REGISTRY_READ, &fault) < 0 ||
	    checksum_registry(registry, &there, &fault) < 0))
		return registry_end(-1);
	listing_begin(&l, opt.human, heads);
	for (i = 0; i < here.n; i++) {
		listing_text(&l, "table", here.tables[i].name);
		listing_number(&l, "rows", here.tables[i].rows);
		listing_text(&l, "checksum", here.tables[i].text);
		listing_end(&l);
	}
	written = listing_finish(&l);
	if (operands[0] != NULL)
		same = checksum_compare(&here, &there, &fault);
	registry_end(0);
	if (same)
		return written;
	diag_error("%s: %s", operands[0], fault.text);
	return 1;
}

static const struct verb verbs[] = {
	{ "start", NULL, "begin a log, with this registry as the primary",
	    start_options, registry_verb_start },
	{ "follow", NULL, "apply the log to this registry, as it grows",
	    follow_options, registry_verb_follow },
	{ "status", NULL, "show the role of this registry and its place in "
	    "the log",
	    show_options, registry_verb_status },
	{ "snapshot", "FILE", "write a copy of the registry for a new replica",
	    NULL, registry_verb_snapshot },
	{ "verify", "[HOME]", "print checksums, or compare with the registry "
	    "of another MFX_HOME", show_options, registry_verb_verify },
	{ "promote", NULL, "make this replica the primary", NULL,
	    registry_verb_promote },
	{ "stop", NULL, "go on without a log", NULL, registry_verb_stop },
	VERB_END
};

static const struct program program = {
	.name = "mfx-registry",
	.summary = "keep the registry on more than one machine",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	program_holds_secrets();
	return program_verb(&program, argc, argv);
}
