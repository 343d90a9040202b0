/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/delivery.h"

#include <mqtt_protocol.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/filter.h"
#include "base/memory.h"
#include "base/ready.h"
#include "base/signal.h"
#include "bus/bus.h"
#include "mqtt/bridge.h"
#include "senml/message.h"

/* bytes of payload on their way; one message more may be */
#define WINDOW_BYTES ((size_t)16 << 20)
/* a group moves as often, in ms */
#define MOVE_MS 100

/* A message on its way. */
struct sent {
	int mid;
	bool done;		/* acknowledged */
	bool has_seq;
	uint64_t seq;		/* all up to there is this and those before */
	uint64_t line;
	size_t bytes;
};

struct delivery {
	const struct delivery_options *opt;
	struct mqtt c;
	struct filter f;
	struct arena arena;
	struct buf topic;
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	struct sent *sent;	/* a ring: n of them from `first` */
	size_t size, first, n, bytes;
	uint64_t seq, moved;	/* where the group should be, and is */
	bool behind;		/* it could not be moved */
	bool ready;		/* that has been said */
	bool finite;		/* stdin is a file: its end is near */
	bool hung_up;		/* nobody writes to it any more */
	bool ended;		/* all of it has been read */
	int64_t move_at, give_up;	/* ms, CLOCK_MONOTONIC */
};

static void
progress(struct delivery *d)
{
	d->give_up = clock_ms() + d->opt->wait / 1000000;
}

/* ---- what is on its way ---- */

static struct sent *
sent_at(struct delivery *d, size_t i)
{
	return &d->sent[(d->first + i) % d->size];
}

/* All up to this position is what has been sent up to now. */
static void
note_seq(struct delivery *d, uint64_t seq)
{
	struct sent *last = d->n > 0 ? sent_at(d, d->n - 1) : NULL;

	if (last == NULL) {
		if (seq > d->seq)
			d->seq = seq;
	} else if (!last->has_seq || seq > last->seq) {
		last->has_seq = true;
		last->seq = seq;
	}
}

static void
settle(struct delivery *d)
{
	struct sent *s;

	while (d->n > 0 && (s = sent_at(d, 0))->done) {
		if (s->has_seq && s->seq > d->seq)
			d->seq = s->seq;
		d->first = (d->first + 1) % d->size;
		d->n--;
	}
}

/* Refused by the broker: the message for what it is, or us. */
static void
refused(struct delivery *d, const struct sent *s, int reason)
{
	switch (reason) {
	case MQTT_RC_TOPIC_NAME_INVALID:
	case MQTT_RC_PACKET_TOO_LARGE:
	case MQTT_RC_PAYLOAD_FORMAT_INVALID:
		d->f.rejected++;
		diag_warning("<stdin>:%llu: refused by the broker: %s",
		    (unsigned long long)s->line,
		    mosquitto_reason_string(reason));
		return;
	case MQTT_RC_NOT_AUTHORIZED:
		mqtt_fail(&d->c, EX_NOPERM, "messages are refused: not "
		    "authorized; is this the socket of the bridge?");
		return;
	default:
		mqtt_fail(&d->c, EX_TEMPFAIL, "messages are refused: %s",
		    mosquitto_reason_string(reason));
	}
}

static void
on_acked(void *arg, int mid, int reason)
{
	struct delivery *d = arg;
	struct sent *s = NULL;
	size_t i;

	/* in order, mostly */
	for (i = 0; i < d->n; i++) {
		s = sent_at(d, i);
		if (s->mid == mid && !s->done)
			break;
	}
	if (i == d->n)
		return;
	progress(d);
	if (reason >= 0x80)
		refused(d, s, reason);
	if (d->c.failed)
		return;
	s->done = true;
	d->bytes -= s->bytes;
	settle(d);
}

/* The plugin knows us by the key, which it may not have made yet; a broker
 * without it does not ask. */
static void
on_begin(void *arg)
{
	struct delivery *d = arg;
	char key[BRIDGE_KEY_TEXT + 1];
	struct fault fault;
	bool has = bridge_key(key, false, &fault) == 0;

	if (!has && fault.status != EX_TEMPFAIL)
		mqtt_fail(&d->c, fault.status, "%s", fault.text);
	d->c.patient = !has;
	mosquitto_username_pw_set(d->c.m, BRIDGE_USER, has ? key : NULL);
	explicit_bzero(key, sizeof key);
}

static void
on_up(void *arg)
{
	struct delivery *d = arg;

	progress(d);
	if (!d->ready)
		ready_tell(d->opt->ready_fd);
	d->ready = true;
}

static void
move_group(struct delivery *d, bool at_once)
{
	struct fault fault;
	bool was_behind = d->behind;
	int64_t now = clock_ms();

	if (d->opt->ack == NULL || d->seq <= d->moved ||
	    (!at_once && now < d->move_at))
		return;
	d->move_at = now + MOVE_MS;
	d->behind = bus_group_set(d->stream, d->group, d->seq, &fault) < 0;
	if (!d->behind)
		d->moved = d->seq;
	else if (!was_behind)
		diag_warning("group '%s' not moved: %s", d->group, fault.text);
}

/* ---- lines ---- */

static bool
plain(struct str label)
{
	size_t i;

	/* what an escape in a label stands for is nothing an adapter of ours
	 * has written, and no topic either */
	for (i = 0; i < label.n; i++)
		if ((unsigned char)label.p[i] < ' ' || label.p[i] == '\\')
			return false;
	return true;
}

/* channels/<channel>/messages[/<subtopic>], with its NUL */
static const char *
put_topic(struct buf *b, const struct route *r)
{
	size_t i;

	if (r->channel.n == 0)
		return "no channel";
	if (!channel_id_valid(r->channel))
		return "the channel is no id";
	if (r->subtopic.n > SUBTOPIC_MAX || !plain(r->subtopic))
		return "the subtopic is none";
	buf_clear(b);
	buf_put_str(b, STR("channels/"));
	buf_put_str(b, r->channel);
	buf_put_str(b, STR("/messages"));
	if (r->subtopic.n > 0)
		buf_putc(b, '/');
	for (i = 0; i < r->subtopic.n; i++)
		buf_putc(b, r->subtopic.p[i] == '.' ? '/' : r->subtopic.p[i]);
	buf_putc(b, '\0');
	return b->full ? "the topic is too long" : NULL;
}

static void
add_pair(struct arena *a, mosquitto_property **to, const char *name,
    struct str value)
{
	struct str z = value.n > 0 && plain(value) ? arena_str(a, value) :
	    STR_NONE;

	if (z.p != NULL)
		mosquitto_property_add_string_pair(to,
		    MQTT_PROP_USER_PROPERTY, name, z.p);
}

static mosquitto_property *
properties(struct delivery *d, const struct route *r, struct str type)
{
	mosquitto_property *p = NULL;
	struct str z = type.n > 0 && plain(type) ?
	    arena_str(&d->arena, type) : STR_NONE;

	if (z.p != NULL)
		mosquitto_property_add_string(&p, MQTT_PROP_CONTENT_TYPE, z.p);
	add_pair(&d->arena, &p, BRIDGE_PUBLISHER, r->publisher);
	add_pair(&d->arena, &p, BRIDGE_PROTOCOL, r->protocol);
	return p;
}

static const char *
publish(struct delivery *d, const struct route *r, struct str payload,
    struct str type)
{
	struct sent *s = sent_at(d, d->n);
	mosquitto_property *p = properties(d, r, type);
	int rc;

	*s = (struct sent){ .line = d->f.in.number, .bytes = payload.n };
	rc = mosquitto_publish_v5(d->c.m, &s->mid, d->topic.p,
	    (int)payload.n, payload.p, 1, false, p);
	mosquitto_property_free_all(&p);
	switch (rc) {
	case MOSQ_ERR_SUCCESS:
		if (d->n++ == 0)
			progress(d);
		d->bytes += payload.n;
		return NULL;
	case MOSQ_ERR_OVERSIZE_PACKET:
		return "longer than the broker takes";
	case MOSQ_ERR_MALFORMED_UTF8:
		return "a label is not UTF-8";
	case MOSQ_ERR_INVAL:
		return "the subtopic is none";
	default:
		mqtt_fail(&d->c, EX_SOFTWARE, "publish: %s",
		    mosquitto_strerror(rc));
		return NULL;
	}
}

static const char *
deliver(struct delivery *d, struct str line, const struct route *r)
{
	struct str payload, type;
	const char *why = put_topic(&d->topic, r);

	if (why != NULL)
		return why;
	arena_reset(&d->arena);
	if (!message_payload(line, &d->arena, &payload, &type))
		return "no message";
	return publish(d, r, payload, type);
}

/* what a line looks like that may hold a message */
static bool
has_form(struct str line)
{
	char last = line.n > 0 ? line.p[line.n - 1] : '\0';

	return ((str_starts(line, STR("{\"")) && last == '}') ||
	    (str_starts(line, STR("[{\"")) && last == ']')) &&
	    memchr(line.p, '\0', line.n) == NULL;
}

static void
take(struct delivery *d, struct str line)
{
	struct route r = { .has_seq = false };
	const char *why = NULL;
	uint64_t seq;
	size_t rest;

	if (line_is_mark(line, &seq)) {
		note_seq(d, seq);
		return;
	}
	if (!route_scan(line, &r, &rest) || !has_form(line))
		why = "no message";
	else if (d->opt->all || !str_eq(r.protocol, STR("mqtt")))
		why = deliver(d, line, &r);
	if (why != NULL)
		filter_reject(&d->f, line, why, 0);
	/* what is refused or skipped must not come for ever */
	if (r.has_seq && !d->c.failed)
		note_seq(d, r.seq);
}

static bool
has_room(const struct delivery *d)
{
	return d->n < d->size && d->bytes < WINDOW_BYTES;
}

/* All the lines that can be had now and that there is room for. */
static void
take_lines(struct delivery *d)
{
	struct str line;
	int r = LINE_OK;

	while (d->c.up && !d->c.failed && r == LINE_OK && has_room(d)) {
		r = filter_next(&d->f, &line);
		if (r == LINE_OK)
			take(d, line);
	}
	if (r == 0) {
		d->ended = true;
		progress(d);
	}
}

/* ---- the loop ---- */

/* Nothing more will come, so far as can be seen without reading. */
static bool
at_end(const struct delivery *d)
{
	return d->ended || d->finite || d->hung_up || signal_stop();
}

static bool
given_up(const struct delivery *d)
{
	/* all that was taken is delivered, and nothing else is wanted */
	if (d->ended && d->n == 0)
		return true;
	if (signal_stop() && !d->c.up && d->n == 0)
		return true;
	/* with a broker and nothing on its way it is the input that is
	 * waited for */
	return at_end(d) && (!d->c.up || d->n > 0) && clock_ms() >= d->give_up;
}

static void
turn(struct delivery *d)
{
	struct pollfd in = { -1, POLLIN, 0 };
	bool was_at_end = at_end(d);

	if (!d->ended && (!d->c.up || has_room(d)))
		in.fd = STDIN_FILENO;
	/* with no broker it is only of interest whether there is an end */
	if (!d->c.up)
		in.events = 0;
	if (!d->c.up && d->hung_up)
		in.fd = -1;
	mqtt_turn(&d->c, &in, 1, d->seq > d->moved || was_at_end ?
	    MOVE_MS : -1);
	if (in.revents & (POLLHUP | POLLERR))
		d->hung_up = true;
	if (!was_at_end && at_end(d))
		progress(d);
	if (!d->ended)
		take_lines(d);
	mqtt_flush(&d->c);
	move_group(d, d->n == 0);
}

/* Asked to stop with no broker there: has anything been read that was not
 * sent? */
static bool
is_left(struct delivery *d)
{
	struct str line;

	return !d->ended && (!signal_stop() ||
	    filter_next(&d->f, &line) == LINE_OK);
}

static void
say_end(struct delivery *d)
{
	bool left = is_left(d);

	if (d->c.failed) {
		d->f.status = diag_fault(&d->c.fault);
	} else if (d->n > 0 || left) {
		diag_error("%s: %zu messages are not acknowledged%s",
		    d->c.name, d->n, left ? ", and not all lines are sent" :
		    "");
		d->f.status = EX_TEMPFAIL;
	} else if (d->behind && d->f.status == 0) {
		d->f.status = EX_TEMPFAIL;
	}
}

static int
start(struct delivery *d, struct fault *fault)
{
	static const struct mqtt_events events = {
		.begin = on_begin, .up = on_up, .acked = on_acked
	};
	struct stat st;

	if (d->opt->ack != NULL && (bus_group_parse(d->opt->ack, d->stream,
	    d->group, fault) < 0 || bus_group_get(d->stream, d->group,
	    &d->moved, fault) < 0))
		return -1;
	d->seq = d->moved;
	d->finite = fstat(STDIN_FILENO, &st) == 0 && (S_ISREG(st.st_mode) ||
	    (S_ISCHR(st.st_mode) && !isatty(STDIN_FILENO)));
	d->size = (size_t)d->opt->client.window;
	d->sent = memory_get(d->size * sizeof *d->sent);
	return mqtt_open(&d->c, &d->opt->client, &events, d, fault);
}

int
delivery_check(const struct delivery_options *opt, struct fault *fault)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];

	return opt->ack == NULL ? 0 :
	    bus_group_parse(opt->ack, stream, group, fault);
}

int
delivery_run(const struct delivery_options *opt)
{
	static char *no_files[] = { NULL };
	struct delivery d = { .opt = opt };
	struct fault fault;

	if (filter_init(&d.f, no_files, opt->rejects, NULL) < 0)
		return filter_finish(&d.f);
	/* nothing is written there: who reads it is of no interest */
	d.f.out.fd = -1;
	d.f.in.timeout = 0;
	arena_init(&d.arena, 4 * LINE_LIMIT);
	buf_init(&d.topic, 4096);
	if (start(&d, &fault) < 0) {
		d.f.status = diag_fault(&fault);
	} else {
		progress(&d);
		while (!d.c.failed && !given_up(&d))
			turn(&d);
		move_group(&d, true);
		ready_stopping();
		say_end(&d);
		mqtt_close(&d.c);
	}
	arena_release(&d.arena);
	buf_release(&d.topic);
	free(d.sent);
	return filter_finish(&d.f);
}
