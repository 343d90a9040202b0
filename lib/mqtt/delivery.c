/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/delivery.h"

#include <mqtt_protocol.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/diag_about.h"
#include "base/signal.h"
#include "mqtt/bridge.h"
#include "mqtt/input.h"
#include "mqtt/metrics.h"
#include "mqtt/publish.h"
#include "mqtt/window.h"

/* how often a group moves, in ms */
#define MOVE_MS 100
/* lines that are taken before the broker has its turn again */
#define TAKE_LINES 4096
/* a connection that has held this long, in ms, does not end by chance just when
 * a suspect is sent */
#define QUIET_MS 200

static struct delivery_state {
	struct delivery_options *opt;
	struct mqtt c;
	struct loop_watch lines;	/* of the input's descriptor */
	struct input input;
	struct publish publish;
	struct window window;
	struct progress read;	/* of lines from stdin */
	bool opened;		/* the input, which has to be closed */
	bool ready;		/* the broker has let it in, once */
	bool more;		/* there may be lines left to take */
	uint64_t acked;
	int64_t quiet_from;	/* ms, CLOCK_MONOTONIC: connected since … */
	int64_t answered;	/* … and of the last answer, or the first
				 * message that waits for one … */
	int64_t give_up;	/* … and when it is enough */
} delivery;

static void
delivery_progress(struct delivery_state *d)
{
	d->answered = clock_ms();
	d->give_up = d->answered + d->opt->wait / 1000000;
}

/* ---- what the broker says ---- */

static void
delivery_on_aside(void *arg, const struct sent *s, const char *why)
{
	struct delivery_state *d = arg;
	char text[128];

	snprintf(text, sizeof text, "set aside: %s%s", s->reason ?
	    "refused by the broker: " : "", why);
	input_reject(&d->input, (struct input_place){ s->by_seq, s->place },
	    (struct str){ s->line, s->line_n }, text);
}

/* A refusal that has to do with nothing but the message. */
static bool
delivery_is_certain(int reason)
{
	return reason == MQTT_RC_TOPIC_NAME_INVALID ||
	    reason == MQTT_RC_PACKET_TOO_LARGE ||
	    reason == MQTT_RC_PAYLOAD_FORMAT_INVALID;
}

static void
delivery_on_acked(void *arg, int mid, int reason)
{
	struct delivery_state *d = arg;
	const struct sent *s;

	delivery_progress(d);
	if (reason < 0x80) {
		d->acked++;
		window_acked(&d->window, mid);
		return;
	}
	s = window_refused(&d->window, mid, reason,
	    mosquitto_reason_string(reason), delivery_is_certain(reason));
	if (s == NULL || d->window.refused != 1)
		return;
	diag_about(&(struct diag_about){
		.stream = s->by_seq ? str_z(d->input.stream) : STR_NONE,
		.seq = s->by_seq ? s->place : 0,
		.status = (unsigned)reason, .bytes = s->line_n
	});
	diag_warning("%s: a message is refused: %s; it waits until another "
	    "one is taken", d->c.name, mosquitto_reason_string(reason));
}

/* The plugin knows us by the key, which it may not have made yet; a broker
 * without it does not ask. */
static void
delivery_on_begin(void *arg)
{
	struct delivery_state *d = arg;
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
delivery_on_up(void *arg)
{
	struct delivery_state *d = arg;

	delivery_progress(d);
	d->quiet_from = clock_ms();
	d->ready = true;
}

static bool
delivery_on_down(void *arg, bool by_broker)
{
	struct delivery_state *d = arg;

	return window_down(&d->window, by_broker,
	    "the broker closes the connection when it is sent");
}

/* ---- lines ---- */

/*
 * All up to there has been taken.  Before a part of a line that is what was
 * taken before it: the end of that line may have been dropped on the way.
 */
static void
delivery_take_position(struct delivery_state *d, const struct input_line *l,
    const struct route *r)
{
	if (l->seq == 0)
		progress_add(&d->read, r);
	window_position(&d->window, l->seq > 0 ? l->seq : d->read.whole);
}

static void
delivery_take(struct delivery_state *d, const struct input_line *l)
{
	struct input_place at = l->place;
	struct route r = { .has_seq = false };
	bool wanted = false;
	const char *why;
	uint64_t seq;

	if (line_is_mark(l->text, &r)) {
		delivery_take_position(d, l, &r);
		return;
	}
	if ((why = publish_look(l->text, &r)) == NULL)
		wanted = d->opt->all || !str_eq(r.protocol, STR("mqtt"));
	if (r.has_seq && r.part != 0)
		delivery_take_position(d, l, &r);
	seq = l->seq > 0 ? l->seq : r.has_seq ? r.seq : 0;
	if (seq > 0 && d->input.stream != NULL)
		at = (struct input_place){ true, seq };
	if (wanted)
		why = publish_topic(&d->publish, &r);
	if (why != NULL)
		input_reject(&d->input, at, l->text, why);
	else if (wanted)
		window_add(&d->window, l->text, at.n, at.by_seq);
	/* what is refused must not come for ever, but half a line will */
	if (seq > 0 && r.part == 0 && (why == NULL || line_is_whole(l->text)))
		delivery_take_position(d, l, &r);
}

/* All the lines that can be had now and that there is room for. */
static void
delivery_take_lines(struct delivery_state *d)
{
	struct input_line line;
	bool before = d->input.ended;
	int left = TAKE_LINES;

	while (left > 0 && d->c.up && !d->c.failed &&
	    window_has_room(&d->window) && input_next(&d->input, &line)) {
		delivery_take(d, &line);
		left--;
	}
	d->more = left == 0;
	if (d->input.ended && !before)
		delivery_progress(d);
}

/* How long, in ms, until this one may be sent. */
static int64_t
delivery_quiet_left(const struct delivery_state *d, const struct sent *s)
{
	return s->ends > 0 ? d->quiet_from + QUIET_MS - clock_ms() : 0;
}

static void
delivery_send_some(struct delivery_state *d)
{
	struct sent *s;
	const char *why;
	int mid = 0;

	while (d->c.up && !d->c.failed &&
	    (s = window_next(&d->window)) != NULL && delivery_quiet_left(d, s)
	    <= 0) {
		if (d->window.on_way == 0)
			delivery_progress(d);
		why = publish_line(&d->publish, &d->c, (struct str){
		    s->line, s->line_n }, &mid);
		if (why != NULL)
			window_set_aside(&d->window, s, why);
		else if (!d->c.failed)
			window_sent(&d->window, s, mid);
	}
}

/* ---- the loop ---- */

/* It is alive, and says nothing to what it was sent. */
static void
delivery_check_answers(struct delivery_state *d)
{
	static const char why[] = "the broker does not acknowledge it";

	if (!d->c.up || d->window.on_way == 0 ||
	    clock_ms() - d->answered < d->opt->client.stall / 1000000)
		return;
	window_down(&d->window, true, why);
	mqtt_drop(&d->c, "messages are not acknowledged");
	delivery_progress(d);
}

/* It takes nothing: neither these messages nor, as far as one can see,
 * others. */
static void
delivery_check_refusals(struct delivery_state *d)
{
	const struct sent *s;

	if (!window_is_stuck(&d->window) || d->c.failed ||
	    (!d->input.ended && window_has_room(&d->window)))
		return;
	if (d->input.ended && !signal_stop())
		window_end(&d->window);
	if ((s = window_first_refused(&d->window)) == NULL)
		return;
	if (s->reason == MQTT_RC_NOT_AUTHORIZED)
		mqtt_fail(&d->c, EX_NOPERM, "messages are refused: not "
		    "authorized; is this the socket of the bridge?");
	else
		mqtt_fail(&d->c, EX_TEMPFAIL, "messages are refused: %s",
		    s->why);
}

static bool
delivery_given_up(const struct delivery_state *d)
{
	/* all that was taken is delivered, and nothing else is wanted */
	if (d->input.ended && d->window.n == 0)
		return true;
	if (signal_stop() && !d->c.up && d->window.n == 0)
		return true;
	/* with a broker and nothing on its way it is the input that is
	 * waited for */
	return input_at_end(&d->input) && (!d->c.up || d->window.n > 0) &&
	    clock_ms() >= d->give_up;
}

/* Lines are waited for while there is a broker, and room for them. */
static void
delivery_watch(struct delivery_state *d)
{
	if (d->lines.loop != NULL)
		loop_want(&d->lines, d->c.up && !d->input.ended &&
		    window_has_room(&d->window) ? LOOP_READ : 0);
}

/* Asked to stop with no broker there: has anything been read that was not
 * sent? */
static bool
delivery_is_left(struct delivery_state *d)
{
	struct input_line line;

	return !input_is_bus(&d->input) && !d->input.ended &&
	    (!signal_stop() || input_next(&d->input, &line));
}

static void
delivery_say_end(struct delivery_state *d)
{
	bool left = delivery_is_left(d);

	if (d->c.failed) {
		d->input.f.status = diag_fault(&d->c.fault);
	} else if (d->window.n > 0 || left) {
		diag_error("%s: %zu messages are not acknowledged%s",
		    d->c.name, d->window.n, left ?
		    ", and not all lines are sent" : "");
		d->input.f.status = EX_TEMPFAIL;
	} else if (d->input.f.torn && d->opt->ack != NULL &&
	    d->input.f.status == 0) {
		d->input.f.status = EX_TEMPFAIL;
	}
}

int
delivery_check(const struct delivery_options *opt, struct fault *fault)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];

	if (opt->input != NULL)
		return bus_operand_parse(opt->input, stream, group, fault);
	return opt->ack == NULL ? 0 :
	    bus_group_parse(opt->ack, stream, group, fault);
}

/* ---- the protocol ---- */

static int
delivery_open(struct adapter *a, struct fault *fault)
{
	static const struct mqtt_events events = {
		.begin = delivery_on_begin, .up = delivery_on_up,
		.down = delivery_on_down, .acked = delivery_on_acked
	};
	struct delivery_state *d = &delivery;
	struct delivery_options *o = d->opt;

	o->client.forget = true;
	publish_init(&d->publish);
	window_init(&d->window, (size_t)o->client.window, delivery_on_aside,
	    d);
	d->opened = true;
	if (input_open(&d->input, a->bus, o->input, o->ack, o->rejects,
	    fault) < 0)
		return -1;
	d->window.seq = input_start(&d->input);
	d->input.f.sequenced |= o->ack != NULL;
	loop_watch(a->loop, &d->lines, input_fd(&d->input), 0, NULL);
	delivery_progress(d);
	return mqtt_open(&d->c, a->loop, &o->client, &events, d, fault);
}

static void
delivery_close(void)
{
	struct delivery_state *d = &delivery;

	mqtt_close(&d->c);
	loop_unwatch(&d->lines);
	window_release(&d->window);
	publish_release(&d->publish);
	if (d->opened)
		input_close(&d->input);
}

static bool
delivery_turn(bool changed)
{
	struct delivery_state *d = &delivery;
	bool was_at_end = input_at_end(&d->input);

	(void)changed;
	mqtt_turn(&d->c);
	input_look(&d->input);
	if (!was_at_end && input_at_end(&d->input))
		delivery_progress(d);
	delivery_take_lines(d);
	delivery_send_some(d);
	mqtt_flush(&d->c);
	delivery_check_answers(d);
	delivery_check_refusals(d);
	input_move(&d->input, d->window.seq, d->window.n == 0 && !d->more);
	delivery_watch(d);
	return d->more;
}

static int
delivery_timeout(void)
{
	struct delivery_state *d = &delivery;
	const struct sent *s = d->c.up ? window_next(&d->window) : NULL;
	int most = ADAPTER_TURN;

	if (s != NULL && delivery_quiet_left(d, s) > 0)
		most = (int)delivery_quiet_left(d, s);
	else if (input_is_due(&d->input, d->window.seq) ||
	    input_at_end(&d->input))
		most = MOVE_MS;
	return mqtt_timeout(&d->c, most);
}

static bool
delivery_is_ready(void)
{
	return delivery.ready;
}

static bool
delivery_has_ended(void)
{
	return delivery.c.failed || delivery_given_up(&delivery);
}

static int
delivery_is_healthy(struct fault *fault)
{
	return mqtt_check(&delivery.c, fault) < 0 ? -1 :
	    input_check(&delivery.input, fault);
}

static int
delivery_finish(void)
{
	struct delivery_state *d = &delivery;

	input_settle(&d->input, d->window.seq, d->opt->wait / 1000000);
	delivery_say_end(d);
	mqtt_close(&d->c);
	loop_unwatch(&d->lines);
	d->opened = false;
	return input_close(&d->input);
}

static void
delivery_metrics(struct metrics *m, const struct service *service)
{
	struct delivery_state *d = &delivery;

	service_put(m, service, "sent_total", "counter",
	    "Messages that the broker has acknowledged.", d->acked);
	service_put(m, service, "input_rejected_total", "counter",
	    "Lines refused, and messages set aside.", d->input.f.rejected);
	service_put(m, service, "unacknowledged_messages", "gauge",
	    "Messages sent to the broker, or waiting for that.",
	    d->window.n);
	mqtt_put_metrics(m, service, &d->c);
	mqtt_put_broker(m);
}

const struct adapter_protocol *
delivery_protocol(struct delivery_options *opt)
{
	static const struct adapter_protocol protocol = {
		.name = "mqtt", .prefix = "mqtt_adapter",
		.open = delivery_open, .close = delivery_close,
		.turn = delivery_turn, .timeout = delivery_timeout,
		.ready = delivery_is_ready, .check = delivery_is_healthy,
		.idle = delivery_has_ended, .ended = delivery_has_ended,
		.finish = delivery_finish, .metrics = delivery_metrics,
		.grace = ADAPTER_ITS_OWN, .keyless = true,
	};

	delivery.opt = opt;
	return &protocol;
}
