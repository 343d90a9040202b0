/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_MONGO_SCHEMA_H
#define MFX_STORE_MONGO_SCHEMA_H

#include "store/mongo/conn.h"

/*
 * Collections of the database:
 *
 *	readings	or that of --collection: a document a reading,
 *			document.h
 *	mfx_store	a document for each such collection: its name as _id,
 *			and the version of what is in it
 */
#define MONGO_VERSION 1

/* 1 when the collection is there, 0 when it is not, -1 and *r when it is that
 * of another version, or can't be looked at */
int mongo_schema_look(struct conn *, enum store_result *r, struct fault *);

/* for those that read: connects, and EX_NOINPUT when it is not there */
int mongo_schema_open(struct conn *, const char *place,
    const struct store_watch *, struct fault *);

/* makes it, with its indexes; two may do so at a time */
enum store_result mongo_schema_make(struct conn *, struct fault *);

#endif
