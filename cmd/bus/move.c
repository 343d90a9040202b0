/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/bus/move.h"

#include <sys/stat.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/hash.h"
#include "base/memory.h"

#define PAUSE_FIRST 100
#define PAUSE_LAST 5000
#define ABSENT_MS 1000

/* ---- operands ---- */

/* others see the arguments of a process */
static void
move_check_secret(const char *url)
{
	const char *at, *colon;

	if (strncmp(url, "nats://", 7) != 0)
		return;
	url += 7;
	at = memchr(url, '@', strcspn(url, "/?"));
	colon = strchr(url, ':');
	if (at != NULL && colon != NULL && colon < at)
		program_misuse("a password in an argument can be seen by "
		    "others; give nats://USER@HOST?password-file=FILE");
}

/* "-" is $MFX_BUS */
static int
move_open_bus(struct bus **to, const char *url, struct fault *fault)
{
	move_check_secret(url);
	return bus_open(to, strcmp(url, "-") == 0 ? NULL : url, fault);
}

int
move_open(struct move *m, char **operands)
{
	struct fault fault;

	if (move_open_bus(&m->from, operands[0], &fault) < 0 ||
	    move_open_bus(&m->to, operands[1], &fault) < 0)
		return diag_fault(&fault);
	return 0;
}

static bool
move_is_same(const struct move *m)
{
	struct stat a, b;

	return strcmp(bus_name(m->from), bus_name(m->to)) == 0 ||
	    (stat(bus_name(m->from), &a) == 0 &&
	    stat(bus_name(m->to), &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino);
}

static void
move_check_twice(const struct move *m, const struct moved *s)
{
	size_t i;

	if (strcmp(s->from, s->to) == 0 && move_is_same(m))
		program_misuse("'%s': from a stream to itself; give %s=NAME",
		    s->from, s->from);
	for (i = 0; i < m->n; i++)
		if (strcmp(s->from, m->streams[i]->from) == 0)
			program_misuse("'%s' is given twice", s->from);
}

void
move_add(struct move *m, const char *operand)
{
	size_t n = strcspn(operand, "=");
	struct str from = { operand, n };
	struct str to = operand[n] ? str_z(operand + n + 1) : from;
	struct moved *s = memory_zero(1, sizeof *s);

	if (!bus_name_valid(from) || !bus_name_valid(to))
		program_misuse("'%s': not STREAM or STREAM=NAME", operand);
	memcpy(s->from, from.p, from.n);
	memcpy(s->to, to.p, to.n);
	move_check_twice(m, s);
	s->carry = (struct carry){
		.from = m->from, .to = m->to, .from_stream = s->from,
		.to_stream = s->to, .name = s->name
	};
	s->pause = (struct backoff){
		.first = PAUSE_FIRST, .last = PAUSE_LAST
	};
	m->streams = memory_resize(m->streams,
	    (m->n + 1) * sizeof(*m->streams));
	m->streams[m->n++] = s;
}

void
move_close(struct move *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		carry_close(&m->streams[i]->carry);
		free(m->streams[i]);
	}
	free(m->streams);
	bus_close(m->to);
	bus_close(m->from);
}

/* ---- what is away ---- */

static bool
move_others_away(const struct move *m, const struct moved *s)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->streams[i] != s && m->streams[i]->away)
			return true;
	return false;
}

int
move_bear(struct move *m, struct moved *s, const struct fault *fault)
{
	if (fault->status == EX_NOINPUT) {
		if (!s->absent)
			diag_warning("waiting for stream '%s', which does not "
			    "exist yet", s->from);
		s->absent = true;
		s->until = clock_ms() + ABSENT_MS;
		return 0;
	}
	if (fault->status != EX_TEMPFAIL)
		return diag_fault(fault);
	/* one link, one message */
	if (!s->away && !move_others_away(m, s))
		diag_warning("%s; waiting", fault->text);
	s->away = true;
	s->until = clock_ms() + backoff_next(&s->pause);
	return 0;
}

void
move_goes_on(struct move *m, struct moved *s)
{
	s->until = 0;
	s->absent = false;
	backoff_reset(&s->pause);
	if (!s->away)
		return;
	s->away = false;
	if (!move_others_away(m, s))
		diag_warning("%s: it goes on", s->from);
}
