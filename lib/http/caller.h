/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_CALLER_H
#define MFX_HTTP_CALLER_H

#include <stdbool.h>

#include "http/request.h"
#include "registry/access.h"

struct certificate;

/* The key in an Authorization header: raw, as Mainflux has it, or after
 * the scheme `Thing` or `Bearer` in any case; empty when there is none. */
struct str authorization_key(struct str header);

/*
 * May the thing that shows this have that channel?  It shows its key (empty:
 * none), or a client certificate (peer NULL: no TLS), or both; both must be
 * of the same thing.  With ACCESS_YES `caller` is the thing's id; with a
 * refusal *why says the reason for a log: it is not for the client, who
 * could learn from it which keys exist.
 */
#define CALLER_MAX 37
enum access_result caller_prove(struct access *, struct str key,
    const struct certificate *peer, struct str channel, bool need_certificate,
    char caller[CALLER_MAX], const char **why);

/* The same for what a request shows; r->caller is filled. */
enum access_result caller_check(struct access *, struct http_request *,
    struct str channel, bool need_certificate, const char **why);

#endif
