/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/connect.h"

enum {
	FLAG_CLEAN = 0x02, FLAG_WILL = 0x04,
	SESSION_EXPIRY = 0x11, WILL_DELAY = 0x18,
};

/* ---- the parts of a packet, taken off its front ---- */

static bool
connect_take_number(struct str *s, size_t bytes, uint32_t *to)
{
	size_t i;

	if (s->n < bytes)
		return false;
	*to = 0;
	for (i = 0; i < bytes; i++)
		*to = *to << 8 | (unsigned char)s->p[i];
	*s = str_from(*s, bytes);
	return true;
}

static bool
connect_take_bytes(struct str *s, size_t n, struct str *to)
{
	if (s->n < n)
		return false;
	*to = (struct str){ s->p, n };
	*s = str_from(*s, n);
	return true;
}

/* a string or binary data: its length, then that many bytes */
static bool
connect_take_text(struct str *s, struct str *to)
{
	uint32_t n;

	return connect_take_number(s, 2, &n) && connect_take_bytes(s, n, to);
}

/* a variable byte integer (1.5.5) */
static bool
connect_take_varint(struct str *s, uint32_t *to)
{
	uint32_t byte;
	unsigned shift;

	*to = 0;
	for (shift = 0; shift < 28; shift += 7) {
		if (!connect_take_number(s, 1, &byte))
			return false;
		*to |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool
connect_take_properties(struct str *s, struct str *to)
{
	uint32_t n;

	return connect_take_varint(s, &n) && connect_take_bytes(s, n, to);
}

/* ---- properties ---- */

/* what follows each identifier (2.2.2.2): a number of so many bytes,
 * or text, a pair of texts, a variable byte integer */
enum shape { NO_SUCH = 0, U8 = 1, U16 = 2, U32 = 4, TEXT, PAIR, VARINT };

static const uint8_t shapes[] = {
	[0x01] = U8, [0x02] = U32, [0x03] = TEXT, [0x08] = TEXT,
	[0x09] = TEXT, [0x0b] = VARINT, [0x11] = U32, [0x12] = TEXT,
	[0x13] = U16, [0x15] = TEXT, [0x16] = TEXT, [0x17] = U8,
	[0x18] = U32, [0x19] = U8, [0x1a] = TEXT, [0x1c] = TEXT,
	[0x1f] = TEXT, [0x21] = U16, [0x22] = U16, [0x23] = U16,
	[0x24] = U8, [0x25] = U8, [0x26] = PAIR, [0x27] = U32,
	[0x28] = U8, [0x29] = U8, [0x2a] = U8,
};

bool
property_next(struct str *rest, struct property *p)
{
	struct str s = *rest;
	uint32_t id;
	bool ok;

	*p = (struct property){ .id = 0 };
	if (!connect_take_number(&s, 1, &id) || id >= sizeof shapes)
		return false;
	p->id = (uint8_t)id;
	switch ((enum shape)shapes[id]) {
	case U8:
	case U16:
	case U32:
		ok = connect_take_number(&s, shapes[id], &p->number);
		break;
	case VARINT:
		ok = connect_take_varint(&s, &p->number);
		break;
	case PAIR:
		ok = connect_take_text(&s, &p->name) &&
		    connect_take_text(&s, &p->value);
		break;
	case TEXT:
		ok = connect_take_text(&s, &p->value);
		break;
	default:
		ok = false;
	}
	if (ok)
		*rest = s;
	return ok;
}

/* The value of one that may be there once; false when they are malformed. */
static bool
connect_find_number(struct str properties, uint8_t id, uint32_t *to)
{
	struct property p;

	while (property_next(&properties, &p))
		if (p.id == id)
			*to = p.number;
	return properties.n == 0;
}

/* ---- the packet ---- */

static bool
connect_take_head(struct str *s, struct connect *c, uint32_t *flags)
{
	uint32_t version, keep_alive;
	struct str name;

	if (!connect_take_text(s, &name) ||
	    !connect_take_number(s, 1, &version) ||
	    !connect_take_number(s, 1, flags) ||
	    !connect_take_number(s, 2, &keep_alive))
		return false;
	/* the highest bit is another mosquitto's: it is a bridge */
	c->version = version & 0x7f;
	c->clean = *flags & FLAG_CLEAN;
	c->will = *flags & FLAG_WILL;
	return c->version >= 3 && c->version <= 5;
}

bool
connect_parse(struct str body, struct connect *c)
{
	struct str properties, id;
	uint32_t flags;

	*c = (struct connect){ .version = 0 };
	if (!connect_take_head(&body, c, &flags))
		return false;
	if (c->version < 5) {
		c->expiry = c->clean ? 0 : CONNECT_FOR_EVER;
		return true;
	}
	if (!connect_take_properties(&body, &properties) ||
	    !connect_find_number(properties, SESSION_EXPIRY, &c->expiry) ||
	    !connect_take_text(&body, &id))
		return false;
	return !c->will ||
	    (connect_take_properties(&body, &c->will_properties) &&
	    connect_find_number(c->will_properties, WILL_DELAY,
	    &c->will_delay));
}

void
disconnect_parse(struct str body, uint32_t *expiry)
{
	struct str properties;
	uint32_t reason, found = *expiry;

	if (connect_take_number(&body, 1, &reason) &&
	    connect_take_properties(&body, &properties) &&
	    connect_find_number(properties, SESSION_EXPIRY, &found))
		*expiry = found;
}
