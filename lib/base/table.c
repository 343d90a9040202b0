/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/memory.h"
#include "base/os.h"

#define ROWS 100
#define ELLIPSIS "\xe2\x80\xa6"
/* bytes of a cell's text that are read, so that the rows held stay bounded
 * whatever devices send */
#define LOOK_MAX 2048
/* a column is not cut below this; an id is shown as "…" and its end */
#define SHOWN_MIN 4
#define SHOWN_ID 9
#define ID_LENGTH 36

struct table_cell {
	size_t start, n;	/* in table.text */
	int width;
	bool right;
};

static void table_print_rows(void *);

void
table_init(struct table *t, struct out *out, int width_max)
{
	*t = (struct table){
		.out = out, .width_max = width_max,
		.room = os_terminal_width(out->fd, NULL)
	};
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

static bool
table_is_id(struct str s)
{
	return s.n == ID_LENGTH && s.p[8] == '-' && s.p[13] == '-' &&
	    s.p[18] == '-' && s.p[23] == '-' && memchr(s.p, ' ', s.n) == NULL;
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
	int *widest = &t->widths[t->held % t->columns], i;
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
	i = (t->held - 1) % t->columns;
	t->numbers[i] = t->numbers[i] || right;
	t->texts[i] = t->texts[i] || (c->n > 0 && !table_is_id(
	    (struct str){ t->text.p + c->start, c->n }));
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

/* ---- what there is room for ---- */

static int
table_widest(const struct table *t)
{
	int i, widest = -1;

	for (i = 0; i < t->columns; i++)
		if (!t->numbers[i] && t->shown[i] > SHOWN_MIN && (widest < 0 ||
		    t->shown[i] > t->shown[widest]))
			widest = i;
	return widest;
}

static void
table_fit(struct table *t)
{
	int left = t->room - 2 * (t->columns - 1), i;

	for (i = 0; i < t->columns; i++)
		left -= t->shown[i] = t->widths[i];
	if (t->room == 0)
		return;
	for (i = 0; i < t->columns && left < 0; i++)
		if (!t->texts[i] && t->shown[i] >= ID_LENGTH) {
			left += t->shown[i] - SHOWN_ID;
			t->shown[i] = SHOWN_ID;
		}
	while (left < 0 && (i = table_widest(t)) >= 0) {
		t->shown[i]--;
		left++;
	}
}

/* the beginning of a text, or the end of an id, in `width` characters */
static void
table_put_part(struct buf *b, struct str text, int width)
{
	size_t i;

	if (table_is_id(text)) {
		buf_puts(b, ELLIPSIS);
		buf_put_str(b, str_from(text, text.n - (size_t)width + 1));
		return;
	}
	for (i = 0; i < text.n; i++)
		if (table_starts_character(text.p[i]) && --width == 0)
			break;
	buf_put(b, text.p, i);
	buf_puts(b, ELLIPSIS);
}

static void
table_print_cell(struct table *t, int column, struct str text, int width,
    bool right)
{
	struct buf *b = &t->out->b;
	int spaces = t->shown[column] - width;

	if (spaces < 0) {
		table_put_part(b, text, t->shown[column]);
		spaces = 0;
	} else {
		table_pad(b, right ? spaces : 0);
		buf_put_str(b, text);
	}
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

		table_print_cell(t, i, head, table_width(head), false);
	}
	out_end(t->out);
	t->headed = true;
}

static void
table_print_rows(void *arg)
{
	struct table *t = arg;
	int i, whole = t->columns ? t->held / t->columns * t->columns : 0;

	table_fit(t);
	if (whole > 0 && !t->headed)
		table_print_head(t);
	for (i = 0; i < whole; i++) {
		struct table_cell *c = &t->cells[i];
		int column = i % t->columns;

		table_print_cell(t, column,
		    (struct str){ t->text.p + c->start, c->n },
		    c->width, c->right);
		if (column == t->columns - 1)
			out_end(t->out);
	}
	t->held = 0;
	buf_clear(&t->text);
}
