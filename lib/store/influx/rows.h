/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_ROWS_H
#define MFX_STORE_INFLUX_ROWS_H

#include "store/influx/answer.h"
#include "store/influx/wire.h"

/*
 * A statement of InfluxQL, and the rows of its answer as they come.
 *
 *	rows_open(&rows, place, &watch, &fault);
 *	buf_clear(&rows.statement);
 *	buf_puts(&rows.statement, "SELECT ...");
 *	rows_ask(&rows, WIRE_QUERY, &fault);
 *	while ((got = rows_next(&rows, cells, n, &fault)) > 0)
 *		... rows.answer.series, answer_tags(&rows.answer, ...) ...
 *	rows_close(&rows);
 */
#define ROWS_STATEMENT_MAX ((size_t)4 << 20)

struct rows {
	struct buf statement;
	struct answer answer;
	/* private */
	struct wire wire;
	struct wire_call call;
	struct buf body;
	struct str text;		/* of the answer, not yet taken */
};

/* also one that could not be opened has to be closed */
int rows_open(struct rows *, const char *place, const struct store_watch *,
    struct fault *);
void rows_close(struct rows *);

int rows_ask(struct rows *, enum wire_what, struct fault *);
/* 1 and the n cells of the next row, which live until the next call; 0 at the
 * end; -1 */
int rows_next(struct rows *, struct cell *, int n, struct fault *);

/* -1, and a fault that is about what is stored */
int rows_fail(const struct rows *, const char *why, struct fault *);

#endif
