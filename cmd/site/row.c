/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/row.h"

#include <stdlib.h>
#include <strings.h>

#include "base/memory.h"
#include "json/json.h"

static const char *const row_names[SITE_MEMBERS] = {
	[SITE_OWNER] = "owner", [SITE_ID] = "id", [SITE_EMAIL] = "email",
	[SITE_CHANNEL] = "channel", [SITE_THING] = "thing",
	[SITE_DIRECTION] = "direction", [SITE_GROUP] = "group",
	[SITE_DESCRIPTION] = "description", [SITE_PARENT] = "parent",
	[SITE_NAME] = "name", [SITE_METADATA] = "metadata",
	[SITE_TAGS] = "tags", [SITE_STATUS] = "status", [SITE_KEY] = "key",
	[SITE_PASSWORD] = "password", [SITE_EXTERNAL_ID] = "external_id",
	[SITE_CHANNELS] = "channels", [SITE_CONTENT] = "content",
	[SITE_CLIENT_CERT] = "client_cert", [SITE_CA_CERT] = "ca_cert",
	[SITE_STATE] = "state", [SITE_EXTERNAL_KEY] = "external_key",
	[SITE_CLIENT_KEY] = "client_key", [SITE_SERIAL] = "serial",
	[SITE_AUTHORITY] = "authority", [SITE_ISSUED] = "issued",
	[SITE_EXPIRES] = "expires", [SITE_REVOKED] = "revoked",
	[SITE_LEVEL] = "level", [SITE_ACCEPTED] = "accepted",
};

const char *
member_name(enum site_member member)
{
	return row_names[member];
}

enum object_type
member_type(enum site_member member)
{
	switch (member) {
	case SITE_METADATA:
		return OBJECT_RAW;
	case SITE_ACCEPTED:
		return OBJECT_ANY;
	case SITE_TAGS:
	case SITE_CHANNELS:
		return OBJECT_TEXTS;
	case SITE_ISSUED:
	case SITE_EXPIRES:
	case SITE_REVOKED:
		return OBJECT_NUMBER;
	default:
		return OBJECT_TEXT;
	}
}

void
rows_add(struct site_rows *rows, struct site_row *row)
{
	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? 2 * rows->cap : 64;
		rows->v = memory_resize(rows->v, rows->cap * sizeof *rows->v);
	}
	rows->v[rows->n++] = row;
}

void
rows_release(struct site_rows *rows)
{
	free(rows->v);
	*rows = (struct site_rows){ .n = 0 };
}

void
row_put_members(struct buf *b, const struct site_row *row, unsigned shown)
{
	enum site_member m;

	shown &= row->given;
	for (m = 0; m < SITE_MEMBERS; m++) {
		if (!(shown & SITE_BIT(m)))
			continue;
		buf_puts(b, b->p[b->n - 1] == '{' ? "\"" : ",\"");
		buf_puts(b, row_names[m]);
		buf_puts(b, "\":");
		if (row->v[m].p == NULL)
			buf_puts(b, "null");
		else if (member_type(m) != OBJECT_TEXT)
			buf_put_str(b, row->v[m]);
		else
			json_put_string(b, row->v[m]);
	}
}

uint64_t
row_hash(uint64_t h, struct str s)
{
	return hash_mix(h ^ hash_seeded(h, s),
	    UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t
row_hash_email(uint64_t h, struct str s)
{
	char lower[EMAIL_MAX];
	size_t i;

	if (s.n > sizeof lower)
		return h;
	for (i = 0; i < s.n; i++)
		lower[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ?
		    (char)(s.p[i] + ('a' - 'A')) : s.p[i];
	return row_hash(h, (struct str){ lower, s.n });
}

bool
email_same(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}
