/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_AUTH_H
#define MFX_API_AUTH_H

#include "api/request_ctx.h"

struct token_cache;

/* The user of a request, by the token that it shows. */

/* Is there a token, if the row wants one?  Else it answers 403: false. */
bool auth_shows_token(struct request_ctx *);
/* Is it valid as well, and allows what the row says?  Else it answers 403 or
 * 503: false. */
bool auth_admit(struct request_ctx *);
/* The user whose token it is, once the token allows all of `more` as well and
 * the preconditions hold; else it answers 403, 304 or 412: NULL.  Good until
 * the handler returns. */
const struct principal *auth_user(struct request_ctx *, unsigned more);
/* whose token this is: 1, 0, or -1 when that can't be asked */
int auth_principal(struct api *, struct str token, struct principal *);

/* Tokens that were good, until the registry changes. */
struct token_cache *token_cache_open(void);
void token_cache_close(struct token_cache *);
void token_cache_forget(struct token_cache *);

#endif
