/* SPDX-License-Identifier: Apache-2.0 */
#include "ws/subscriber.h"

#include <stdlib.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/stamp.h"

#define ARENA_MAX (2 * LINE_LIMIT)
#define TARGET_MAX HTTP1_HEAD_MAX
/* asked in one turn: some milliseconds, when the cache is empty */
#define CHECKED 256
/* one thing may have so many places for each one that is free */
#define PLACES_OTHERS 15
#define REGISTRY_DOWN_MAX (5 * STAMP_SECOND)

int
subscribers_init(struct subscribers *a, struct fault *fault)
{
	budget_init(&a->places, (size_t)a->max * PLACES_OTHERS);
	subscriptions_init(&a->subscriptions);
	ws_render_init(&a->render);
	buf_init(&a->labelled, DELIVERY_LABELLED_MAX);
	arena_init(&a->arena, ARENA_MAX);
	return a->stream ? catchup_open(&a->catchup, a->bus, a->stream,
	    fault) : 0;
}

void
subscribers_release(struct subscribers *a)
{
	if (a->subscriptions.channels.lists == NULL)
		return;
	subscriptions_release(&a->subscriptions);
	ws_render_release(&a->render);
	catchup_close(a->catchup);
	buf_release(&a->labelled);
	arena_release(&a->arena);
}

/* ---- handshakes ---- */

static struct str
subscriber_copy(struct str s)
{
	char *p = s.n > 0 ? memory_get(s.n) : NULL;

	if (p != NULL)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

static void
subscriber_drop_str(struct str *s)
{
	union { const char *p; void *free; } it = { .p = s->p };

	if (s->n > 0)
		explicit_bzero(it.free, s->n);
	free(it.free);
	*s = STR_NONE;
}

struct read_query {
	struct ws_target *target;
	struct buf text;
	const char *why;
};

static void
subscriber_read_argument(void *arg, struct str name, struct str value)
{
	struct read_query *q = arg;

	buf_clear(&q->text);
	if (q->why != NULL)
		return;
	if (!percent_decode(&q->text, name)) {
		q->why = "the query is not correctly percent-encoded";
		return;
	}
	buf_putc(&q->text, '=');
	if (!percent_decode(&q->text, value))
		q->why = "the query is not correctly percent-encoded";
	else
		q->why = ws_target_argument(q->target, buf_str(&q->text));
}

static const char *
subscriber_read_query(const struct http_request *r, struct ws_target *t)
{
	struct read_query q = { .target = t };

	buf_init(&q.text, TARGET_MAX);
	http_query(r, subscriber_read_argument, &q);
	/* there may be a key in it */
	secret_release(&q.text);
	return q.why;
}

/* the path is decoded into `path`, from which the target borrows */
static unsigned
subscriber_read_request(const struct http_request *r, struct buf *path,
    struct ws_target *t, const char **why)
{
	*why = "the path is not correctly percent-encoded";
	if (!percent_decode(path, r->path))
		return 400;
	switch (ws_target_path(t, buf_str(path), why)) {
	case MESSAGE_PATH_OTHER:
		*why = "WebSockets are opened on "
		    "/channels/<id>/messages[/<subtopic>]";
		return 404;
	case MESSAGE_PATH_REFUSED:
		return 400;
	case MESSAGE_PATH_OK:
		break;
	}
	*why = subscriber_read_query(r, t);
	return *why ? 400 : 0;
}

/* Where its replay starts, as a position; the status to refuse it with. */
static unsigned
subscriber_find_start(struct subscribers *a, struct ws_target *t,
    struct subscriber *u, const char **why)
{
	u->replaying = t->replays;
	if (!t->replays)
		return 0;
	*why = "there is nothing here to replay from";
	if (a->catchup == NULL)
		return 400;
	*why = "the stream can't be read now";
	return catchup_find(a->catchup, &t->from, &u->at, &a->fault) < 0 ?
	    503 : 0;
}

/* A WebSocket that can only receive, or begins with what was, is for a thing
 * that may subscribe; any other one is for what its thing may do. */
static unsigned
subscriber_use(const struct ws_target *t)
{
	return t->plain && !t->replays ? ACCESS_ANY_WAY : DIRECTION_SUBSCRIBE;
}

static unsigned
subscriber_prove(struct subscribers *a, const struct http_request *r,
    struct ws_target *t, struct subscriber *u, const char **why)
{
	struct str key = authorization_key(http_header(r, "Authorization"));
	const struct certificate *shown = http_certificate(r);
	enum access_result result;

	u->key = subscriber_copy(key.n > 0 ? key : buf_str(&t->key));
	if (shown != NULL && shown->kind != CERTIFICATE_NONE) {
		u->certificate = memory_get(sizeof *u->certificate);
		*u->certificate = *shown;
	}
	result = thing_auth_prove(a->registry, u->key, u->certificate,
	    t->channel, subscriber_use(t), a->need_certificate, u->thing, why);
	if (result == ACCESS_YES) {
		access_directions(a->registry, str_z(u->thing), t->channel,
		    &u->directions);
		return 0;
	}
	if (result == ACCESS_ERROR) {
		fault_set(&a->fault, EX_TEMPFAIL, "registry: %s", *why);
		*why = "access can't be checked now";
		return 503;
	}
	a->refused++;
	fault_set(&a->fault, EX_NOPERM, "%s", *why);
	*why = access_refusal(result);
	return 403;
}

/* One thing may have nearly all places, but some are left for others. */
static unsigned
subscriber_take_place(struct subscribers *a, struct subscriber *u,
    const char **why)
{
	u->place = budget_key(&a->places, str_z(u->thing));
	u->placed = budget_keep(&a->places, u->place, 1);
	if (!u->placed) {
		*why = "this thing has too many connections";
		fault_set(&a->fault, EX_NOPERM, "%s", *why);
		return 429;
	}
	budget_hold(&a->places, PLACES_OTHERS);
	return 0;
}

static void
subscriber_leave_place(struct subscribers *a, struct subscriber *u)
{
	if (!u->placed)
		return;
	budget_free(&a->places, PLACES_OTHERS);
	budget_drop(&a->places, u->place, 1);
}

static struct subscriber *
subscriber_new(struct subscribers *a, const struct ws_target *t)
{
	struct subscriber *u = memory_zero(1, sizeof *u);

	u->subscription.owner = u;
	u->channel = subscriber_copy(t->channel);
	u->filter = subscriber_copy(buf_str(&t->subscription));
	u->type = subscriber_copy(buf_str(&t->type));
	u->format = t->format;
	u->plain = t->plain;
	u->silent = t->silent;
	u->next = a->first;
	if (u->next != NULL)
		u->next->prev = u;
	a->first = u;
	a->n++;
	return u;
}

unsigned
subscribers_admit(struct subscribers *a, const struct http_request *r,
    struct subscriber **out, const char **why)
{
	struct buf path;
	struct ws_target t;
	struct subscriber *u = NULL;
	unsigned status;

	a->fault.status = 0;
	*why = NULL;
	ws_target_init(&t);
	buf_init(&path, TARGET_MAX);
	status = subscriber_read_request(r, &path, &t, why);
	if (status == 0 && !http_origin_admitted(r)) {
		*why = "this origin is not allowed";
		fault_set(&a->fault, EX_NOPERM, "%s", *why);
		status = 403;
	}
	if (status == 0) {
		u = subscriber_new(a, &t);
		status = subscriber_prove(a, r, &t, u, why);
	}
	if (status == 0)
		status = subscriber_take_place(a, u, why);
	if (status == 0)
		status = subscriber_find_start(a, &t, u, why);
	ws_target_release(&t);
	buf_release(&path);
	if (status == 0) {
		*out = u;
		return 101;
	}
	if (u != NULL)
		subscribers_close(a, u);
	return status;
}

void
subscribers_open(struct subscribers *a, struct subscriber *u,
    struct ws_conn *client)
{
	u->client = client;
	u->budget_key = budget_key(a->budget, str_z(u->thing));
	ws_charge(client, u->budget_key);
	a->replaying += u->replaying;
	subscriptions_join(&a->subscriptions, &u->subscription, u->channel,
	    u->filter);
	subscriber_drop_str(&u->channel);
	subscriber_drop_str(&u->filter);
}

void
subscribers_close(struct subscribers *a, struct subscriber *u)
{
	if (a->cursor == u)
		a->cursor = u->next;
	if (u->next != NULL)
		u->next->prev = u->prev;
	if (u->prev != NULL)
		u->prev->next = u->next;
	else
		a->first = u->next;
	a->n--;
	subscriber_leave_place(a, u);
	if (u->client != NULL)
		a->replaying -= u->replaying;
	subscriptions_leave(&a->subscriptions, &u->subscription);
	subscriber_drop_str(&u->channel);
	subscriber_drop_str(&u->filter);
	subscriber_drop_str(&u->key);
	subscriber_drop_str(&u->type);
	if (u->certificate != NULL)
		explicit_bzero(u->certificate, sizeof *u->certificate);
	free(u->certificate);
	free(u);
}

/* ---- whether they may ---- */

/* Of a thing that is still connected: is it the same, which may do all that it
 * might when this was opened?  So its client learns that it has lost
 * something. */
static bool
subscriber_keeps(struct subscribers *a, struct subscriber *u,
    const char *thing)
{
	unsigned before = u->directions;

	/* a key that has come to another thing is another's */
	return strcmp(thing, u->thing) == 0 &&
	    access_directions(a->registry, str_z(thing),
	    subscription_channel(&u->subscription), &u->directions) ==
	    ACCESS_YES && !(before & ~u->directions);
}

bool
subscriber_may(struct subscribers *a, struct subscriber *u)
{
	char thing[THING_AUTH_MAX];
	const char *why;

	u->generation = access_generation(a->registry);
	switch (thing_auth_prove(a->registry, u->key, u->certificate,
	    subscription_channel(&u->subscription), ACCESS_ANY_WAY,
	    a->need_certificate, thing, &why)) {
	case ACCESS_YES:
		a->registry_down = 0;
		if (subscriber_keeps(a, u, thing))
			return true;
		break;
	case ACCESS_ERROR:
		fault_set(&a->fault, EX_TEMPFAIL, "registry: %s", why);
		if (a->registry_down == 0)
			a->registry_down = clock_ns();
		return false;
	default:
		a->registry_down = 0;
		break;
	}
	a->revoked++;
	ws_end(u->client, WS_REVOKED, "access was revoked");
	return false;
}

/* Before it is given something: it is looked at after a change, however many
 * wait for that.  While the registry can't be asked it stays as it is. */
static bool
subscriber_still_may(struct subscribers *a, struct subscriber *u)
{
	return u->generation == access_generation(a->registry) ||
	    a->registry_down != 0 || subscriber_may(a, u) ||
	    a->registry_down != 0;
}

bool
subscribers_check(struct subscribers *a, bool changed)
{
	struct subscriber *u;
	unsigned n;

	if (changed)
		a->unchecked = a->n;
	for (n = 0; n < CHECKED && a->unchecked > 0 && a->n > 0; n++) {
		if (a->cursor == NULL)
			a->cursor = a->first;
		u = a->cursor;
		if (u->client != NULL && (a->registry_down != 0 ||
		    u->generation != access_generation(a->registry)) &&
		    !subscriber_may(a, u) && a->registry_down != 0) {
			if (clock_ns() - a->registry_down < REGISTRY_DOWN_MAX)
				return false;
			ws_end(u->client, WS_TRY_LATER,
			    "access can't be checked");
		}
		a->cursor = u->next;
		a->unchecked--;
	}
	return a->unchecked > 0 && a->n > 0;
}

/* ---- what they get ---- */

static bool
subscriber_is_own(const struct subscriber *u, const struct route *r)
{
	return u->silent && str_eq(r->publisher, str_z(u->thing));
}

void
subscribers_tell(struct subscribers *a, const struct delivery *d)
{
	struct str subtopic = d->route.subtopic;
	struct subscription *s;

	ws_render_begin(&a->render, d);
	for (s = subscriptions_first(&a->subscriptions, d->route.channel,
	    subtopic); s != NULL; s = subscriptions_next(s, subtopic)) {
		struct subscriber *u = s->owner;

		if (!subscriber_still_may(a, u) ||
		    !(u->directions & DIRECTION_SUBSCRIBE) ||
		    u->replaying || subscriber_is_own(u, &d->route) ||
		    (d->route.has_seq && d->route.seq <= u->at))
			continue;
		ws_send(u->client, ws_rendered(&a->render, u->format));
	}
	ws_render_end(&a->render);
}

/* One line of the bus, for one subscriber. */
static void
subscriber_replay_line(struct subscribers *a, struct subscriber *u,
    const struct bus_line *line)
{
	struct delivery d;
	struct route route;
	size_t labels;

	u->at = line->seq;
	if (!route_scan(line->text, &route, &labels) ||
	    route.channel.n == 0) {
		passed_line(&a->passed, a->stream, u->at, line->text);
		return;
	}
	if (subscriber_is_own(u, &route) ||
	    !str_eq(route.channel, subscription_channel(&u->subscription)) ||
	    !subscription_has(subscription_filter(&u->subscription),
	    route.subtopic))
		return;
	arena_reset(&a->arena);
	if (!delivery_parse_at(&d, line, &a->labelled, &a->arena)) {
		passed_over(&a->passed, a->stream, '@', u->at,
		    "not a message of a channel");
		return;
	}
	ws_render_begin(&a->render, &d);
	ws_send(u->client, ws_rendered(&a->render, u->format));
	ws_render_end(&a->render);
	a->replayed++;
}

/* For what can wait. */
static bool
subscriber_has_room(const struct subscribers *a, const struct subscriber *u,
    size_t max)
{
	return ws_queued(u->client) < max &&
	    budget_is_easy(a->budget, u->budget_key);
}

/* Some of it; true when there is more. */
static bool
subscriber_replay_some(struct subscribers *a, struct subscriber *u,
    uint64_t seq)
{
	struct bus_lines lines;
	struct bus_line line;

	switch (catchup_step(a->catchup, &u->at, seq, &lines, &a->fault)) {
	case CATCHUP_LINES:
		while (subscriber_has_room(a, u, a->max_queue / 2) &&
		    bus_lines_next(&lines, &line))
			subscriber_replay_line(a, u, &line);
		return true;
	case CATCHUP_WAIT:
		u->waiting = true;
		u->waits = seq;
		return false;
	case CATCHUP_LIVE:
		u->replaying = false;
		a->replaying--;
		return false;
	default:
		if (a->fault.status == EX_DATAERR) {
			passed_over(&a->passed, a->stream, '@', u->at,
			    a->fault.text);
			return true;
		}
		ws_end(u->client, WS_BROKEN, "the stream can't be read");
		u->replaying = false;
		a->replaying--;
		return false;
	}
}

bool
subscribers_replay(struct subscribers *a, uint64_t seq)
{
	struct subscriber *u;
	unsigned left = a->replaying;
	bool more = false;

	for (u = a->first; u != NULL && left > 0; u = u->next) {
		if (!u->replaying || u->client == NULL)
			continue;
		left--;
		if (!subscriber_still_may(a, u))
			continue;
		/* it has no room: its next write brings the next turn */
		if (!subscriber_has_room(a, u, a->max_queue / 4) ||
		    (u->waiting && u->waits == seq))
			continue;
		u->waiting = false;
		more |= subscriber_replay_some(a, u, seq);
	}
	return more;
}

void
subscribers_metrics_put(struct metrics *m, const struct service *s,
    const struct subscribers *a, const struct feed *in)
{
	service_put(m, s, "subscriptions", "gauge", "WebSockets open.",
	    a->subscriptions.n);
	service_put(m, s, "input_open", "gauge",
	    "Whether lines to be delivered can come.", in->fd >= 0);
	service_put(m, s, "input_messages_total", "counter",
	    "Messages that came to be delivered.", in->lines);
	service_put(m, s, "input_rejected_total", "counter",
	    "Lines that were not messages of a channel.", in->passed.n);
	service_put(m, s, "replay_rejected_total", "counter",
	    "Lines of the history that were not messages of a channel.",
	    a->passed.n);
	service_put(m, s, "replayed_total", "counter",
	    "Messages replayed from the history.",
	    a->replayed);
	service_put(m, s, "revoked_total", "counter",
	    "Clients ended because access was revoked.", a->revoked);
}

void
subscribers_server_metrics_put(struct metrics *m, const struct service *s,
    const struct ws *ws)
{
	service_put(m, s, "connections", "gauge", "Connections open.",
	    ws_connections(ws));
	service_put(m, s, "sent_total", "counter", "Messages sent.",
	    ws_frames(ws));
	service_put(m, s, "slow_total", "counter",
	    "Clients ended because they did not read.", ws_slow(ws));
}
