/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_ACCOUNT_H
#define MFX_CLIENT_ACCOUNT_H

#include "client/session.h"
#include "registry/token.h"

/*
 * Users and tokens at a mfx-api(1): what mfx-users(1) and mfx-token(1) do
 * there.  Passwords have to be UTF-8, as they go in JSON: else EX_DATAERR.
 * Metadata is that of metadata_take; STR_NONE: not given.
 */
int account_create(struct session *, struct str email, struct str password,
    struct str metadata, struct fault *);

/* appends a session's token: 1, or 0 when that is not the password; -1 */
int account_login(struct session *, struct str email, struct str password,
    struct buf *token, struct fault *);

/* ---- these with the token of the session ---- */

/* whose it is: n, version are not known; what they note is appended, {} when
 * that is nothing (NULL: not wanted) */
int account_show(struct session *, struct user *, struct buf *metadata,
    struct fault *);
/* EX_NOPERM when it is another's than this one's */
int account_is(struct session *, struct str email, struct fault *);
/* appends another token in place of the one that ends with the password */
int account_set_password(struct session *, struct str old,
    struct str password, struct buf *token, struct fault *);
int account_set_metadata(struct session *, struct str, struct fault *);
/* the total of the list at this path */
int account_count(struct session *, const char *path, uint64_t *n,
    struct fault *);
int account_remove(struct session *, bool all, struct fault *);

/* another one for as long again; its end, with `all` of all there are */
int account_refresh(struct session *, struct buf *token, struct fault *);
int account_logout(struct session *, bool all, struct fault *);

/* as in token.h: `l` says name, scope and expires, and gets the rest, which
 * `keep` holds */
int account_lasting_create(struct session *, struct lasting *l,
    struct arena *keep, struct buf *token, struct fault *);
int account_lasting_each(struct session *,
    void (*each)(void *, const struct lasting *), void *arg,
    struct fault *);
/* fault.status 1: there is none */
int account_lasting_remove(struct session *, struct str id, struct fault *);

#endif
