/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_THING_AUTH_H
#define MFX_HTTP_THING_AUTH_H

#include <stdbool.h>

#include "http/request.h"
#include "registry/access.h"

struct certificate;

/* The key in an Authorization header: raw, as Mainflux has it, or after
 * the scheme `Thing` or `Bearer` in any case; empty when there is none. */
struct str authorization_key(struct str header);

/*
 * May the thing that shows this use that channel so (access.h)?  It shows its
 * key (empty: none), or a client certificate (peer NULL: no TLS), or both;
 * both must be of the same thing.  With ACCESS_YES `thing` is the thing's id;
 * with a refusal *why says the reason for a log: it is not for the client, who
 * could learn from it which keys exist.
 */
#define THING_AUTH_MAX 37
enum access_result thing_auth_prove(struct access *, struct str key,
    const struct certificate *peer, struct str channel, unsigned use,
    bool need_certificate, char thing[THING_AUTH_MAX], const char **why);

/* The same for what a request shows; r->principal is filled. */
enum access_result thing_auth_check(struct access *, struct http_request *,
    struct str channel, unsigned use, bool need_certificate,
    const char **why);

/* Which thing it is, on any channel or none; as principal_prove. */
enum access_result thing_auth_identify(struct access *, struct str key,
    const struct certificate *peer, char thing[THING_AUTH_MAX],
    const char **why);

#endif
