/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "cql/message.h"

#define CALL_PAGE 5000
/* an allocation above this is given back between two uses */
#define CALL_KEEP ((size_t)1 << 20)

void
cql_call_init(struct cql_call *c)
{
	*c = (struct cql_call){ .page = CALL_PAGE };
	buf_init(&c->request, CQL_FRAME_MAX);
	buf_init(&c->answer, CQL_FRAME_MAX);
	buf_init(&c->paging, CQL_FRAME_MAX);
}

void
cql_call_release(struct cql_call *c)
{
	buf_release(&c->request);
	buf_release(&c->answer);
	buf_release(&c->paging);
}

static void
call_begin(struct cql_call *c, uint8_t opcode)
{
	buf_clear(&c->request);
	if (c->request.cap > CALL_KEEP)
		buf_release(&c->request);
	c->opcode = opcode;
	c->statement = NULL;
	c->state = STR_NONE;
	c->bound = c->statements = 0;
	c->misused = false;
	c->has_token = false;
}

void
cql_begin(struct cql_call *c, struct cql_statement *s)
{
	call_begin(c, FRAME_EXECUTE);
	c->statement = s;
	c->statements = 1;
}

void
cql_begin_batch(struct cql_call *c)
{
	call_begin(c, FRAME_BATCH);
}

/* Does the last statement have all its values?  In a batch their number stands
 * before them. */
static void
call_check(struct cql_call *c, const struct cql_statement *s, int bound)
{
	if (s != NULL && s->bound != bound)
		c->misused = true;
}

void
cql_add(struct cql_call *c, struct cql_statement *s)
{
	if (c->statements > 0)
		call_check(c, c->last, c->bound);
	if (c->statement == NULL)
		c->statement = s;
	c->last = s;
	c->bound = 0;
	c->misused |= ++c->statements > UINT16_MAX;
	buf_putc(&c->request, 1);
	body_put_string(&c->request, (struct str){ (const char *)s->id,
	    s->id_n });
	body_put_short(&c->request, (uint16_t)s->bound);
}

/* for cql_start: can it be sent? */
bool
call_is_whole(struct cql_call *c)
{
	if (c->opcode == FRAME_EXECUTE)
		call_check(c, c->statement, c->bound);
	else if (c->opcode == FRAME_BATCH)
		call_check(c, c->last, c->bound);
	return !c->misused && c->statements > 0 && !c->request.full;
}

void
cql_page(struct cql_call *c, int32_t rows)
{
	c->page = rows > 0 ? rows : CALL_PAGE;
}

/* ---- values (v5 5) ---- */

static void
call_bind_number(struct cql_call *c, uint64_t v, int bytes)
{
	body_put_int(&c->request, bytes);
	body_put_number(&c->request, v, bytes);
	c->bound++;
}

void
cql_bind_null(struct cql_call *c)
{
	body_put_int(&c->request, -1);
	c->bound++;
}

void
cql_bind_unset(struct cql_call *c)
{
	body_put_int(&c->request, -2);
	c->bound++;
}

void
cql_bind_bigint(struct cql_call *c, int64_t v)
{
	call_bind_number(c, (uint64_t)v, 8);
}

void
cql_bind_int(struct cql_call *c, int32_t v)
{
	call_bind_number(c, (uint32_t)v, 4);
}

void
cql_bind_smallint(struct cql_call *c, int16_t v)
{
	call_bind_number(c, (uint16_t)v, 2);
}

void
cql_bind_tinyint(struct cql_call *c, int8_t v)
{
	call_bind_number(c, (uint8_t)v, 1);
}

void
cql_bind_boolean(struct cql_call *c, bool v)
{
	call_bind_number(c, v, 1);
}

void
cql_bind_double(struct cql_call *c, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	call_bind_number(c, bits, 8);
}

void
cql_bind_text(struct cql_call *c, struct str s)
{
	c->misused |= s.n > CQL_FRAME_MAX;
	if (!c->misused)
		body_put_bytes(&c->request, s);
	c->bound++;
}

void
cql_bind_texts(struct cql_call *c, const struct str *v, int n)
{
	size_t size = 4;
	int i;

	for (i = 0; i < n && size <= CQL_FRAME_MAX; i++)
		size += 4 + (v[i].n <= CQL_FRAME_MAX ? v[i].n : CQL_FRAME_MAX);
	c->misused |= size > CQL_FRAME_MAX;
	c->bound++;
	if (c->misused)
		return;
	body_put_int(&c->request, (int32_t)size);
	body_put_int(&c->request, n);
	for (i = 0; i < n; i++)
		body_put_bytes(&c->request, v[i]);
}

/* ---- rows ---- */

int
cql_row(struct cql_call *c, struct str *cells, int n)
{
	struct body b = { .left = c->left };
	struct str cell;
	int i;

	if (c->rows == 0)
		return 0;
	for (i = 0; i < c->columns; i++) {
		cell = body_bytes(&b);
		if (i < n)
			cells[i] = cell;
	}
	for (; i < n; i++)
		cells[i] = STR_NONE;
	if (b.bad) {
		c->rows = 0;
		c->error = message_fault(&c->fault, CQL_PROTOCOL, "Cassandra",
		    "the server sent rows that are cut off");
		return -1;
	}
	c->left = b.left;
	c->rows--;
	return 1;
}

int64_t
cql_get_integer(struct str s)
{
	uint64_t v;

	if (s.p == NULL || s.n == 0 || s.n > 8)
		return 0;
	v = body_number(s);
	/* extended by its sign */
	if (s.n < 8 && (unsigned char)s.p[0] & 0x80)
		v |= UINT64_MAX << (8 * s.n);
	return (int64_t)v;
}

double
cql_get_double(struct str s)
{
	uint64_t bits = 0;
	double v;

	if (s.n == 8)
		bits = body_number(s);
	memcpy(&v, &bits, sizeof v);
	return v;
}

bool
cql_get_element(struct str *cell, int32_t *left, struct str *element)
{
	struct body b = { .left = *cell };

	if (cell->p == NULL)
		return false;
	if (*left < 0)
		*left = body_int(&b);
	if (b.bad || *left <= 0)
		return false;
	*element = body_bytes(&b);
	*cell = b.left;
	--*left;
	return !b.bad;
}
