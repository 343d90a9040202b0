/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_INPUT_H
#define MFX_CMD_SITE_INPUT_H

#include "cmd/site/kind.h"

/*
 * A site file as it is read: NDJSON in the form of row.h, or CSV of one kind,
 * whose first record names the members.  All values have been checked by
 * themselves; compare.c checks how the objects belong together.
 */
struct site_input {
	const char *name;		/* of the file, for messages */
	struct changes values;		/* checks values and keeps the text */
	struct bootstrap_changes configs;	/* checks some more */
	struct site_rows rows[SITE_KINDS];
	struct secrets *secrets;	/* NULL: sealed secrets are passed
					 * over, and counted */
	uint64_t passed;
};

void input_init(struct site_input *);
/* wipes the keys */
void input_release(struct site_input *);

/* Reads all of it ("-": stdin); `csv` is the kind of CSV, NULL for NDJSON.
 * EX_DATAERR, with the place, when a line is wrong. */
int input_read(struct site_input *, const char *path,
    const struct site_kind *csv, struct fault *);

/* sets a fault: EX_DATAERR, with the place of the row; -1 */
int input_refuse(const struct site_input *, const struct site_row *,
    struct fault *, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* puts the place of the row before the text of a fault; -1 */
int input_fault(const struct site_input *, const struct site_row *,
    struct fault *);

#endif
