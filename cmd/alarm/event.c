/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/event.h"

#include "base/number.h"
#include "json/json.h"

static const char *
event_name(enum event_kind kind)
{
	static const char *const names[] = { "raise", "clear", "ack" };

	return names[kind];
}

void
event_put_id(struct buf *b, struct str rule, uint64_t number)
{
	buf_put_str(b, rule);
	buf_putc(b, '-');
	buf_put_u64(b, number);
}

bool
event_parse_id(struct str id, struct str *rule, uint64_t *number)
{
	size_t n = id.n;

	while (n > 0 && id.p[n - 1] != '-')
		n--;
	if (n < 2)
		return false;
	*rule = (struct str){ id.p, n - 1 };
	return number_digits(str_from(id, n), INT64_MAX, number);
}

static void
event_put_text(struct buf *b, const char *label, struct str text)
{
	if (text.n == 0)
		return;
	buf_putc(b, ',');
	buf_puts(b, label);
	json_put_string(b, text);
}

static void
event_put_time(struct buf *b, const char *label, struct stamp t)
{
	char text[STAMP_TEXT];

	buf_puts(b, label);
	buf_put(b, text, stamp_print(text, t));
}

void
event_put(struct buf *b, const struct event *e)
{
	struct route route;

	route_clear(&route);
	route.channel = e->about.channel;
	route.publisher = e->about.publisher;
	route.protocol = STR("alarm");
	route.subtopic = e->about.subtopic;
	buf_putc(b, '{');
	route_put(b, &route);
	buf_puts(b, "\"n\":");
	json_put_string(b, e->rule);
	buf_puts(b, ",\"vs\":\"");
	buf_puts(b, event_name(e->kind));
	event_put_time(b, "\",\"t\":", e->time);
	buf_puts(b, ",\"alarm\":\"");
	event_put_id(b, e->rule, e->number);
	buf_puts(b, "\",\"severity\":\"");
	buf_puts(b, severity_name(e->severity));
	buf_putc(b, '"');
	event_put_text(b, "\"name\":", e->about.name);
	if (e->value.n > 0) {
		buf_puts(b, ",\"value\":");
		buf_put_str(b, e->value);
	}
	event_put_text(b, "\"condition\":", e->condition);
	event_put_text(b, "\"text\":", e->says);
	if (e->flapping)
		buf_puts(b, ",\"flapping\":true");
	if (e->kind != EVENT_RAISE)
		event_put_time(b, ",\"raised\":", e->raised);
	event_put_text(b, "\"why\":", e->why);
	event_put_text(b, "\"by\":", e->by);
	buf_puts(b, "}\n");
}
