/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_STATEMENT_H
#define MFX_CQL_STATEMENT_H

#include "cql/state.h"

/* The statement of a session with this id, or NULL. */
struct cql_statement *statement_find(const struct cql *, struct str id);
/* has this node prepare it, if that is not under way */
void statement_tell(struct cql *, struct cql_statement *, struct cql_node *);
void statement_release_all(struct cql *);

#endif
