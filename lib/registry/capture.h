/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_CAPTURE_H
#define MFX_REGISTRY_CAPTURE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

struct registry;

/*
 * What a transaction changes, row by row, whichever statement does it: the
 * log (log.h) brings these records to other registries, which make the same
 * changes.  Triggers of the handle note them, in `noted` of statement.h.  What
 * triggers and indexes of the schema make of a change (counts of a user, ids
 * that were removed, the index of names) is not noted: it comes about there as
 * it did here.
 *
 * A record is a letter (I, U or D), the number of its table in order of
 * names, and the values of its columns, or of its key for D.  A value is a
 * byte that says its type, then 8 bytes of an integer, or 4 bytes of a length
 * and the text.  Numbers are big-endian.
 */
#define CAPTURE_MAX ((size_t)256 << 20)

void capture_open(struct registry *);
/* before the database is closed */
void capture_close(struct registry *);

/* reads which tables there are, the first time */
int capture_prepare(struct registry *, struct fault *);

/* has the handle its triggers?  They are made outside of transactions: one
 * that is rolled back would take them along. */
bool capture_armed(struct registry *);
int capture_arm(struct registry *, struct fault *);

/* makes the changes of these records, as part of a transaction.  EX_DATAERR
 * when they don't fit to what is there. */
int capture_apply(struct registry *, struct str records, struct fault *);

#endif
