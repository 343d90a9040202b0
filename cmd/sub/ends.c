/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/sub/ends.h"

#include <errno.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/diag.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/signal.h"

/* bus_exists, of a bus that may be away: 0, -1 */
static int
ends_exists(struct bus *bus, const char *stream, struct fault *fault)
{
	struct backoff pause = { .first = 50, .last = 5000 };	/* ms */
	bool told = false;

	while (bus_exists(bus, stream, fault) < 0) {
		if (fault->status != EX_TEMPFAIL || signal_stop())
			return -1;
		if (!told)
			diag_warning("%s; waiting", fault->text);
		told = true;
		signal_poll(NULL, 0, (int)backoff_next(&pause));
	}
	if (told)
		diag_warning("%s: it goes on", stream);
	return 0;
}

void
ends_parse(const char *option, const char *text, struct bus_where *w)
{
	if (text != NULL && !bus_where_parse(text, w))
		program_misuse("--%s '%s': not " BUS_WHERE_FORMS, option,
		    text);
}

void
ends_begin(struct ends *e, const char *from, bool tail, uint64_t last)
{
	if ((from != NULL) + tail + (last > 0) > 1)
		program_misuse("give one of --from, --tail and --last");
	ends_parse("from", tail ? "end" : from, &e->from);
	e->last = last;
}

int
ends_await(struct ends *e, struct bus *bus, const char *stream,
    int64_t *ready_fd, struct fault *fault)
{
	int there;

	if (e->no_follow || ends_exists(bus, stream, fault) == 0)
		return 1;
	if (fault->status != EX_NOINPUT)
		return -1;
	diag_warning("waiting for stream '%s', which does not exist yet",
	    stream);
	ready_tell(*ready_fd);
	*ready_fd = -1;
	e->awaited = true;
	while ((there = bus_await(bus, stream, STDOUT_FILENO, fault)) < 0 &&
	    fault->status == EX_TEMPFAIL) {
		if (ends_exists(bus, stream, fault) == 0)
			return 1;
		if (fault->status != EX_NOINPUT)
			return -1;
	}
	if (there < 0 && errno == EPIPE)
		raise(SIGPIPE);
	return there;
}

/* of the lines that are there now */
static int
ends_find_last(struct ends *e, struct bus *bus, const char *stream,
    struct fault *fault)
{
	uint64_t end = e->end;

	if (end == UINT64_MAX && bus_where_find(bus, stream, &bus_where_end,
	    &end, fault) < 0)
		return -1;
	return bus_last(bus, stream, e->last, end, &e->start, fault);
}

int
ends_find(struct ends *e, struct bus *bus, const char *stream,
    struct fault *fault)
{
	struct bus_where until = bus_where_end;

	e->end = UINT64_MAX;
	if (e->until.by_time)
		e->end_time.ns = e->until.time.ns ? e->until.time.ns : 1;
	else if (e->bounded)
		until = e->until;
	/* nothing is old in a stream that was waited for */
	if (e->awaited && e->from.seq == UINT64_MAX)
		e->from.seq = 0;
	if (e->no_follow && bus_exists(bus, stream, fault) < 0)
		return -1;
	if ((e->no_follow || (e->bounded && !e->until.by_time)) &&
	    bus_where_find(bus, stream, &until, &e->end, fault) < 0)
		return -1;
	return e->last > 0 ? ends_find_last(e, bus, stream, fault) :
	    bus_where_find(bus, stream, &e->from, &e->start, fault);
}

void
ends_warn(struct bus *bus, const char *stream, uint64_t seq)
{
	struct fault fault;
	uint64_t end;

	if (bus_where_find(bus, stream, &bus_where_end, &end, &fault) == 0 &&
	    seq > end)
		diag_warning("%s: %llu is beyond the end at %llu", stream,
		    (unsigned long long)seq, (unsigned long long)end);
}

void
ends_warn_gone(struct bus *bus, struct bus_reader *reader, const char *stream)
{
	uint64_t from, to;

	if (bus_reader_gone(reader, &from, &to))
		diag_warning("%s: %llu %s were pruned before they were "
		    "read, from %llu to %llu", stream,
		    (unsigned long long)bus_between(bus, from, to),
		    bus_unit(bus),
		    (unsigned long long)from, (unsigned long long)to);
}

int
ends_join(struct bus_group **g, struct bus *bus, const char *stream,
    const char *group, bool take_over, uint64_t *seq, struct fault *fault)
{
	if (bus_group_open(g, bus, stream, group, fault) < 0)
		return -1;
	if (take_over)
		bus_group_force(*g);
	return bus_group_join(*g, seq, fault);
}
