/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_POSTGRES_SCHEMA_H
#define MFX_STORE_POSTGRES_SCHEMA_H

#include "store/postgres/link.h"

/*
 * The tables, in the first schema of the search path:
 *
 *	mfx_store	one row: the version of what follows, and how often
 *			series were removed
 *	series		what readings share; its id is a hash of it all;
 *			kind is enum value_kind
 *	readings	a row a reading, partitioned by time
 *	progress	how far each source is, struct progress
 *	messages	a view with the columns that Mainflux had
 *
 * Times are nanoseconds since 1970.  `nth` grows from batch to batch and
 * within one: the order in which readings were stored.
 */
#define POSTGRES_VERSION "1"

/* the statements that make them, to be run inside a transaction */
extern const char postgres_schema[];

/* what nextval('readings_nth') grows by: more than a batch ever has */
#define POSTGRES_NTH_STEP "2097152"

/*
 * A writer has this advisory lock, shared, while a batch is its transaction,
 * and looks in it whether series that it knows may have been removed; who
 * removes some has it alone, and counts that in mfx_store.pruned.
 */
#define POSTGRES_SERIES_LOCK "6778489"

/* 1 when the database has them, 0 when it has not, -1 and *r when they are
 * those of another version, or can't be looked at */
int schema_look(struct link *, enum store_result *r, struct fault *);

#endif
