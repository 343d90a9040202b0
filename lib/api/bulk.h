/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_BULK_H
#define MFX_API_BULK_H

#include "api/request_ctx.h"
#include "registry/changes.h"

/* May another bulk be sent for this user, before it is read?  Else it is
 * answered: false. */
bool bulk_allowed(struct request_ctx *);
/* a bulk that is sent as lines */
void bulk_change(struct request_ctx *, enum change_verb, enum item_kind);

#endif
