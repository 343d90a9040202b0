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
struct session;
int remote_no_groups(struct session *, struct fault *);
int remote_group_find(struct client *, struct str id,
    int (*show)(void *, const struct group *, struct fault *), void *arg,
    struct fault *);
int remote_group_list(struct client *, const struct group_query *,
    int (*show)(void *, const struct group *, struct fault *), void *arg,
    struct fault *);
int remote_places(struct client *, enum item_kind,
    int (*each)(void *, const struct group_place *, struct fault *),
    void *arg, struct fault *);
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
