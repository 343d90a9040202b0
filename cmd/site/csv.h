/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_CSV_H
#define MFX_CMD_SITE_CSV_H

#include <stdint.h>

#include "base/arena.h"

/*
 * Records of CSV, RFC 4180: fields with commas between, in quotes when they
 * have commas, quotes (which are doubled) or line ends; lines end in CRLF or
 * LF.  Empty lines are passed over.
 *
 *	struct csv csv = { .text = text };
 *	while ((n = csv_next(&csv, fields, max, &arena)) > 0) ...
 */
struct csv {
	struct str text;	/* what has not been read */
	uint64_t line;		/* in which the record begins, from 1 */
	const char *why;	/* after -1 */
	uint64_t newlines;
};

/* The number of fields; 0 at the end; -1.  A field borrows from the text, or
 * from the arena when it has doubled quotes. */
int csv_next(struct csv *, struct str *fields, int max, struct arena *);

#endif
