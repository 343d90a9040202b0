/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/memory.h"

#define ROWS 100
#define ELLIPSIS "\xe2\x80\xa6"
/* bytes of a cell's text that are read, so that the rows held stay bounded
 * whatever devices send */
#define LOOK_MAX 2048

struct table_cell {
	size_t start, n;	/* in table.text */
	int width;
	bool right;
};

static void table_print_rows(void *);

void
table_init(struct table *t, struct out *out, int width_max)
{
	*t = (struct table){ .out = out, .width_max = width_max };
	/* at worst each byte becomes \xHH */
	buf_init(&t->text, (size_t)ROWS * TABLE_COLUMNS_MAX * LOOK_MAX * 4);
	buf_room(&t->text, LOOK_MAX);
	out->late = table_print_rows;
	out->late_arg = t;
}

void
table_release(struct table *t)
{
	t->out->late = NULL;
	buf_release(&t->text);
	free(t->cells);
}

static bool
table_starts_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static int
table_width(struct str s)
{
	size_t i;
	int n = 0;

	for (i = 0; i < s.n; i++)
		n += table_starts_character(s.p[i]);
	return n;
}

void
table_column(struct table *t, const char *head)
{
	t->heads[t->columns] = head;
	t->widths[t->columns++] = table_width(str_z(head));
}

/* Cuts a cell to the maximum, and marks it as cut. */
static void
table_cut(struct table *t, struct table_cell *c)
{
	size_t i, end = c->start + c->n;
	int n = 0;

	for (i = c->start; i < end; i++)
		if (table_starts_character(t->text.p[i]) &&
		    n++ == t->width_max - 1)
			break;
	t->text.n = i;
	buf_puts(&t->text, ELLIPSIS);
	c->n = t->text.n - c->start;
	c->width = t->width_max;
}

void
table_cell(struct table *t, struct str text, bool right)
{
	int *widest = &t->widths[t->held % t->columns];
	struct table_cell *c;

	if (t->cells == NULL)
		t->cells = memory_zero((size_t)ROWS * (size_t)t->columns,
		    sizeof *t->cells);
	c = &t->cells[t->held++];
	*c = (struct table_cell){ .start = t->text.n, .right = right };
	if (text.n > LOOK_MAX)
		text.n = LOOK_MAX;
	escape_put(&t->text, text);
	c->n = t->text.n - c->start;
	c->width = table_width((struct str){ t->text.p + c->start, c->n });
	if (c->width > t->width_max)
		table_cut(t, c);
	if (c->width > *widest)
		*widest = c->width;
	if (t->held == ROWS * t->columns ||
	    (t->out->each && t->held % t->columns == 0))
		table_print_rows(t);
}

void
table_number(struct table *t, uint64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%" PRIu64, v);

	table_cell(t, (struct str){ text, (size_t)n }, true);
}

static void
table_pad(struct buf *b, int n)
{
	while (n-- > 0)
		buf_putc(b, ' ');
}

static void
table_print_cell(struct table *t, int column, struct str text, int spaces,
    bool right)
{
	struct buf *b = &t->out->b;

	table_pad(b, right ? spaces : 0);
	buf_put_str(b, text);
	if (column < t->columns - 1) {
		table_pad(b, (right ? 0 : spaces) + 2);
		return;
	}
	/* drop spaces at the end of the line */
	while (b->n > t->out->whole && b->p[b->n - 1] == ' ')
		b->n--;
	buf_putc(b, '\n');
}

static void
table_print_head(struct table *t)
{
	int i;

	for (i = 0; i < t->columns; i++) {
		struct str head = str_z(t->heads[i]);

		table_print_cell(t, i, head, t->widths[i] - table_width(head),
		    false);
	}
	out_end(t->out);
	t->headed = true;
}

static void
table_print_rows(void *arg)
{
	struct table *t = arg;
	int i, whole = t->columns ? t->held / t->columns * t->columns : 0;

	if (whole > 0 && !t->headed)
		table_print_head(t);
	for (i = 0; i < whole; i++) {
		struct table_cell *c = &t->cells[i];
		int column = i % t->columns;

		table_print_cell(t, column,
		    (struct str){ t->text.p + c->start, c->n },
		    t->widths[column] - c->width, c->right);
		if (column == t->columns - 1)
			out_end(t->out);
	}
	t->held = 0;
	buf_clear(&t->text);
}
