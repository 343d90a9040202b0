/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch goes out in parts, each a request of its own, several of which are
 * under way: while the server works on one, the next is made.  What a part's
 * points are does not change, so sending it once more changes nothing.
 */
#include "store/influx/writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>
#include <zlib.h>

#include "base/diag.h"
#include "base/memory.h"
#include "store/influx/clash.h"
#include "store/influx/layout.h"
#include "store/influx/wire.h"
#include "store/influx/point.h"

#define WRITER_CALLS 4
/* readings of a part, and bytes before they are compressed */
#define WRITER_PART 5000
#define WRITER_PART_BYTES ((size_t)4 << 20)
/* one reading may be as long as a batch */
#define WRITER_TEXT_MAX ((size_t)512 << 20)
/* what can't be compressed grows a little */
#define WRITER_BODY_MAX (WRITER_TEXT_MAX + (WRITER_TEXT_MAX >> 10))

struct writer_part {
	struct wire_call call;
	struct buf body;
	size_t from, to;		/* readings of the batch */
};

struct influx_writer {
	struct wire wire;
	enum layout layout;
	z_stream gzip;
	struct buf text;		/* of a part, to be compressed */
	struct writer_part parts[WRITER_CALLS];
	/* readings whose place others have taken: of all batches, and of this
	 * one */
	struct clashes clashes;
	uint64_t replaced, replaced_now;
	/* parts that the server refused, or some of them */
	struct { size_t from, to; } *bad;
	size_t n_bad, cap_bad;
};

/* ---- readings that are one point ---- */

/* Says so the first time, and at the end how many: nothing that was
 * acknowledged is lost silently. */
static void
writer_say_replaced(struct influx_writer *w, const struct reading *reading)
{
	const struct record *r = &reading->record;
	char time[STAMP_TEXT];
	int n = (int)stamp_print(time, r->time);

	if (w->replaced_now++ == 0 && w->replaced == 0)
		diag_warning("'%.*s' at %.*s, channel '%.*s': readings of one "
		    "series and time differ; InfluxDB keeps the last one "
		    "(--layout twins keeps all)", STR_ARG(r->name), n, time,
		    STR_ARG(reading->route->channel));
}

/* ---- a part ---- */

/* Puts readings from `from` on into `text`, up to the end of a part, which it
 * gives. */
static size_t
writer_put(struct influx_writer *w, struct buf *text, struct batch *b,
    size_t from, size_t to)
{
	struct point_place place;
	const char *why;
	size_t i, start;

	buf_clear(text);
	clashes_begin(&w->clashes);
	for (i = from; i < to && i - from < WRITER_PART &&
	    text->n < WRITER_PART_BYTES; i++) {
		if (b->readings[i].refused != NULL)
			continue;
		start = text->n;
		why = point_put(text, w->layout, &b->readings[i], &place);
		if (why == NULL && text->full)
			why = "it is too long";
		if (why != NULL) {
			batch_refuse(b, i, why);
			text->n = start;
			text->full = false;
		} else if (clashes_add(&w->clashes, text, place.start,
		    place.fields, place.time)) {
			writer_say_replaced(w, &b->readings[i]);
		}
	}
	return i;
}

static void
writer_compress(struct influx_writer *w, struct buf *to)
{
	size_t room = deflateBound(&w->gzip, (uLong)w->text.n);

	buf_clear(to);
	w->gzip.next_in = (Bytef *)w->text.p;
	w->gzip.avail_in = (uInt)w->text.n;
	w->gzip.next_out = (Bytef *)buf_room(to, room);
	w->gzip.avail_out = (uInt)room;
	deflate(&w->gzip, Z_FINISH);
	to->n = room - w->gzip.avail_out;
	deflateReset(&w->gzip);
}

static enum store_result
writer_begin(struct influx_writer *w, struct writer_part *part,
    struct batch *b, size_t from, size_t to, struct fault *fault)
{
	enum store_result r;

	part->from = from;
	part->to = writer_put(w, w->wire.gzip ? &w->text : &part->body, b,
	    from, to);
	if (w->wire.gzip)
		writer_compress(w, &part->body);
	r = wire_start(&w->wire, &part->call, WIRE_WRITE,
	    buf_str(&part->body), fault);
	wire_push(&w->wire);
	return r;
}

/* ---- what is refused ---- */

static void
writer_set_aside(struct influx_writer *w, const struct writer_part *part)
{
	if (w->n_bad == w->cap_bad) {
		w->cap_bad = w->cap_bad ? 2 * w->cap_bad : 16;
		w->bad = memory_resize(w->bad, w->cap_bad * sizeof *w->bad);
	}
	w->bad[w->n_bad].from = part->from;
	w->bad[w->n_bad++].to = part->to;
}

/* Which of readings[from..to) does the server not take, and why? */
static enum store_result
writer_refuse(struct influx_writer *w, struct batch *b, size_t from,
    size_t to, bool known, struct fault *fault)
{
	struct writer_part *part = &w->parts[0];
	size_t middle = from + (to - from) / 2;
	enum store_result r = STORE_DONE;

	while (from < to && b->readings[from].refused != NULL)
		from++;
	if (from >= to)
		return STORE_DONE;
	if (!known || to - from == 1) {
		r = writer_begin(w, part, b, from, to, fault);
		while (r == STORE_DONE && !part->call.ended)
			r = wire_turn(&w->wire, fault);
		if (r == STORE_DONE)
			r = wire_judge(&w->wire, &part->call, fault);
		if (r == STORE_DONE || !wire_blames_data(&part->call))
			return r;
	}
	if (to - from == 1) {
		batch_refuse(b, from, fault->text);
		return STORE_DONE;
	}
	if (middle <= from)
		middle = from + 1;
	r = writer_refuse(w, b, from, middle, false, fault);
	return r != STORE_DONE ? r :
	    writer_refuse(w, b, middle, to, false, fault);
}

/* ---- a batch ---- */

/* What came of a part that has ended. */
static enum store_result
writer_end(struct influx_writer *w, struct writer_part *part,
    struct fault *fault)
{
	enum store_result r;

	if (!part->call.ended)
		return STORE_DONE;
	part->call.ended = false;
	r = wire_judge(&w->wire, &part->call, fault);
	if (r == STORE_FAILED && wire_blames_data(&part->call)) {
		writer_set_aside(w, part);
		return STORE_DONE;
	}
	/* the server has said how long it wants to be left alone */
	if (r == STORE_LATER && part->call.pause > 0)
		store_wait(w->wire.watch, -1, 0, (int)part->call.pause);
	return r;
}

/* The next one that is free; NULL with STORE_DONE: all are under way. */
static enum store_result
writer_free_part(struct influx_writer *w, struct writer_part **out,
    size_t *busy, struct fault *fault)
{
	enum store_result r = STORE_DONE;
	size_t i;

	*out = NULL;
	*busy = 0;
	for (i = 0; r == STORE_DONE && i < WRITER_CALLS; i++) {
		r = writer_end(w, &w->parts[i], fault);
		if (w->parts[i].call.begun)
			++*busy;
		else
			*out = &w->parts[i];
	}
	return r;
}

static enum store_result
writer_send(struct influx_writer *w, struct batch *b, struct fault *fault)
{
	struct writer_part *part;
	size_t at = 0, busy;
	enum store_result r;

	while ((r = writer_free_part(w, &part, &busy, fault)) == STORE_DONE &&
	    (at < b->whole || busy > 0)) {
		if (at < b->whole && part != NULL) {
			r = writer_begin(w, part, b, at, b->whole, fault);
			at = part->to;
		} else {
			r = wire_turn(&w->wire, fault);
		}
		if (r != STORE_DONE)
			break;
	}
	return r;
}

static void
writer_cancel(struct influx_writer *w)
{
	size_t i;

	for (i = 0; i < WRITER_CALLS; i++) {
		wire_cancel(&w->wire, &w->parts[i].call);
		w->parts[i].call.ended = false;
	}
}

/* ---- the database ---- */

/* The name of the database as an identifier. */
static void
writer_put_name(struct buf *to, const char *name)
{
	buf_putc(to, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			buf_putc(to, '\\');
		buf_putc(to, *name);
	}
	buf_putc(to, '"');
}

/* Makes it: the server must let us, and know how. */
static enum store_result
writer_make_database(struct influx_writer *w, struct fault *fault)
{
	struct wire_call *call = &w->parts[0].call;
	struct buf statement, body;
	enum store_result r;

	buf_init(&statement, SIZE_MAX);
	buf_init(&body, SIZE_MAX);
	buf_puts(&statement, "CREATE DATABASE ");
	writer_put_name(&statement, w->wire.database);
	wire_put_statement(&body, buf_str(&statement));
	r = wire_run(&w->wire, call, WIRE_ORDER, buf_str(&body), fault);
	call->ended = false;
	if (r == STORE_FAILED)
		fault_set(fault, EX_CONFIG, "%s: the database does not exist, "
		    "and this user may not make it", w->wire.name);
	buf_release(&statement);
	buf_release(&body);
	return r;
}

/* Nothing is written, and the server says whether it could be. */
static enum store_result
writer_probe(struct influx_writer *w, struct fault *fault)
{
	struct wire_call *call = &w->parts[0].call;
	enum store_result r;

	buf_clear(&w->text);
	buf_clear(&w->parts[0].body);
	if (w->wire.gzip)
		writer_compress(w, &w->parts[0].body);
	r = wire_run(&w->wire, call, WIRE_WRITE, buf_str(&w->parts[0].body),
	    fault);
	call->ended = false;
	return r == STORE_FAILED && wire_blames_data(call) ? STORE_DONE : r;
}

static enum store_result
writer_try(struct influx_writer *w, struct fault *fault)
{
	enum store_result r = writer_probe(w, fault);

	if (r == STORE_FAILED && !w->wire.v2 &&
	    wire_lacks_database(&w->parts[0].call)) {
		r = writer_make_database(w, fault);
		/* InfluxDB 2 says in an answer of 200 that it does not */
		if (r == STORE_DONE)
			r = writer_probe(w, fault);
	}
	return r;
}

/* ---- life ---- */

enum store_result
influx_writer_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct influx_writer *w = memory_zero(1, sizeof *w);
	enum store_result r;
	size_t i;

	w->layout = layout_chosen;
	clashes_init(&w->clashes);
	buf_init(&w->text, WRITER_TEXT_MAX);
	for (i = 0; i < WRITER_CALLS; i++) {
		wire_call_init(&w->parts[i].call);
		buf_init(&w->parts[i].body, WRITER_BODY_MAX);
	}
	/* 31: with the header of gzip */
	if (deflateInit2(&w->gzip, 1, Z_DEFLATED, 31, 9,
	    Z_DEFAULT_STRATEGY) != Z_OK) {
		fault_set(fault, EX_OSERR, "zlib won't start");
		r = STORE_FAILED;
	} else {
		r = wire_open(&w->wire, place, watch, fault);
	}
	if (r == STORE_DONE)
		r = writer_try(w, fault);
	if (r == STORE_DONE)
		*out = w;
	else
		influx_writer_close(w);
	return r;
}

void
influx_writer_close(void *handle)
{
	struct influx_writer *w = handle;
	size_t i;

	for (i = 0; i < WRITER_CALLS; i++) {
		wire_call_release(&w->wire, &w->parts[i].call);
		buf_release(&w->parts[i].body);
	}
	if (w->replaced > 1)
		diag_warning("%" PRIu64 " readings were replaced by others of "
		    "the same series and time", w->replaced);
	clashes_release(&w->clashes);
	wire_close(&w->wire);
	deflateEnd(&w->gzip);
	buf_release(&w->text);
	free(w->bad);
	free(w);
}

enum store_result
influx_writer_write(void *handle, struct batch *b, struct fault *fault)
{
	struct influx_writer *w = handle;
	enum store_result r;
	uint64_t replaced;
	size_t i;

	w->n_bad = 0;
	w->replaced_now = 0;
	r = writer_send(w, b, fault);
	if (r != STORE_DONE)
		writer_cancel(w);
	replaced = w->replaced_now;
	for (i = 0; r == STORE_DONE && i < w->n_bad; i++)
		r = writer_refuse(w, b, w->bad[i].from, w->bad[i].to, true,
		    fault);
	if (r != STORE_DONE)
		writer_cancel(w);
	w->parts[0].call.ended = false;
	/* what is sent once more is not counted once more */
	w->replaced_now = 0;
	if (r == STORE_DONE)
		w->replaced += replaced;
	return r;
}
