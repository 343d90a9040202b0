/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_REMOTE_H
#define MFX_CLIENT_REMOTE_H

#include "client/client.h"

/* The functions of client_remote (client.h) for things and channels.  A list
 * comes in pages, by cursor; changes are one request. */
int remote_find(struct client *, const struct client_query *, struct str id,
    struct fault *);
int remote_list(struct client *, const struct client_query *,
    struct fault *);
int remote_connections(struct client *, int (*each)(void *,
    const struct item_pair *, struct fault *), void *arg,
    struct fault *);
int remote_group_find(struct client *, struct str id,
    int (*show)(void *, const struct group *, struct fault *), void *arg,
    struct fault *);
int remote_group_list(struct client *, const struct group_query *,
    int (*show)(void *, const struct group *, struct fault *), void *arg,
    struct fault *);
int remote_places(struct client *, enum item_kind,
    int (*each)(void *, const struct group_place *, struct fault *),
    void *arg, struct fault *);

/* asks for one, which is in the session's body afterwards; 1: there is none */
struct session;
int remote_ask_for(struct session *, enum item_kind, struct str id, bool keys,
    struct fault *);
int remote_ask_for_group(struct session *, struct str id, struct fault *);
/* appends a line of a dry run, in the form that it has on this machine */
int remote_put_group(struct session *, struct str line, struct buf *,
    struct fault *);

int remote_cert_issue(struct client *, const struct client_cert *,
    struct client_issued *, struct fault *);
int remote_cert_revoke(struct client *, const char *which, const char *reason,
    struct fault *);
int remote_cert_each(struct client *, const char *which,
    int (*each)(void *, const struct issued *, struct fault *), void *arg,
    struct fault *);
/* whose token it is: fills in the user; the metadata is borrowed until the next
 * request */
int remote_self(struct client *, struct str *metadata, struct fault *);
int remote_events(struct client *, struct client_events *, struct fault *);
int remote_history(struct client *, uint64_t seq, struct str about,
    int (*each)(void *, const struct event_record *, struct fault *),
    void *arg, struct fault *);
int remote_change(struct client *, struct changes *, struct buf *answer,
    struct fault *);

#endif
