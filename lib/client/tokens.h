/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_TOKENS_H
#define MFX_CLIENT_TOKENS_H

#include "client/account.h"

/*
 * The lasting tokens of a user, of this machine's registry or, when a URL is
 * given, at a mfx-api(1).
 */
struct user_tokens {
	struct session *session;	/* NULL: they are here */
	struct registry *registry;
	struct user user;
};

/* `email` NULL: $MFX_USER here, and there whose token that is */
int user_tokens_open(struct user_tokens *, const struct remote_setup *,
    const char *email, struct fault *);
void user_tokens_close(struct user_tokens *);

/* `l` says name, scope and expires, and gets the rest, which `keep` holds;
 * the token itself is appended */
int user_tokens_create(struct user_tokens *, struct lasting *l,
    struct arena *keep, struct buf *token, struct fault *);
int user_tokens_each(struct user_tokens *, void (*each)(void *,
    const struct lasting *), void *arg, struct fault *);
/* fault.status 1 when one of them is not there, and then none was removed;
 * `each`, which may be NULL, is shown them, and they stay */
int user_tokens_remove(struct user_tokens *, char **ids,
    void (*each)(void *, const struct lasting *), struct fault *);

/*
 * The token that the other commands show, in its file (token_file.h): got
 * for a password, prolonged, or ended and its file removed.  One that is not
 * good any more has ended, too; with `all` it has to be good, and all of the
 * user's end.  EX_NOPERM: that is not the password.
 */
int login_begin(struct session *, struct str email, struct str password,
    struct fault *);
int login_refresh(struct session *, struct fault *);
int login_end(struct session *, bool all, struct fault *);

/* what a token says of itself: its scope, "all" for a session, and when it
 * ends, in seconds since 1970, 0 for never; false: it is none of ours */
bool token_peek(struct str token, char scope[TOKEN_SCOPE_TEXT],
    int64_t *expires);

#endif
