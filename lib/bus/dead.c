/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/dead.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/backoff.h"
#include "base/base64.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/signal.h"
#include "bus/bus.h"
#include "json/object.h"
#include "line/canonical.h"
#include "line/message.h"

struct dead {
	struct reject_target head;
	char stream[BUS_NAME_MAX + 1];
	struct bus *bus;
	struct bus_writer *writer;
	struct canonical canonical;
	struct buf record, line;
	struct backoff pause;	/* ms */
	bool away;		/* which has been said */
};

/* the stream that lines come from, or "" */
static char dead_from[BUS_NAME_MAX + 1];

/* ---- writing ---- */

static void
dead_put_text(struct buf *b, const char *name, struct str value)
{
	buf_puts(b, name);
	json_put_string(b, value);
	buf_putc(b, ',');
}

static void
dead_put_record(struct buf *b, const struct route *labels,
    const struct route *line, const struct reject *r)
{
	struct str kept = r->line;

	buf_clear(b);
	buf_putc(b, '{');
	route_put(b, labels);
	dead_put_text(b, "\"n\":", STR(DEAD_NAME));
	dead_put_text(b, "\"reason\":", str_z(r->why));
	dead_put_text(b, "\"place\":", str_z(r->place));
	dead_put_text(b, "\"program\":", str_z(diag_name()));
	if (dead_from[0] != '\0')
		dead_put_text(b, "\"from\":", str_z(dead_from));
	if (line->has_seq)
		buf_printf(b, "\"at\":%llu,", (unsigned long long)line->seq);
	if (kept.n > DEAD_LINE_MAX) {
		buf_puts(b, "\"cut\":true,");
		kept.n = DEAD_LINE_MAX;
	}
	buf_puts(b, "\"vd\":\"");
	base64_put(b, kept);
	buf_puts(b, "\"}");
}

/* The letter, in d->line.  What was refused may have labels that no line of a
 * bus may have: then it is without them. */
static void
dead_make(struct dead *d, const struct reject *r)
{
	struct route line, labels, none = { .has_seq = false };
	size_t rest;

	route_clear(&line);
	if (!route_scan(r->line, &line, &rest))
		route_clear(&line);
	labels = line;
	labels.has_seq = false;
	labels.received = stamp_now();
	labels.has_received = true;
	canonical_now(&d->canonical, labels.received);
	dead_put_record(&d->record, &labels, &line, r);
	buf_clear(&d->line);
	if (d->record.full || canonical_put(&d->canonical, &d->line,
	    buf_str(&d->record), &none) != NULL) {
		route_clear(&none);
		none.received = labels.received;
		none.has_received = true;
		dead_put_record(&d->record, &none, &line, r);
		buf_clear(&d->line);
		buf_put_str(&d->line, buf_str(&d->record));
	}
	buf_putc(&d->line, '\n');
}

static int
dead_append(struct dead *d, struct fault *fault)
{
	uint64_t seq;

	if (d->bus == NULL && bus_open(&d->bus, NULL, fault) < 0) {
		d->bus = NULL;
		return -1;
	}
	if (d->writer == NULL && bus_writer_open(&d->writer, d->bus,
	    d->stream, BUS_SYNC_NONE, fault) < 0) {
		d->writer = NULL;
		return -1;
	}
	return bus_append(d->writer, buf_str(&d->line), NULL, &seq,
	    fault) < 0 || bus_commit(d->writer, fault) < 0 ? -1 : 0;
}

/* While the bus is away there is nowhere to put the line, so nothing more is
 * read. */
static int
dead_put(struct reject_target *head, const struct reject *r,
    struct fault *fault)
{
	struct dead *d = (struct dead *)head;

	dead_make(d, r);
	while (dead_append(d, fault) < 0) {
		if (fault->status != EX_TEMPFAIL || signal_stop())
			return -1;
		if (!d->away)
			diag_warning("%s; waiting", fault->text);
		d->away = true;
		signal_poll(NULL, 0, (int)backoff_next(&d->pause));
	}
	backoff_reset(&d->pause);
	if (d->away)
		diag_warning("%s: it takes refused lines again", d->stream);
	d->away = false;
	return 0;
}

static void
dead_close(struct reject_target *head)
{
	struct dead *d = (struct dead *)head;

	bus_writer_close(d->writer);
	bus_close(d->bus);
	canonical_release(&d->canonical);
	buf_release(&d->record);
	buf_release(&d->line);
	free(d);
}

static struct reject_target *
dead_open(const char *stream, struct fault *fault)
{
	struct dead *d;

	if (!bus_name_valid(str_z(stream))) {
		fault_set(fault, EX_USAGE, "--rejects: invalid stream name "
		    "'%s'", stream);
		return NULL;
	}
	d = memory_zero(1, sizeof *d);
	d->head = (struct reject_target){ dead_put, dead_close };
	snprintf(d->stream, sizeof d->stream, "%s", stream);
	d->pause = (struct backoff){ .first = 50, .last = 2000 };
	buf_init(&d->record, MESSAGE_LINE_MAX);
	buf_init(&d->line, MESSAGE_LINE_MAX + 1);
	canonical_init(&d->canonical);
	if (bus_open(&d->bus, NULL, fault) == 0)
		return &d->head;
	d->bus = NULL;
	/* it is opened when there is something to put there */
	if (fault->status == EX_TEMPFAIL)
		return &d->head;
	dead_close(&d->head);
	return NULL;
}

void
dead_letters(const char *group)
{
	char name[BUS_NAME_MAX + 1];
	struct fault ignored;

	if (group == NULL)
		group = getenv("MFX_GROUP");
	if (group == NULL || bus_group_parse(group, dead_from, name,
	    &ignored) < 0)
		dead_from[0] = '\0';
	reject_use(dead_open);
}

/* ---- reading ---- */

enum { N, REASON, PLACE, PROGRAM, FROM, AT, CUT, VD, CHANNEL, FIELDS };

bool
dead_read(struct str line, struct dead_letter *l, struct arena *arena)
{
	struct object_field f[FIELDS] = {
		[N] = { .name = "n" }, [REASON] = { .name = "reason" },
		[PLACE] = { .name = "place" },
		[PROGRAM] = { .name = "program" }, [FROM] = { .name = "from" },
		[AT] = { .name = "at", .type = OBJECT_NUMBER },
		[CUT] = { .name = "cut", .type = OBJECT_ANY },
		[VD] = { .name = "vd" }, [CHANNEL] = { .name = "channel" },
	};
	int64_t at = 0;
	char *bytes;
	long n;

	if (object_read(line, f, FIELDS, arena) != NULL ||
	    !str_eq(f[N].value, STR(DEAD_NAME)) || f[REASON].value.p == NULL ||
	    f[VD].value.p == NULL)
		return false;
	bytes = arena_alloc(arena, f[VD].value.n / 4 * 3 + 3);
	if (bytes == NULL || (n = base64_decode(bytes, f[VD].value)) < 0)
		return false;
	*l = (struct dead_letter){
		.channel = f[CHANNEL].value, .reason = f[REASON].value,
		.place = f[PLACE].value, .program = f[PROGRAM].value,
		.from = f[FROM].value,
		.has_at = f[AT].value.p != NULL &&
		    object_number(f[AT].value, &at),
		.line = { bytes, (size_t)n },
		.cut = f[CUT].value.p != NULL
	};
	l->at = (uint64_t)at;
	return true;
}
