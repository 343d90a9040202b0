/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "api/messages.h"
#include "base/escape.h"
#include "json/json.h"
#include "json/number.h"
#include "line/field.h"
#include "line/records.h"

/* what a field of one record may take */
#define FIELD_MAX ((size_t)16 << 20)

void
messages_writer_init(struct messages_writer *w,
    const struct messages_query *query)
{
	*w = (struct messages_writer){ .format = query->format };
	encode_init(&w->encoder, &codec_sensml);
	buf_init(&w->scratch, FIELD_MAX);
}

void
messages_writer_release(struct messages_writer *w)
{
	encode_release(&w->encoder);
	buf_release(&w->scratch);
}

void
messages_begin(struct messages_writer *w, struct buf *b, uint64_t total,
    const struct query *q)
{
	enum field f;

	if (w->format == MESSAGES_PAGE)
		buf_printf(b, "{\"total\":%" PRIu64 ",\"offset\":%" PRId64
		    ",\"limit\":%" PRId64 ",\"messages\":[", total,
		    q->offset, q->limit);
	else if (w->format == MESSAGES_CSV)
		for (f = 0; f < FIELDS; f++)
			buf_printf(b, "%s%s", field_name(f),
			    f + 1 < FIELDS ? "," : "\n");
}

void
messages_end(struct messages_writer *w, struct buf *b)
{
	if (w->format == MESSAGES_PAGE)
		buf_puts(b, "]}\n");
	else if (w->format == MESSAGES_SENML && !w->any)
		buf_puts(b, "[]\n");
	else if (w->format == MESSAGES_SENML)
		encode_stream_end(&w->encoder, b);
}

/* ---- a message of a page, as Mainflux has it ---- */

static void
format_put_member(struct buf *b, const char *name, struct str text)
{
	buf_printf(b, "%s\"%s\":", b->p[b->n - 1] == '{' ? "" : ",", name);
	buf_put_str(b, text);
}

/* what is empty is left out */
static void
format_put_string(struct buf *b, const char *name, struct str text)
{
	if (text.n == 0)
		return;
	format_put_member(b, name, STR_NONE);
	json_put_string(b, text);
}

/* A member under both of its names, of 2019 and of 0.10 and later: each
 * client takes the one that it knows. */
struct names {
	const char *of_2019, *of_0_10;
};

static void
format_put_both(struct buf *b, struct names names, struct str text, bool quoted)
{
	format_put_member(b, names.of_2019, quoted ? STR_NONE : text);
	if (quoted)
		json_put_string(b, text);
	format_put_member(b, names.of_0_10, quoted ? STR_NONE : text);
	if (quoted)
		json_put_string(b, text);
}

static void
format_put_value(struct messages_writer *w, struct buf *b,
    const struct record *r)
{
	static const struct names members[] = {
		[VALUE_STRING] = { "stringValue", "string_value" },
		[VALUE_BOOL] = { "boolValue", "bool_value" },
		[VALUE_DATA] = { "dataValue", "data_value" },
	};
	struct str text = field_text(FIELD_VALUE, NULL, r, FIELD_EPOCH,
	    &w->scratch);

	if (r->kind == VALUE_NONE)
		return;
	if (r->kind == VALUE_NUMBER)
		format_put_member(b, "value", text);
	else
		format_put_both(b, members[r->kind], text,
		    r->kind != VALUE_BOOL);
}

static void
format_put_message(struct messages_writer *w, struct buf *b,
    const struct route *route, const struct record *r)
{
	char time[STAMP_TEXT];

	if (w->any)
		buf_putc(b, ',');
	buf_putc(b, '{');
	format_put_string(b, "channel", route->channel);
	format_put_string(b, "subtopic", route->subtopic);
	format_put_string(b, "publisher", route->publisher);
	format_put_string(b, "protocol", route->protocol);
	format_put_string(b, "name", r->name);
	format_put_string(b, "unit", r->unit);
	if (r->time.ns != 0)
		format_put_member(b, "time", (struct str){ time,
		    stamp_print(time, r->time) });
	if (r->update.p != NULL && number_value(r->update) != 0)
		format_put_both(b, (struct names){ "updateTime",
		    "update_time" }, r->update, false);
	format_put_value(w, b, r);
	if (r->sum.p != NULL)
		format_put_both(b, (struct names){ "valueSum", "sum" }, r->sum,
		    false);
	buf_putc(b, '}');
}

/* ---- the others ---- */

static void
format_put_row(struct messages_writer *w, struct buf *b,
    const struct route *route, const struct record *r)
{
	enum field f;

	for (f = 0; f < FIELDS; f++) {
		if (f > 0)
			buf_putc(b, ',');
		escape_put_csv(b, field_text(f, route, r, FIELD_EPOCH,
		    &w->scratch));
	}
	buf_puts(b, "\n");
}

static const char *
format_put_senml(struct messages_writer *w, struct buf *b,
    const struct record *r)
{
	const char *why = encode_check(&w->encoder, r);

	if (why != NULL)
		return why;
	if (w->any && r->version != w->version)
		return "records of different versions can't share a pack";
	w->version = r->version;
	encode_stream(&w->encoder, b, r, 1);
	return NULL;
}

const char *
messages_put(struct messages_writer *w, struct buf *b,
    const struct route *route, const struct record *r)
{
	const char *why = NULL;

	switch (w->format) {
	case MESSAGES_PAGE:
		format_put_message(w, b, route, r);
		break;
	case MESSAGES_LINES:
		record_put_line(b, route, r);
		break;
	case MESSAGES_CSV:
		format_put_row(w, b, route, r);
		break;
	case MESSAGES_SENML:
		why = format_put_senml(w, b, r);
		break;
	case MESSAGES_FORMATS:
		break;
	}
	w->any = true;
	return why;
}
