/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_MONGO_QUERY_H
#define MFX_STORE_MONGO_QUERY_H

#include "store/mongo/library.h"
#include "store/store.h"

/* what the server does of a query, enum store_can */
unsigned mongo_query_plan(const struct query *);

/*
 * The query as a filter, and the options of a find.  Texts of users are values
 * in them, never names of fields, and nothing is an expression: so none can
 * be taken for an operator.  Both are made here, and the caller's to destroy.
 */
void mongo_query_build(bson_t *filter, bson_t *options,
    const struct query *);

#endif
