/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_GRANTS_H
#define MFX_CLIENT_GRANTS_H

#include "registry/grant.h"
#include "registry/item.h"

/* The functions of both backends of client.h for grants. */
struct client;

int local_grant_make(struct client *, const struct grant *,
    char id[ID_TEXT + 1], struct fault *);
int local_grant_accept(struct client *, struct str id, struct fault *);
int local_grant_end(struct client *, struct str id, struct fault *);
int local_grant_each(struct client *, enum grant_side,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *);
int local_grant_find(struct client *, struct str id,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *);

int remote_guests(struct client *, int (*each)(void *,
    const struct item_pair *, struct fault *), void *arg, struct fault *);
int remote_grant_make(struct client *, const struct grant *,
    char id[ID_TEXT + 1], struct fault *);
int remote_grant_accept(struct client *, struct str id, struct fault *);
int remote_grant_end(struct client *, struct str id, struct fault *);
int remote_grant_each(struct client *, enum grant_side,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *);
int remote_grant_find(struct client *, struct str id,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *);

#endif
