/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_TABLE_H
#define MFX_BASE_TABLE_H

#include "base/out.h"

/*
 * A table for people, with columns as wide as their cells.
 *
 *	table_init(&t, &out, 40);
 *	table_column(&t, "name"); table_column(&t, "value");
 *	table_cell(&t, name, false);
 *	table_cell(&t, value, true);	the last cell ends the row
 *	...
 *	table_release(&t);
 *
 * The widths that a stream needs can't be known in advance.  So rows are held
 * until there are 100 of them or `out` is flushed (before a read that could
 * block, and at the end), and columns only grow.  The heads are printed above
 * the first row.  A cell wider than `width_max` characters (1 to
 * TABLE_WIDTH_MAX) is cut and ends in "…".  Device text is escaped
 * (base/escape.h); any character counts as one column.
 *
 * On a terminal a table is no wider than that: a column of ids has the ends of
 * these ("…89abcdef"), then the widest columns are cut; numbers never are.
 */
#define TABLE_COLUMNS_MAX 32
#define TABLE_WIDTH_MAX 500

struct table {
	struct out *out;
	const char *heads[TABLE_COLUMNS_MAX];
	int widths[TABLE_COLUMNS_MAX];
	int columns, width_max;
	int room;			/* of the terminal, or 0 */
	/* private */
	bool numbers[TABLE_COLUMNS_MAX], texts[TABLE_COLUMNS_MAX];
	int shown[TABLE_COLUMNS_MAX];	/* `widths`, if there is room */
	struct table_cell *cells;	/* of the rows held */
	int held;			/* cells */
	struct buf text;		/* what the cells point into */
	bool headed;
};

void table_init(struct table *, struct out *, int width_max);
void table_column(struct table *, const char *head);
/* the next cell of the row; `right` aligns it to the right, for numbers */
void table_cell(struct table *, struct str text, bool right);
/* the same of a number, to the right */
void table_number(struct table *, uint64_t);
/* call it after the last flush of `out` */
void table_release(struct table *);

#endif
