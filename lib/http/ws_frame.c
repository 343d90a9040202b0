/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames are made once and are the same for all clients, as a server masks
 * none; so they are sent as they are, many in one write.  A write ends with a
 * frame: a pong may be put between two of them.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "http/ws_frame.h"

#define FINAL 0x80
#define FINAL_TEXT 0x81
#define FINAL_BINARY 0x82
#define RING_MIN 4

struct ws_frame *
ws_frame_new(struct str payload, bool text)
{
	struct ws_frame *f = memory_get(sizeof *f + 10 + payload.n);
	unsigned char *p = f->bytes;
	int i;

	f->references = 1;
	f->budget = NULL;
	*p++ = text ? FINAL_TEXT : FINAL_BINARY;
	if (payload.n < 126) {
		*p++ = (unsigned char)payload.n;
	} else if (payload.n <= 0xffff) {
		*p++ = 126;
		*p++ = (unsigned char)(payload.n >> 8);
		*p++ = (unsigned char)payload.n;
	} else {
		*p++ = 127;
		for (i = 56; i >= 0; i -= 8)
			*p++ = (unsigned char)((uint64_t)payload.n >> i);
	}
	if (payload.n > 0)
		memcpy(p, payload.p, payload.n);
	f->n = (uint32_t)((size_t)(p - f->bytes) + payload.n);
	return f;
}

size_t
ws_control_print(char *to, enum ws_opcode opcode, struct str payload)
{
	if (payload.n > WS_CONTROL_MAX)
		payload.n = WS_CONTROL_MAX;
	to[0] = (char)(FINAL | opcode);
	to[1] = (char)payload.n;
	if (payload.n > 0)
		memcpy(to + 2, payload.p, payload.n);
	return payload.n + 2;
}

size_t
ws_close_print(char *to, unsigned code, const char *why)
{
	char payload[WS_CONTROL_MAX];
	size_t n = strlen(why);

	if (n > sizeof payload - 2)
		n = sizeof payload - 2;
	payload[0] = (char)(code >> 8);
	payload[1] = (char)code;
	memcpy(payload + 2, why, n);
	return ws_control_print(to, WS_CLOSE, code == 0 ? STR_NONE :
	    (struct str){ payload, n + 2 });
}

void
ws_frame_drop(struct ws_frame *f)
{
	if (f == NULL || --f->references > 0)
		return;
	budget_free(f->budget, f->n);
	free(f);
}

static void
ws_queue_grow(struct ws_queue *q)
{
	uint32_t cap = q->cap ? q->cap * 2 : RING_MIN, i;
	struct ws_frame **ring = memory_get(cap * sizeof *ring);

	for (i = 0; i < q->count; i++)
		ring[i] = q->ring[(q->first + i) & (q->cap - 1)];
	free(q->ring);
	q->ring = ring;
	q->first = 0;
	q->cap = cap;
}

void
ws_queue_put(struct ws_queue *q, struct ws_frame *f)
{
	if (f->budget == NULL) {
		f->budget = q->budget;
		budget_hold(f->budget, f->n);
	}
	if (q->count == q->cap)
		ws_queue_grow(q);
	q->ring[(q->first + q->count++) & (q->cap - 1)] = f;
	q->bytes += f->n;
	f->references++;
}

static const struct ws_frame *
ws_queue_at(const struct ws_queue *q, uint32_t i)
{
	return q->ring[(q->first + i) & (q->cap - 1)];
}

/* The oldest frame is only in the queues of those that are as slow. */
bool
ws_queue_keep(struct ws_queue *q)
{
	size_t n = 0;

	if (q->count > 0)
		n = q->bytes / ws_queue_at(q, 0)->references +
		    q->cap * sizeof *q->ring;
	if (n > q->kept && !budget_keep(q->budget, q->key, n - q->kept))
		return false;
	if (n < q->kept)
		budget_drop(q->budget, q->key, q->kept - n);
	q->kept = n;
	return true;
}

struct str
ws_queue_head(const struct ws_queue *q, char *to)
{
	const struct ws_frame *f = ws_queue_at(q, 0);
	size_t n = 0;
	uint32_t i;

	if (q->count == 1 || f->n > WS_OUT_BYTES)
		return (struct str){ (const char *)f->bytes, f->n };
	for (i = 0; i < q->count; i++) {
		f = ws_queue_at(q, i);
		if (n + f->n > WS_OUT_BYTES)
			break;
		memcpy(to + n, f->bytes, f->n);
		n += f->n;
	}
	return (struct str){ to, n };
}

size_t
ws_queue_span(const struct ws_queue *q, size_t n)
{
	size_t span = 0;
	uint32_t i;

	for (i = 0; i < q->count && span < n; i++)
		span += ws_queue_at(q, i)->n;
	return span;
}

static struct ws_frame *
ws_queue_take(struct ws_queue *q)
{
	struct ws_frame *f = q->ring[q->first];

	q->first = (q->first + 1) & (q->cap - 1);
	q->count--;
	q->bytes -= f->n;
	return f;
}

unsigned
ws_queue_drop(struct ws_queue *q, size_t span)
{
	struct ws_frame *f;
	unsigned frames = 0;

	for (; span > 0; frames++) {
		f = ws_queue_take(q);
		span -= f->n;
		ws_frame_drop(f);
	}
	if (q->count == 0 && q->cap > RING_MIN)
		ws_queue_clear(q);
	return frames;
}

void
ws_queue_clear(struct ws_queue *q)
{
	while (q->count > 0)
		ws_frame_drop(ws_queue_take(q));
	free(q->ring);
	q->ring = NULL;
	q->first = q->cap = 0;
	ws_queue_keep(q);
}
