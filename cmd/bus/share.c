/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command for each part of a stream that is ours, as one of several
 * that share the parts out (bus/members.h).
 */
#include "cmd/bus/verbs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/ready.h"
#include "base/signal.h"
#include "bus/members.h"
#include "cmd/bus/pipeline.h"

#define LOOK_MS 1000
/* a command that ends soon is not started again at once */
#define AGAIN_MS 2000

static struct {
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	unsigned n;
	char **argv;
	struct members *members;
	struct part {
		struct pipeline run;
		int64_t started;	/* ms */
	} parts[MEMBERS_PARTS];
	unsigned said;		/* members */
	bool away;
	int status;		/* of a command that can't go on */
} share;

static void
share_set(const char *name, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
share_set(const char *name, const char *fmt, ...)
{
	char text[2 * BUS_NAME_MAX + 32];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	setenv(name, text, 1);
}

static void
share_start(struct part *p, unsigned i)
{
	struct fault fault;

	if (clock_ms() - p->started < AGAIN_MS && p->started != 0)
		return;
	share_set("MFX_SHARD", "%u/%u", i + 1, share.n);
	/* another division has other groups, as its parts are other ones */
	share_set("MFX_GROUP", "%s/%s-%u-of-%u", share.stream, share.group,
	    i + 1, share.n);
	p->started = clock_ms();
	if (pipeline_start(&p->run, share.argv, &fault) < 0)
		diag_warning("part %u: %s", i + 1, fault.text);
}

/* A command that says "later", or was ended, is started again. */
static void
share_collect(struct part *p, unsigned i, bool wait)
{
	/* one that lost its group to another member says so, too */
	bool asked = p->run.ending ||
	    members_part(share.members, i) != MEMBERS_MINE;
	int status, code;

	if (p->run.pid == 0 || !pipeline_ended(&p->run, wait, &status) || asked)
		return;
	code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_TEMPFAIL;
	if (code == 0 || code == EX_TEMPFAIL || code > 128)
		return;
	diag_error("part %u: '%s' ended with status %d", i + 1, share.argv[0],
	    code);
	share.status = code;
}

static void
share_turn(unsigned i)
{
	struct part *p = &share.parts[i];
	enum members_part is = members_part(share.members, i);

	share_collect(p, i, false);
	if (is == MEMBERS_MINE && p->run.pid == 0)
		share_start(p, i);
	if (is == MEMBERS_MINE)
		return;
	pipeline_end(&p->run, is == MEMBERS_OTHER);
	if (is == MEMBERS_SPARE && p->run.pid == 0)
		members_leave(share.members, i);
}

static void
share_look(void)
{
	struct fault fault;
	bool away = members_look(share.members, &fault) < 0;

	if (away && !share.away)
		diag_warning("%s; waiting", fault.text);
	if (!away && share.away)
		diag_warning("%s: it goes on", share.stream);
	share.away = away;
	if (members_count(share.members) != share.said && !away) {
		share.said = members_count(share.members);
		diag_info("%s/%s: %u members", share.stream, share.group,
		    share.said);
	}
}

static void
share_run(void)
{
	unsigned i;

	while (!signal_stop() && share.status == 0) {
		share_look();
		for (i = 0; i < share.n; i++)
			share_turn(i);
		signal_poll(NULL, 0, members_due(share.members, LOOK_MS));
	}
	for (i = 0; i < share.n; i++)
		pipeline_end(&share.parts[i].run, false);
	for (i = 0; i < share.n; i++)
		share_collect(&share.parts[i], i, true);
}

int
bus_verb_share(char **operands)
{
	struct fault fault;

	if (bus_opt.parts == 0)
		program_misuse("share needs --parts, such as --parts 12");
	share.n = (unsigned)bus_opt.parts;
	share.argv = operands + 1;
	if (bus_group_parse(operands[0], share.stream, share.group,
	    &fault) < 0 || bus_open(&bus, NULL, &fault) < 0 ||
	    members_open(&share.members, bus, share.stream, share.group,
	    share.n, bus_opt.lease / 1000000 - LOOK_MS, &fault) < 0) {
		bus_close(bus);
		return diag_fault(&fault);
	}
	ready_tell(bus_opt.ready_fd);
	share_run();
	members_close(share.members);
	bus_close(bus);
	return share.status;
}
