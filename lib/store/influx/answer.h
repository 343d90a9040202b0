/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_ANSWER_H
#define MFX_STORE_INFLUX_ANSWER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "store/influx/layout.h"

/*
 * The answer of /query in chunks, one JSON text after the other, as it comes:
 *
 *	{"results":[{"series":[{"name":…,"tags":{…},"columns":[…],
 *	    "values":[[…],[…]],"partial":true}],"partial":true}]}
 *
 * Its rows, the arrays of the seventh depth, are given one by one, and the
 * tags of their series, which are there where the rows are grouped by them;
 * of all else only an error is of interest.  No more is held than one row, the
 * tags, ANSWER_TAGS_MAX, and what is around them, ANSWER_FRAME_MAX.
 *
 *	answer_init(&a);
 *	while ((got = answer_take(&a, &text, &row)) > 0)
 *		... answer_cells(&a, row, cells, n) ...
 *	got == 0: what is left of `text` has to be there again, at the same
 *	    place or another, with more behind it; or it was the end
 *	answer_release(&a);
 */
#define ANSWER_FRAME_MAX ((size_t)64 << 10)
/* those of a series are at most 64 KiB, which JSON writes at most six times as
 * long */
#define ANSWER_TAGS_MAX ((size_t)512 << 10)
#define ANSWER_ROW_MAX ((size_t)96 << 20)

struct answer {
	const char *why;	/* after -1: what is wrong with it, or NULL … */
	struct str error;	/* … and what the server says */
	struct buf tags;	/* of the row's series: {…}, or empty */
	uint64_t series;	/* how often there were other ones */
	/* private */
	int depth;
	bool quoted, escaped;
	bool tagging;		/* in the tags */
	size_t seen;		/* of the text that was given last */
	struct buf frame;	/* without the rows */
	struct arena arena;
};

void answer_init(struct answer *);
void answer_release(struct answer *);

/* 1 and a row, 0: there is none yet, -1 */
int answer_take(struct answer *, struct str *text, struct str *row);
/* is it whole so far? */
bool answer_is_whole(const struct answer *);

enum cell_kind {
	CELL_NULL, CELL_NUMBER, CELL_TEXT, CELL_TRUE, CELL_FALSE
};
struct cell {
	enum cell_kind kind;
	struct str text;	/* decoded; its digits */
};

/* the n cells of a row, which live until the next call; false when there are
 * others */
bool answer_cells(struct answer *, struct str row, struct cell *, int n);
/* The tags of the row's series; without text: absent.  They live until the
 * arena is reset.  False when there are others. */
bool answer_tags(const struct answer *, struct arena *,
    struct cell [LAYOUT_TAGS]);

#endif
