/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "cmd/encode/packer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "line/message.h"
#include "line/position.h"

/* routes that are held at once; and slots for them */
#define PACKS_MAX 4096
#define SLOTS (2 * PACKS_MAX)
/* of all packs together; of a stream */
#define WEIGHT_MAX ((size_t)64 << 20)
#define STREAM_WEIGHT_MAX ((size_t)64 << 10)
/* lines written since the last seq, and for how long: a sink holds all of them,
 * though not for ever */
#define UNACKED_MAX ((size_t)16 << 20)
#define UNACKED_TIME (2 * STAMP_SECOND)
/* how long to wait for the rest of a message */
#define GRACE (STAMP_SECOND / 10)
/* one pack in XML, or as data in a line */
#define SCRATCH_MAX ((size_t)32 << 20)
/* what a pack has beside its records; what a record has beside its texts */
#define PACK_OVERHEAD 80
#define RECORD_OVERHEAD 100
/* what one of our lines has around data and its labels */
#define WRAP_OVERHEAD 100
/* four texts of at most 1024 bytes, as JSON */
#define LABELS_MAX ((size_t)32 << 10)

/*
 * The records of one route.  `text` holds their texts, one after the other
 * with a byte between, in the order of the fields; the slices of `records`
 * count in length only, as `text` moves when it grows, until packer_thaw().
 */
struct pending {
	struct buf key;			/* labels and version, see make_key */
	uint64_t hash;
	struct record *records;
	size_t n, cap;
	struct buf text;
	size_t room;			/* what a pack may take */
	size_t size;			/* about what this one takes */
	int64_t first, last;		/* times of its records */
};

/* So large that it comes from the system as pages of zeros: those that no
 * route has come to take no memory. */
struct packer_routes {
	struct pending packs[PACKS_MAX];
	uint16_t table[SLOTS];
};

void
packer_init(struct packer *g, const struct senml_codec *codec,
    struct out *out)
{
	struct packer_routes *routes = memory_zero(1, sizeof *routes);

	*g = (struct packer){
		.records = SIZE_MAX, .bytes = MESSAGE_LINE_MAX,
		.hold = STAMP_SECOND, .wait = -1, .out = out,
		.routes = routes, .packs = routes->packs,
		.table = routes->table,
		.seed = hash_seed(),
	};
	encode_init(&g->encoder, codec);
	buf_init(&g->scratch, SCRATCH_MAX);
	buf_init(&g->labels, LABELS_MAX);
	buf_init(&g->key, LABELS_MAX);
	pack_init(&g->wrapping);
}

void
packer_release(struct packer *g)
{
	size_t i;

	for (i = 0; i < PACKS_MAX; i++) {
		free(g->packs[i].records);
		buf_release(&g->packs[i].key);
		buf_release(&g->packs[i].text);
	}
	free(g->routes);
	encode_release(&g->encoder);
	buf_release(&g->scratch);
	buf_release(&g->labels);
	buf_release(&g->key);
	pack_release(&g->wrapping);
}

/* ---- routes ---- */

#define LABELS 4

struct key_head {
	size_t sizes[LABELS];
	unsigned version;
};

static void
packer_list_labels(struct route *r, struct str *labels[LABELS])
{
	labels[0] = &r->channel;
	labels[1] = &r->publisher;
	labels[2] = &r->protocol;
	labels[3] = &r->subtopic;
}

/* The key: what must be equal for records to share a pack. */
static void
packer_make_key(struct buf *key, struct route *r, unsigned version)
{
	struct str *labels[LABELS];
	struct key_head head;
	int i;

	memset(&head, 0, sizeof head);
	packer_list_labels(r, labels);
	head.version = version;
	for (i = 0; i < LABELS; i++)
		head.sizes[i] = labels[i]->n;
	buf_clear(key);
	buf_put(key, &head, sizeof head);
	for (i = 0; i < LABELS; i++)
		buf_put_str(key, *labels[i]);
}

static struct route
packer_key_route(const struct buf *key)
{
	struct route r;
	struct str *labels[LABELS];
	struct key_head head;
	const char *at = key->p + sizeof head;
	int i;

	route_clear(&r);
	memcpy(&head, key->p, sizeof head);
	packer_list_labels(&r, labels);
	for (i = 0; i < LABELS; i++) {
		*labels[i] = (struct str){ at, head.sizes[i] };
		at += head.sizes[i];
	}
	return r;
}

/* The labels, without seq, as they appear in a line; a bare pack has none. */
static void
packer_make_labels(struct packer *g, const struct route *r)
{
	buf_clear(&g->labels);
	if (g->lines)
		route_put(&g->labels, r);
}

/* What a pack of this route may take. */
static size_t
packer_find_room(struct packer *g, const struct route *r)
{
	size_t room = MESSAGE_LINE_MAX - POSITION_MAX_TEXT;

	if (!g->lines)
		return g->bytes;
	packer_make_labels(g, r);
	room -= g->labels.n;
	if (g->encoder.codec != &codec_json)
		room = (room - WRAP_OVERHEAD) / 4 * 3;
	return g->bytes < room ? g->bytes : room;
}

static struct pending *
packer_open(struct packer *g, uint64_t h)
{
	struct pending *p = &g->packs[g->n++];
	struct route r;

	if (p->text.max == 0) {
		buf_init(&p->text, SIZE_MAX);
		buf_init(&p->key, LABELS_MAX);
	}
	buf_clear(&p->key);
	buf_put_str(&p->key, buf_str(&g->key));
	r = packer_key_route(&p->key);
	p->hash = h;
	p->n = 0;
	p->room = packer_find_room(g, &r);
	return p;
}

/* The pack of g->key. */
static struct pending *
packer_find(struct packer *g)
{
	struct pending *p;
	uint64_t h;
	size_t at;

	/* mostly it is that of the previous message */
	if (g->recent != NULL &&
	    str_eq(buf_str(&g->recent->key), buf_str(&g->key)))
		return g->recent;
	if (g->n == PACKS_MAX) {
		packer_flush(g);
		g->n = 0;
		g->recent = NULL;
		memset(g->table, 0, SLOTS * sizeof *g->table);
	}
	h = hash_seeded(g->seed, buf_str(&g->key));
	for (at = h % SLOTS; g->table[at] != 0; at = (at + 1) % SLOTS) {
		p = &g->packs[g->table[at] - 1];
		if (p->hash == h && str_eq(buf_str(&p->key),
		    buf_str(&g->key)))
			return g->recent = p;
	}
	g->recent = packer_open(g, h);
	g->table[at] = (uint16_t)g->n;
	return g->recent;
}

/* ---- the records of a pack ---- */

#define TEXTS 6

static void
packer_list_texts(struct record *r, struct str *texts[TEXTS])
{
	texts[0] = &r->name;
	texts[1] = &r->unit;
	texts[2] = &r->value;
	texts[3] = &r->sum;
	texts[4] = &r->update;
	texts[5] = &r->ct;
}

static size_t
packer_texts_size(const struct record *r)
{
	return r->name.n + r->unit.n + r->value.n + r->sum.n + r->update.n +
	    r->ct.n + TEXTS;
}

/* Makes the slices of the records valid until text changes.  An absent text has
 * no bytes; for a text that may be empty, empty means the same as absent. */
static void
packer_thaw(struct pending *p)
{
	struct str *texts[TEXTS];
	char *at = p->text.p;
	size_t i;
	int k;

	for (i = 0; i < p->n; i++) {
		packer_list_texts(&p->records[i], texts);
		for (k = 0; k < TEXTS; k++) {
			texts[k]->p = texts[k]->n > 0 ? at : NULL;
			at += texts[k]->n + 1;
		}
	}
}

/* About what the record adds to the pack: the part of the name that it shares
 * with the previous record will mostly be in a bn. */
static size_t
packer_estimate(const struct pending *p, const struct record *r)
{
	size_t size = RECORD_OVERHEAD + packer_texts_size(r), shared = 0;
	const struct record *last;
	const char *name;

	if (p->n == 0)
		return PACK_OVERHEAD + size;
	last = &p->records[p->n - 1];
	name = p->text.p + p->text.n - packer_texts_size(last);
	while (shared < r->name.n && shared < last->name.n &&
	    name[shared] == r->name.p[shared])
		shared++;
	return size - shared;
}

static void
packer_append(struct packer *g, struct pending *p, const struct record *record)
{
	struct str *texts[TEXTS];
	struct record *r;
	int k;

	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 16;
		p->records = memory_resize(p->records,
		    p->cap * sizeof *p->records);
	}
	if (p->n == 0) {
		p->first = p->last = record->time.ns;
		p->size = 0;
		if (g->held++ == 0)
			g->due = clock_ns() + g->hold;
	}
	p->size += packer_estimate(p, record);
	r = &p->records[p->n++];
	*r = *record;
	packer_list_texts(r, texts);
	for (k = 0; k < TEXTS; k++) {
		buf_put_str(&p->text, *texts[k]);
		/* each number is followed by a byte that belongs to none */
		buf_putc(&p->text, '\0');
	}
	if (r->time.ns < p->first)
		p->first = r->time.ns;
	if (r->time.ns > p->last)
		p->last = r->time.ns;
	g->weight += sizeof *r + packer_texts_size(r);
}

/* Takes the last record off the pack again. */
static void
packer_take_off(struct packer *g, struct pending *p)
{
	const struct record *r = &p->records[--p->n];

	p->text.n -= packer_texts_size(r);
	g->weight -= sizeof *r + packer_texts_size(r);
}

/* An empty pack keeps its memory for the next time, but all together no more
 * than may be held. */
static void
packer_clear(struct packer *g, struct pending *p)
{
	size_t share = WEIGHT_MAX / g->n;

	g->weight -= p->n * sizeof *p->records + p->text.n;
	p->n = 0;
	buf_clear(&p->text);
	if (p->text.cap > share)
		buf_release(&p->text);
	if (p->cap * sizeof *p->records > share) {
		free(p->records);
		p->records = NULL;
		p->cap = 0;
	}
}

/* ---- writing ---- */

/* May a line that is written now carry g->seen? */
static bool
packer_seq_due(const struct packer *g)
{
	return g->lines && g->has_seen && g->held == 0 &&
	    (g->whole || (g->resting && g->placed)) &&
	    !(g->has_acked && g->acked.seq == g->seen.seq &&
	    g->acked.part == g->seen.part);
}

static void
packer_ack(struct packer *g)
{
	g->acked = g->seen;
	g->has_acked = true;
	g->unacked = 0;
}

/*
 * A line is written without a position.  Before the first one, a mark of 0,
 * which precedes every position, tells the reader that positions follow.  One
 * follows soon.
 */
static void
packer_leave_unacked(struct packer *g)
{
	int64_t due = clock_ns() + UNACKED_TIME;

	if (!g->lines || !g->sequenced)
		return;
	if (!g->has_acked && g->unacked == 0) {
		mark_put(&g->out->b, 0, 0);
		g->has_acked = true;
	}
	if (g->unacked == 0 && due < g->due)
		g->due = due;
}

static void
packer_put_mark(struct packer *g)
{
	if (!packer_seq_due(g))
		return;
	mark_put(&g->out->b, g->seen.seq, g->seen.part);
	out_end(g->out);
	packer_ack(g);
}

/* Writes one pack of record i and those after it to scratch; returns how
 * many. */
static size_t
packer_encode_from(struct packer *g, struct pending *p, size_t i,
    const struct route *r)
{
	struct str labels = STR_NONE;

	if (g->encoder.codec == &codec_json) {
		packer_make_labels(g, r);
		labels = buf_str(&g->labels);
	}
	buf_clear(&g->scratch);
	g->encoder.max = p->room;
	return encode_pack(&g->encoder, &g->scratch, labels, p->records + i,
	    p->n - i);
}

/* The same, and writes it to the output. */
static size_t
packer_write_from(struct packer *g, struct pending *p, size_t i)
{
	const struct senml_codec *codec = g->encoder.codec;
	struct buf *b = &g->out->b;
	struct route r = packer_key_route(&p->key);
	size_t put;

	r.has_seq = packer_seq_due(g);
	r.seq = g->seen.seq;
	r.part = g->seen.part;
	r.joined = r.part == 0 && p->n - i > 1;
	put = packer_encode_from(g, p, i, &r);
	if (r.has_seq && i + put < p->n) {
		r.has_seq = false;
		put = packer_encode_from(g, p, i, &r);
	}
	if (!r.has_seq)
		packer_leave_unacked(g);
	if (g->lines && codec != &codec_json) {
		message_wrap(b, &r, buf_str(&g->scratch),
		    codec->type, &g->wrapping);
	} else {
		buf_put_str(b, buf_str(&g->scratch));
		if (codec->text)
			buf_putc(b, '\n');
	}
	out_end(g->out);
	g->unacked += g->scratch.n;
	if (r.has_seq)
		packer_ack(g);
	return put;
}

static void
packer_close(struct packer *g, struct pending *p)
{
	size_t i;

	packer_thaw(p);
	g->held--;
	if (g->encoder.codec->stream) {
		encode_stream(&g->encoder, &g->out->b, p->records, p->n);
		out_end(g->out);
	} else {
		for (i = 0; i < p->n; )
			i += packer_write_from(g, p, i);
	}
	packer_clear(g, p);
}

void
packer_flush(struct packer *g)
{
	size_t i;

	for (i = 0; g->held > 0 && i < g->n; i++)
		if (g->packs[i].n > 0)
			packer_close(g, &g->packs[i]);
	g->late = false;
	packer_put_mark(g);
}

static void
packer_flush_at_rest(struct packer *g)
{
	g->resting = true;
	packer_flush(g);
	g->resting = false;
}

void
packer_end(struct packer *g)
{
	packer_flush_at_rest(g);
	if (!g->encoder.codec->stream)
		return;
	encode_stream_end(&g->encoder, &g->out->b);
	out_end(g->out);
}

static int
packer_milliseconds(int64_t ns)
{
	int64_t ms = (ns + 999999) / 1000000;

	return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

void
packer_tick(struct packer *g)
{
	int64_t left;

	g->wait = -1;
	if (g->encoder.codec->stream || (g->held == 0 &&
	    (g->whole || g->unacked == 0 || !g->sequenced))) {
		packer_flush(g);
		return;
	}
	left = g->due - clock_ns();
	if (left > 0) {
		g->wait = packer_milliseconds(left);
	} else if (g->whole || !g->has_seen || left <= -GRACE) {
		packer_flush_at_rest(g);
	} else {
		/* cut here, no line could carry a seq: wait for the end of the
		 * message, which should come soon */
		g->late = true;
		g->wait = packer_milliseconds(left + GRACE);
	}
}

/* ---- adding ---- */

static void
packer_add_record(struct packer *g, struct pending *p,
    const struct record *r)
{
	int64_t t = r->time.ns;

	if (p->n > 0 && g->span > 0 && (t - p->first > g->span ||
	    p->last - t > g->span))
		packer_close(g, p);
	packer_append(g, p, r);
	if (g->encoder.codec->stream || p->size <= p->room || p->n == 1)
		return;
	/* full by the estimate: see what it really takes */
	packer_thaw(p);
	if (packer_encode_from(g, p, 0, &(struct route){ .seq = 0 }) == p->n) {
		p->size = g->scratch.n;
		return;
	}
	packer_take_off(g, p);
	packer_close(g, p);
	packer_append(g, p, r);
}

static const char *
packer_check(struct packer *g, const struct pending *p, const struct record *r,
    size_t n)
{
	const char *why;
	size_t i;

	if (g->encoder.codec->stream && g->version != 0 &&
	    g->version != r->version)
		return "bver changes inside the stream";
	g->encoder.max = p->room;
	for (i = 0; i < n; i++)
		if ((why = encode_check(&g->encoder, &r[i])) != NULL)
			return why;
	return NULL;
}

/* A lower seq begins another stream, as when cat(1) joins streams: the one
 * before has ended. */
static void
packer_begin_message(struct packer *g, const struct route *route)
{
	if (!route->has_seq)
		return;
	g->sequenced = true;
	if (!g->has_seen)
		return;
	if (route->seq < g->seen.seq) {
		packer_flush(g);
	} else if (route->seq > g->seen.seq && !g->whole && g->placed) {
		/* the end of the message was dropped on the way */
		g->seen.part = 0;
		g->whole = true;
		if (g->late || g->unacked > UNACKED_MAX || g->held == 0)
			packer_flush(g);
	}
}

static void
packer_end_message(struct packer *g, const struct route *route)
{
	g->whole = route->has_seq && route->part == 0;
	g->placed = route->has_seq;
	if (!route->has_seq)
		return;
	g->seen.seq = route->seq;
	g->seen.part = route->part;
	g->has_seen = true;
}

void
packer_skip(struct packer *g, const struct route *route)
{
	if (!route->has_seq)
		return;
	packer_begin_message(g, route);
	packer_end_message(g, route);
}

const char *
packer_add(struct packer *g, const struct route *route,
    const struct record *records, size_t n)
{
	struct route r = *route;
	struct pending *p;
	const char *why;
	size_t i;

	if (n == 0) {
		packer_skip(g, route);
		return NULL;
	}
	if (g->encoder.codec->stream)
		route_clear(&r);
	packer_make_key(&g->key, &r, records[0].version);
	p = packer_find(g);
	if ((why = packer_check(g, p, records, n)) != NULL)
		return why;
	packer_begin_message(g, route);
	g->version = records[0].version;
	g->whole = g->placed = false;
	for (i = 0; i < n; i++) {
		packer_add_record(g, p, &records[i]);
		if (i == n - 1)
			packer_end_message(g, route);
		if (p->n >= g->records)
			packer_close(g, p);
	}
	if (g->weight > (g->encoder.codec->stream ? STREAM_WEIGHT_MAX :
	    WEIGHT_MAX) ||
	    (g->whole && (g->late || g->unacked > UNACKED_MAX)))
		packer_flush(g);
	return NULL;
}
