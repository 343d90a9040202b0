/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what InfluxDB answers: cut anywhere, the same rows come, and
 * what is made of a row are texts that borrow from it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "store/influx/answer.h"
#include "store/influx/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define ROWS_MAX ((size_t)1 << 20)

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
read_row(struct answer *a, struct str row, struct buf *rows)
{
	struct cell cells[INFLUX_CELLS_MAX], tags[LAYOUT_TAGS];
	struct arena arena;
	struct buf texts;
	struct route route;
	struct record record;
	int layout;

	buf_put_str(rows, row);
	buf_putc(rows, '\n');
	buf_put_str(rows, buf_str(&a->tags));
	arena_init(&arena, ROWS_MAX);
	if (answer_tags(a, &arena, tags))
		must(tags[TAG_NAME].text.n == 0 ||
		    tags[TAG_NAME].kind == CELL_TEXT);
	arena_release(&arena);
	buf_init(&texts, ROWS_MAX);
	for (layout = 0; layout < LAYOUTS; layout++)
		if (answer_cells(a, row, cells, influx_row_width(
		    (enum layout)layout)) && influx_row_get((enum layout)layout,
		    cells, &texts, &route, &record) == NULL)
			must(record.kind != VALUE_NUMBER ||
			    record.value.p[record.value.n] == '\0');
	buf_release(&texts);
}

/* all rows of a text whose first `cut` bytes come alone; the state at the
 * end, -1 or whether it is whole */
static int
read_all(const uint8_t *data, size_t n, size_t cut, struct buf *rows)
{
	struct answer a;
	struct str text, row, left = STR_NONE;
	char *copy = NULL;
	int got = 0, i;

	answer_init(&a);
	for (i = 0; got == 0 && i < 2; i++) {
		size_t more = i == 0 ? cut : n - cut;
		char *next = malloc(left.n + more);

		must(next != NULL || left.n + more == 0);
		if (left.n > 0)
			memcpy(next, left.p, left.n);
		if (more > 0)
			memcpy(next + left.n, data + (i == 0 ? 0 : cut), more);
		text = (struct str){ next, left.n + more };
		free(copy);
		copy = next;
		while ((got = answer_take(&a, &text, &row)) > 0)
			read_row(&a, row, rows);
		left = text;
	}
	if (got == 0)
		got = answer_is_whole(&a);
	answer_release(&a);
	free(copy);
	return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole, cut;
	int a, b;

	buf_init(&whole, ROWS_MAX);
	buf_init(&cut, ROWS_MAX);
	a = read_all(data, n, 0, &whole);
	b = read_all(data, n, n > 0 ? data[0] % n : 0, &cut);
	must(a == b && str_eq(buf_str(&whole), buf_str(&cut)));
	a = read_all(data, n, n / 2, &whole);
	must(a == b);
	buf_release(&whole);
	buf_release(&cut);
	return 0;
}
