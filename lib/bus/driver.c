/* SPDX-License-Identifier: Apache-2.0 */
/* What is about any bus: which driver a URL means, and the calls to it. */
#include "bus/driver.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/signal.h"
#include "bus/module.h"

/* the first one has the URLs without a scheme; those without a driver here are
 * in a module (module.h) */
static const struct {
	const char *scheme;
	const struct bus_driver *driver;
} drivers[] = {
	{ "dir", &bus_dir_driver },
	{ "nats", NULL },
};

#define DRIVERS (sizeof drivers / sizeof *drivers)

/* ---- the bus ---- */

static int
driver_unknown(const char *url, size_t n, const char *what,
    struct fault *fault)
{
	char known[128] = "";
	size_t i, at = 0;

	for (i = 0; i < DRIVERS && at < sizeof known; i++)
		at += (size_t)snprintf(known + at, sizeof known - at, "%s%s:",
		    i ? ", " : "", drivers[i].scheme);
	/* what follows the scheme may hold a password */
	return fault_set(fault, EX_CONFIG, "%s: unknown scheme '%.*s://'; give "
	    "a directory or one of: %s", what, (int)n, url, known);
}

/* Its number; *rest becomes what follows the scheme.  Only "x://" can't be a
 * path: -1 then. */
static int
driver_find(const char *url, const char **rest, const char *what,
    struct fault *fault)
{
	size_t i, n = strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

	*rest = url[n] == ':' ? url + n + 1 : url;
	for (i = 0; i < DRIVERS && *rest != url; i++)
		if (strlen(drivers[i].scheme) == n &&
		    memcmp(drivers[i].scheme, url, n) == 0)
			return (int)i;
	if (*rest != url && strncmp(*rest, "//", 2) == 0)
		return driver_unknown(url, n, what, fault);
	*rest = url;
	return 0;
}

int
bus_open(struct bus **bus, const char *url, struct fault *fault)
{
	const char *what = url ? "bus" : "MFX_BUS", *rest = NULL;
	const struct bus_driver *driver;
	int i = 0;

	if (url == NULL)
		url = getenv("MFX_BUS");
	if (url != NULL && *url != '\0' &&
	    (i = driver_find(url, &rest, what, fault)) < 0)
		return -1;
	driver = drivers[i].driver;
	if (driver == NULL && (driver = bus_module_load(drivers[i].scheme,
	    fault)) == NULL)
		return -1;
	if (driver->open(bus, rest, fault) < 0)
		return -1;
	(*bus)->driver = driver;
	return 0;
}

void
bus_close(struct bus *bus)
{
	if (bus != NULL)
		bus->driver->close(bus);
}

bool
bus_waits(const struct bus *bus)
{
	return bus->driver->waits;
}

void
bus_abandon(struct bus *bus)
{
	if (bus->driver->abandon != NULL)
		bus->driver->abandon(bus);
}

void
bus_set_patience(struct bus *bus, int ms)
{
	bus->patience = ms;
}

const char *
bus_name(const struct bus *bus)
{
	return bus->name;
}

const char *
bus_unit(const struct bus *bus)
{
	return bus->driver->unit;
}

uint64_t
bus_between(const struct bus *bus, uint64_t from, uint64_t to)
{
	unsigned bits = bus->driver->unit_bits;
	uint64_t part = (to - from) & ((UINT64_C(1) << bits) - 1);

	return ((to - from) >> bits) + (part != 0);
}

static int
driver_check_name(const char *stream, struct fault *fault)
{
	return bus_name_valid(str_z(stream)) ? 0 : fault_set(fault, EX_USAGE,
	    "invalid stream name '%s'", stream);
}

static int
driver_try_name(void *near, const char *stream, struct fault *fault)
{
	(void)fault;
	near_name_try(near, stream);
	return 0;
}

int
bus_no_stream(struct bus *bus, const char *stream, struct fault *fault)
{
	char hint[NEAREST_HINT];
	struct near_name near;
	struct fault ignored;

	nearest_start(&near.near, str_z(stream));
	bus->driver->streams(bus, driver_try_name, &near, &ignored);
	return fault_set(fault, EX_NOINPUT, "no stream '%s' in %s%s", stream,
	    bus->name, nearest_hint(&near.near, "", hint));
}

int
bus_exists(struct bus *bus, const char *stream, struct fault *fault)
{
	int there = driver_check_name(stream, fault) < 0 ? -1 :
	    bus->driver->exists(bus, stream, fault);

	if (there == 0)
		bus_no_stream(bus, stream, fault);
	return there > 0 ? 0 : -1;
}

int
bus_streams(struct bus *bus, bus_stream_fn *fn, void *arg,
    struct fault *fault)
{
	return bus->driver->streams(bus, fn, arg, fault);
}

/* ---- writing ---- */

int
bus_writer_open(struct bus_writer **w, struct bus *bus, const char *stream,
    enum bus_sync sync, struct fault *fault)
{
	if (driver_check_name(stream, fault) < 0)
		return -1;
	return bus->driver->writer->open(w, bus, stream, sync, fault);
}

void
bus_writer_close(struct bus_writer *w)
{
	if (w != NULL)
		w->bus->driver->writer->close(w);
}

int
bus_append(struct bus_writer *w, struct str lines,
    struct bus_source *source, uint64_t *seq, struct fault *fault)
{
	if (lines.n == 0 || lines.p[lines.n - 1] != '\n')
		return fault_set(fault, EX_SOFTWARE,
		    "%s: only whole lines go on the bus", w->stream);
	return w->bus->driver->writer->append(w, lines, source, seq, fault);
}

int
bus_append_each(struct bus_writer *w, struct str *lines, struct fault *fault)
{
	return w->bus->driver->writer->append_each(w, lines, fault);
}

int
bus_commit(struct bus_writer *w, struct fault *fault)
{
	return w->bus->driver->writer->commit(w, fault);
}

int
bus_check(struct bus_writer *w, struct fault *fault)
{
	return w->bus->driver->writer->check(w, fault);
}

/* ---- reading ---- */

int
bus_reader_open(struct bus_reader **r, struct bus *bus, const char *stream,
    uint64_t from, struct fault *fault)
{
	if (driver_check_name(stream, fault) < 0)
		return -1;
	return bus->driver->reader->open(r, bus, stream, from, fault);
}

void
bus_reader_close(struct bus_reader *r)
{
	if (r != NULL)
		r->bus->driver->reader->close(r);
}

void
bus_reader_shard(struct bus_reader *r, const struct bus_shard *shard)
{
	r->shard = *shard;
}

int
bus_read(struct bus_reader *r, struct bus_lines *run, struct fault *fault)
{
	return r->bus->driver->reader->read(r, run, fault);
}

int
bus_reader_sync(struct bus_reader *r, struct fault *fault)
{
	const struct bus_reader_ops *reader = r->bus->driver->reader;

	return reader->sync != NULL ? reader->sync(r, fault) : 0;
}

uint64_t
bus_reader_position(const struct bus_reader *r)
{
	return r->pos;
}

bool
bus_reader_gone(struct bus_reader *r, uint64_t *from, uint64_t *to)
{
	*from = r->gone_from;
	*to = r->gone_to;
	r->gone_from = r->gone_to = 0;
	return *from != *to;
}

int
bus_reader_watch(struct bus_reader *r)
{
	if (r->watch < 0)
		r->watch = r->bus->driver->reader->watch(r);
	return r->watch;
}

int
bus_wait(struct bus_reader *r, int out, int timeout)
{
	struct pollfd fds[2] = {
		{ .events = POLLIN }, { .fd = out, .events = 0 },
	};
	int n;

	/* what came before the watch was there is still to be looked for */
	if (r->watch < 0)
		return bus_reader_watch(r) < 0 ? -1 : 1;
	fds[0].fd = r->watch;
	n = signal_poll(fds, 2, timeout);
	if (n <= 0)
		return n;
	if (fds[1].revents != 0) {
		errno = EPIPE;
		return -1;
	}
	return r->bus->driver->reader->woken(r) < 0 ? -1 : 1;
}

int
bus_await(struct bus *bus, const char *stream, int out, struct fault *fault)
{
	struct bus_reader *r;
	int there, error = 0;

	if (bus_reader_open(&r, bus, stream, 0, fault) < 0)
		return -1;
	while ((there = bus->driver->exists(bus, stream, fault)) == 0) {
		if (bus_wait(r, out, -1) >= 0)
			continue;
		error = errno;
		if (error != EINTR)
			there = fault_errno(fault, EX_OSERR, "%s: watch",
			    stream);
		break;
	}
	bus_reader_close(r);
	errno = error;
	return there;
}

int
bus_where_find(struct bus *bus, const char *stream, const struct bus_where *w,
    uint64_t *seq, struct fault *fault)
{
	*seq = w->seq;
	if (driver_check_name(stream, fault) < 0)
		return -1;
	if (!w->by_time && w->seq != UINT64_MAX)
		return 0;
	return bus->driver->find(bus, stream, w, seq, fault);
}

/* ---- administration ---- */

int
bus_stat(struct bus *bus, const char *stream, struct bus_stat *s,
    struct fault *fault)
{
	*s = (struct bus_stat){ .segments = 0 };
	if (bus_exists(bus, stream, fault) < 0)
		return -1;
	return bus->driver->stat(bus, stream, s, fault);
}

int
bus_lag(struct bus *bus, const char *stream, uint64_t seq, uint64_t *lag,
    struct fault *fault)
{
	*lag = 0;
	if (bus_exists(bus, stream, fault) < 0)
		return -1;
	return bus->driver->lag(bus, stream, seq, lag, fault);
}

struct slowest {
	struct bus_prune *p;
	char bad[256];		/* "": no group is damaged */
};

static void
driver_slowest(void *arg, const char *group, uint64_t seq, const char *bad)
{
	struct slowest *s = arg;

	if (bad != NULL) {
		if (s->bad[0] == '\0')
			snprintf(s->bad, sizeof s->bad, "%s", bad);
	} else if (seq < s->p->needed) {
		s->p->needed = seq;
		snprintf(s->p->group, sizeof s->p->group, "%s", group);
	}
}

int
bus_prune(struct bus *bus, const char *stream, struct bus_prune *p,
    struct fault *fault)
{
	struct slowest slowest = { .p = p };

	p->segments = p->bytes = p->first = p->held = 0;
	p->group[0] = '\0';
	p->needed = UINT64_MAX;
	if (bus_groups(bus, stream, driver_slowest, &slowest, fault) < 0)
		return -1;
	if (p->past_groups)
		p->needed = UINT64_MAX;
	else if (slowest.bad[0] != '\0')
		return fault_set(fault, EX_DATAERR, "%s", slowest.bad);
	return bus->driver->prune(bus, stream, p, fault);
}

int
bus_verify(struct bus *bus, const char *stream, struct bus_health *health,
    bus_tell_fn *tell, void *arg, struct fault *fault)
{
	*health = (struct bus_health){ .segments = 0 };
	if (bus_exists(bus, stream, fault) < 0)
		return -1;
	return bus->driver->verify(bus, stream, health, tell, arg, fault);
}
