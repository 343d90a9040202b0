/* SPDX-License-Identifier: Apache-2.0 */
#include "line/field.h"

#include "base/base64.h"

static const char *const field_names[FIELDS] = {
	"time", "channel", "publisher", "protocol", "subtopic", "name",
	"unit", "value", "type", "sum", "update", "ct",
};

const char *
field_name(enum field f)
{
	return field_names[f];
}

enum field
field_find(struct str name)
{
	enum field f;

	for (f = 0; f < FIELDS; f++)
		if (str_eq(name, str_z(field_names[f])))
			break;
	return f;
}

int
field_list(const char *z, enum field *fields, struct str *what)
{
	const char *comma;
	int n = 0;

	for (;;) {
		comma = strchr(z, ',');
		*what = (struct str){ z,
		    comma ? (size_t)(comma - z) : strlen(z) };
		if (n == FIELDS || (fields[n] = field_find(*what)) == FIELDS)
			return -1;
		n++;
		z += what->n;
		if (*z++ == '\0')
			return n;
	}
}

static struct str
field_time_text(struct stamp t, enum field_time form, struct buf *scratch)
{
	uint64_t ns = t.ns < 0 ? -(uint64_t)t.ns : (uint64_t)t.ns;

	buf_clear(scratch);
	if (form == FIELD_NS) {
		if (t.ns < 0)
			buf_putc(scratch, '-');
		buf_put_u64(scratch, ns);
	} else if (buf_room(scratch, STAMP_TEXT) != NULL) {
		scratch->n = form == FIELD_EPOCH ?
		    stamp_print(scratch->p, t) :
		    stamp_print_utc(scratch->p, t);
	}
	return buf_str(scratch);
}

static struct str
field_value_text(const struct record *r, struct buf *scratch)
{
	switch (r->kind) {
	case VALUE_BOOL:
		return r->truth ? STR("true") : STR("false");
	case VALUE_DATA:
		buf_clear(scratch);
		base64_put(scratch, r->value);
		return buf_str(scratch);
	case VALUE_NUMBER:
	case VALUE_STRING:
		return r->value;
	case VALUE_NONE:
		break;
	}
	return STR_NONE;
}

static struct str
field_type_text(enum value_kind kind)
{
	switch (kind) {
	case VALUE_NUMBER:
		return STR("number");
	case VALUE_STRING:
		return STR("string");
	case VALUE_BOOL:
		return STR("bool");
	case VALUE_DATA:
		return STR("data");
	case VALUE_NONE:
		break;
	}
	return STR_NONE;
}

struct str
field_text(enum field f, const struct route *route, const struct record *r,
    enum field_time form, struct buf *scratch)
{
	switch (f) {
	case FIELD_TIME:
		return field_time_text(r->time, form, scratch);
	case FIELD_CHANNEL:
		return route->channel;
	case FIELD_PUBLISHER:
		return route->publisher;
	case FIELD_PROTOCOL:
		return route->protocol;
	case FIELD_SUBTOPIC:
		return route->subtopic;
	case FIELD_NAME:
		return r->name;
	case FIELD_UNIT:
		return r->unit;
	case FIELD_VALUE:
		return field_value_text(r, scratch);
	case FIELD_TYPE:
		return field_type_text(r->kind);
	case FIELD_SUM:
		return r->sum;
	case FIELD_UPDATE:
		return r->update;
	case FIELD_CT:
		return r->ct;
	case FIELDS:
		break;
	}
	return STR_NONE;
}
