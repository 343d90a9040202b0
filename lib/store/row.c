/* SPDX-License-Identifier: Apache-2.0 */
#include "store/row.h"

#define ROW_TEXTS 10
#define ROW_ABSENT UINT32_MAX		/* p is NULL */

struct row {
	int64_t time;
	uint64_t size;			/* of all of it */
	uint32_t n[ROW_TEXTS];
	uint8_t kind, version, truth;
};

struct row_texts {
	struct str *v[ROW_TEXTS];
};

static struct row_texts
row_texts(struct route *t, struct record *r)
{
	return (struct row_texts){ {
		&t->channel, &t->publisher, &t->protocol, &t->subtopic,
		&r->name, &r->unit, &r->value, &r->sum, &r->update, &r->ct
	} };
}

void
row_put(struct buf *b, const struct route *route, const struct record *record)
{
	struct route t = *route;
	struct record r = *record;
	struct row_texts texts = row_texts(&t, &r);
	struct row row = {
		.time = r.time.ns, .size = sizeof row, .kind = (uint8_t)r.kind,
		.version = r.version, .truth = r.truth,
	};
	char *to;
	int i;

	for (i = 0; i < ROW_TEXTS; i++) {
		const struct str *s = texts.v[i];

		row.n[i] = s->p != NULL ? (uint32_t)s->n : ROW_ABSENT;
		row.size += s->p != NULL ? s->n + 1 : 0;
	}
	if ((to = buf_room(b, row.size)) == NULL)
		return;
	b->n += row.size;
	memcpy(to, &row, sizeof row);
	to += sizeof row;
	for (i = 0; i < ROW_TEXTS; i++) {
		const struct str *s = texts.v[i];

		if (s->p == NULL)
			continue;
		memcpy(to, s->p, s->n);
		to[s->n] = '\0';
		to += s->n + 1;
	}
}

size_t
row_size(const char *p)
{
	struct row row;

	memcpy(&row, p, ROW_HEAD);
	return (size_t)row.size;
}

int64_t
row_time(const char *p)
{
	int64_t time;

	memcpy(&time, p, sizeof time);
	return time;
}

void
row_get(const char *p, struct route *t, struct record *r)
{
	struct row_texts texts = row_texts(t, r);
	struct row row;
	int i;

	memcpy(&row, p, sizeof row);
	p += sizeof row;
	route_clear(t);
	r->time.ns = row.time;
	r->kind = (enum value_kind)row.kind;
	r->version = row.version;
	r->truth = row.truth != 0;
	for (i = 0; i < ROW_TEXTS; i++) {
		*texts.v[i] = STR_NONE;
		if (row.n[i] == ROW_ABSENT)
			continue;
		*texts.v[i] = (struct str){ p, row.n[i] };
		p += row.n[i] + 1;
	}
}
