/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/fmt/influx.h"

#include "base/base64.h"
#include "line/route.h"

static void
influx_put_tag(struct buf *b, struct str key, struct str value)
{
	size_t i;

	if (value.n == 0)
		return;		/* InfluxDB refuses an empty tag */
	buf_putc(b, ',');
	buf_put_str(b, key);
	buf_putc(b, '=');
	for (i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == ',' || c == '=' || c == ' ')
			buf_putc(b, '\\');
		else if ((unsigned char)c < ' ' || c == 0x7f || c == '\\')
			c = '_';
		buf_putc(b, c);
	}
}

static void
influx_put_key(struct buf *b, struct str key, char *before)
{
	buf_putc(b, *before);
	*before = ',';
	buf_put_str(b, key);
	buf_putc(b, '=');
}

static void
influx_put_text(struct buf *b, struct str key, struct str s, char *before)
{
	size_t i;

	influx_put_key(b, key, before);
	buf_putc(b, '"');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_putc(b, '\\');
		buf_putc(b, s.p[i]);
	}
	buf_putc(b, '"');
}

static void
influx_put_number(struct buf *b, struct str key, struct str number,
    char *before)
{
	influx_put_key(b, key, before);
	buf_put_str(b, number);
}

static void
influx_put_value(struct buf *b, const struct record *r, char *before)
{
	switch (r->kind) {
	case VALUE_NUMBER:
		influx_put_number(b, STR("value"), r->value, before);
		break;
	case VALUE_STRING:
		influx_put_text(b, STR("stringValue"), r->value, before);
		break;
	case VALUE_BOOL:
		influx_put_number(b, STR("boolValue"), r->truth ? STR("true") :
		    STR("false"), before);
		break;
	case VALUE_DATA:
		influx_put_key(b, STR("dataValue"), before);
		buf_putc(b, '"');
		base64_put(b, r->value);
		buf_putc(b, '"');
		break;
	case VALUE_NONE:
		break;
	}
}

void
influx_put(struct buf *b, const struct route *route, const struct record *r)
{
	char before = ' ';

	/* tags in the order of their keys, which is fastest for the database */
	buf_put_str(b, STR("messages"));
	influx_put_tag(b, STR("channel"), route->channel);
	influx_put_tag(b, STR("name"), r->name);
	influx_put_tag(b, STR("publisher"), route->publisher);
	influx_put_tag(b, STR("subtopic"), route->subtopic);
	if (route->protocol.n > 0)
		influx_put_text(b, STR("protocol"), route->protocol, &before);
	if (r->unit.n > 0)
		influx_put_text(b, STR("unit"), r->unit, &before);
	influx_put_value(b, r, &before);
	if (r->sum.p != NULL)
		influx_put_number(b, STR("valueSum"), r->sum, &before);
	if (r->update.p != NULL)
		influx_put_text(b, STR("updateTime"), r->update, &before);
	buf_putc(b, ' ');
	if (r->time.ns < 0)
		buf_putc(b, '-');
	buf_put_u64(b, r->time.ns < 0 ? -(uint64_t)r->time.ns :
	    (uint64_t)r->time.ns);
	buf_putc(b, '\n');
}
