/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* ends of connections: until one is suspected, and until it is refused */
#define ENDS_SUSPECT 2
#define ENDS_REFUSED 3

void
window_init(struct window *w, size_t size, window_aside_fn *aside, void *arg)
{
	*w = (struct window){ .size = size, .aside = aside, .arg = arg };
	w->sent = memory_zero(size, sizeof *w->sent);
}

static struct sent *
window_at(const struct window *w, size_t i)
{
	return &w->sent[(w->first + i) % w->size];
}

void
window_release(struct window *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		free(window_at(w, i)->line);
	free(w->sent);
}

bool
window_has_room(const struct window *w)
{
	return w->n < w->size && w->bytes < WINDOW_BYTES;
}

struct sent *
window_add(struct window *w, struct str line, uint64_t place, bool by_seq)
{
	struct sent *s = window_at(w, w->n);

	*s = (struct sent){ .place = place, .by_seq = by_seq };
	s->line = memcpy(memory_get(line.n), line.p, line.n);
	s->line_n = line.n;
	w->n++;
	w->bytes += line.n;
	return s;
}

void
window_position(struct window *w, uint64_t seq)
{
	struct sent *last = w->n > 0 ? window_at(w, w->n - 1) : NULL;

	if (last == NULL) {
		if (seq > w->seq)
			w->seq = seq;
	} else if (!last->has_seq || seq > last->seq) {
		last->has_seq = true;
		last->seq = seq;
	}
}

/* ---- done ---- */

static void
window_settle(struct window *w)
{
	struct sent *s;

	while (w->n > 0 && (s = window_at(w, 0))->state == SENT_DONE) {
		if (s->has_seq && s->seq > w->seq)
			w->seq = s->seq;
		w->first = (w->first + 1) % w->size;
		w->n--;
		w->done--;
		w->next -= w->next > 0;
	}
}

/* Every change of state goes through here. */
static void
window_turn(struct window *w, struct sent *s, enum sent_state state)
{
	w->on_way -= s->state == SENT_ON_WAY;
	w->refused -= s->state == SENT_REFUSED;
	s->state = state;
	w->on_way += state == SENT_ON_WAY;
	w->refused += state == SENT_REFUSED;
	if (state != SENT_REFUSED && state != SENT_DONE)
		return;
	w->suspects -= s->suspect;
	s->suspect = false;
	if (state == SENT_DONE) {
		w->bytes -= s->line_n;
		free(s->line);
		s->line = NULL;
		w->done++;
	}
}

void
window_set_aside(struct window *w, struct sent *s, const char *why)
{
	w->aside(w->arg, s, why);
	window_turn(w, s, SENT_DONE);
	window_settle(w);
}

/* ---- answers ---- */

static struct sent *
window_find(const struct window *w, int mid)
{
	size_t i;

	/* they are answered in order, mostly */
	for (i = 0; i < w->n; i++)
		if (window_at(w, i)->state == SENT_ON_WAY &&
		    window_at(w, i)->mid == mid)
			return window_at(w, i);
	return NULL;
}

/* The broker takes messages: so those that it refused were at fault. */
static void
window_condemn(struct window *w)
{
	struct sent *s;
	size_t i;

	for (i = 0; w->refused > 0 && i < w->n; i++) {
		s = window_at(w, i);
		if (s->state != SENT_REFUSED)
			continue;
		w->aside(w->arg, s, s->why);
		window_turn(w, s, SENT_DONE);
	}
}

bool
window_acked(struct window *w, int mid)
{
	struct sent *s = window_find(w, mid);

	if (s == NULL)
		return false;
	window_turn(w, s, SENT_DONE);
	window_condemn(w);
	window_settle(w);
	return true;
}

const struct sent *
window_refused(struct window *w, int mid, int reason, const char *why,
    bool certain)
{
	struct sent *s = window_find(w, mid);

	if (s == NULL)
		return NULL;
	s->reason = reason;
	s->why = why;
	if (certain) {
		window_set_aside(w, s, why);
		return NULL;
	}
	window_turn(w, s, SENT_REFUSED);
	return s;
}

const struct sent *
window_first_refused(struct window *w)
{
	size_t i;

	for (i = 0; w->refused > 0 && i < w->n; i++)
		if (window_at(w, i)->state == SENT_REFUSED)
			return window_at(w, i);
	return NULL;
}

bool
window_is_stuck(const struct window *w)
{
	return w->refused > 0 && w->refused + w->done == w->n;
}

void
window_end(struct window *w)
{
	struct sent *s;
	size_t i;

	for (i = 0; w->refused > 0 && i < w->n; i++) {
		s = window_at(w, i);
		if (s->state != SENT_REFUSED || s->reason != 0)
			continue;
		w->aside(w->arg, s, s->why);
		window_turn(w, s, SENT_DONE);
	}
	window_settle(w);
}

/* ---- sending ---- */

/* The one suspect that may go, when nothing else is on its way. */
static struct sent *
window_next_suspect(struct window *w)
{
	size_t i;

	for (i = 0; w->on_way == 0 && i < w->n; i++)
		if (window_at(w, i)->suspect)
			return window_at(w, i);
	return NULL;
}

struct sent *
window_next(struct window *w)
{
	if (w->suspects > 0)
		return window_next_suspect(w);
	for (; w->next < w->n; w->next++)
		if (window_at(w, w->next)->state == SENT_WAITING)
			return window_at(w, w->next);
	return NULL;
}

void
window_sent(struct window *w, struct sent *s, int mid)
{
	s->mid = mid;
	window_turn(w, s, SENT_ON_WAY);
}

/* ---- the end of a connection ---- */

static void
window_suspect_all(struct window *w)
{
	struct sent *s;
	size_t i;

	for (i = 0; i < w->n; i++) {
		s = window_at(w, i);
		if (s->state != SENT_ON_WAY)
			continue;
		s->suspect = true;
		s->ends = 0;
		w->suspects++;
	}
}

/* The oldest that is on its way has seen one end more. */
static void
window_blame(struct window *w, const char *why)
{
	struct sent *s = NULL;
	size_t i;

	for (i = 0; i < w->n && s == NULL; i++)
		if (window_at(w, i)->state == SENT_ON_WAY)
			s = window_at(w, i);
	if (s == NULL)
		return;
	s->ends++;
	if (!s->suspect) {
		if (s->ends >= ENDS_SUSPECT)
			window_suspect_all(w);
	} else if (s->ends >= ENDS_REFUSED) {
		s->reason = 0;
		s->why = why;
		window_turn(w, s, SENT_REFUSED);
	}
}

bool
window_down(struct window *w, bool telling, const char *why)
{
	struct sent *s;
	size_t i;

	if (telling)
		window_blame(w, why);
	for (i = 0; i < w->n; i++) {
		s = window_at(w, i);
		/* a refusal may have been the connection's */
		if (s->state == SENT_ON_WAY ||
		    (s->state == SENT_REFUSED && s->reason != 0))
			window_turn(w, s, SENT_WAITING);
	}
	w->next = 0;
	/* the end of the connection tells more than nothing, and there must
	 * be room for those that follow */
	if (!window_has_room(w) && window_is_stuck(w))
		window_end(w);
	return w->suspects > 0;
}
