/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_CERTS_H
#define MFX_API_CERTS_H

#include "api/request_ctx.h"
#include "base/buf.h"
#include "registry/issued.h"

/* What the handlers of certificates share. */

/* One in JSON, without its last brace; `now`, in seconds since 1970, is for its
 * status. */
void certs_put(struct buf *, const struct issued *, int64_t now);

/* Is this the id of a thing of the user's?  Else it is answered: false. */
bool certs_find_thing(struct request_ctx *, const struct user *,
    struct str thing);

#endif
