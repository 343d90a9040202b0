/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of mfx-bus that only look: stat, groups, verify. */
#include "cmd/bus/verbs.h"

#include <string.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/human.h"

/* Calls fn for each stream named, or for all, and ends the listing; when one
 * does not exist it calls fn for none. */
int
bus_for_streams(char **names, bus_stream_fn *fn)
{
	struct fault fault;
	int written, i;

	if (bus_open(&bus, NULL, &fault) < 0)
		return diag_fault(&fault);
	for (i = 0; names[i] != NULL; i++)
		if (bus_exists(bus, names[i], &fault) < 0)
			bus_status = diag_fault(&fault);
	if (bus_status != 0)
		return bus_status;
	if (*names == NULL && bus_streams(bus, fn, NULL, &fault) < 0)
		bus_status = diag_fault(&fault);
	for (; *names != NULL; names++)
		if (fn(NULL, *names, &fault) < 0)
			bus_status = diag_fault(&fault);
	written = listing_finish(&bus_listing);
	return written ? written : bus_status;
}

/* else a lag is messages */
static bool
show_counts_bytes(void)
{
	return strcmp(bus_unit(bus), "bytes") == 0;
}

static void
show_put_group(void *arg, const char *group, uint64_t seq, const char *bad)
{
	const char *stream = arg;
	struct fault fault;
	uint64_t lag = 0;

	if (bad != NULL) {
		diag_error("%s", bad);
		bus_status = EX_DATAERR;
		return;
	}
	if (bus_lag(bus, stream, seq, &lag, &fault) < 0) {
		bus_status = diag_fault(&fault);
		return;
	}
	listing_text(&bus_listing, "stream", stream);
	listing_text(&bus_listing, "group", group);
	listing_number(&bus_listing, "seq", seq);
	if (show_counts_bytes())
		listing_size(&bus_listing, "lag", lag);
	else
		listing_number(&bus_listing, "lag", lag);
	listing_end(&bus_listing);
}

static int
show_list_groups(void *arg, const char *stream, struct fault *fault)
{
	(void)arg;
	return bus_groups(bus, stream, show_put_group,
	    (void *)(uintptr_t)stream, fault);
}

int
bus_verb_groups(char **operands)
{
	static const char *const heads[] = {
		"stream", "group", "seq", "lag", NULL
	};

	listing_begin(&bus_listing, bus_opt.human, heads);
	return bus_for_streams(operands, show_list_groups);
}

struct lags {
	const char *stream;
	struct buf text;	/* {"store":0,"live":310} or "store 0, …" */
};

static void
show_add_lag(void *arg, const char *group, uint64_t seq, const char *bad)
{
	struct lags *l = arg;
	char text[HUMAN_MAX];
	struct fault fault;
	uint64_t lag;

	if (bad != NULL || bus_lag(bus, l->stream, seq, &lag,
	    &fault) < 0) {
		diag_error("%s", bad ? bad : fault.text);
		bus_status = EX_DATAERR;
		return;
	}
	if (l->text.n > 1)
		buf_puts(&l->text, bus_opt.human ? ", " : ",");
	if (bus_opt.human && show_counts_bytes())
		buf_printf(&l->text, "%s %s", group,
		    human_size(text, (double)lag));
	else
		buf_printf(&l->text, bus_opt.human ? "%s %llu" :
		    "\"%s\":%llu", group, (unsigned long long)lag);
}

static int
show_put_lags(const char *stream, struct fault *fault)
{
	struct lags l = { .stream = stream };
	int r;

	buf_init(&l.text, (size_t)1 << 20);
	if (!bus_opt.human)
		buf_putc(&l.text, '{');
	r = bus_groups(bus, stream, show_add_lag, &l, fault);
	if (!bus_opt.human)
		buf_putc(&l.text, '}');
	listing_raw(&bus_listing, "groups", buf_str(&l.text), buf_str(&l.text));
	buf_release(&l.text);
	return r;
}

static int
show_stat_stream(void *arg, const char *stream, struct fault *fault)
{
	struct bus_stat x;

	(void)arg;
	if (bus_stat(bus, stream, &x, fault) < 0)
		return -1;
	listing_text(&bus_listing, "stream", stream);
	listing_number(&bus_listing, "segments", x.segments);
	listing_size(&bus_listing, "bytes", x.bytes);
	listing_number(&bus_listing, "first", x.first);
	listing_number(&bus_listing, "last", x.last);
	listing_age(&bus_listing, "oldest", x.oldest, x.has_oldest);
	listing_age(&bus_listing, "newest", x.newest, x.has_newest);
	if (show_put_lags(stream, fault) < 0)
		return -1;
	listing_end(&bus_listing);
	return 0;
}

int
bus_verb_stat(char **operands)
{
	static const char *const heads[] = {
		"stream", "segments", "bytes", "first", "last", "oldest",
		"newest", "groups and lag", NULL
	};

	listing_begin(&bus_listing, bus_opt.human, heads);
	return bus_for_streams(operands, show_stat_stream);
}

static void
show_damage(void *arg, const char *what)
{
	(void)arg;
	diag_error("%s", what);
}

static int
show_verify_stream(void *arg, const char *stream, struct fault *fault)
{
	struct bus_health h;

	if (bus_verify(bus, stream, &h, show_damage, arg, fault) < 0)
		return -1;
	if (h.damage > 0)
		bus_status = EX_DATAERR;
	if (h.torn > 0)
		diag_warning("%s: %llu bytes are the rest of a killed "
		    "writer's last write", stream,
		    (unsigned long long)h.torn);
	listing_text(&bus_listing, "stream", stream);
	listing_number(&bus_listing, "segments", h.segments);
	listing_number(&bus_listing, "lines", h.lines);
	listing_number(&bus_listing, "bytes", h.bytes);
	listing_number(&bus_listing, "torn", h.torn);
	listing_number(&bus_listing, "damage", h.damage);
	listing_end(&bus_listing);
	return 0;
}

int
bus_verb_verify(char **operands)
{
	listing_begin(&bus_listing, false, NULL);
	return bus_for_streams(operands, show_verify_stream);
}
