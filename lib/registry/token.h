/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_TOKEN_H
#define MFX_REGISTRY_TOKEN_H

#include "base/buf.h"
#include "registry/jwt.h"
#include "registry/user.h"

/*
 * A token stands in for a user's password: a JSON Web Token (jwt.h), signed
 * with a key that is derived from master.key.
 *
 * A *session* token comes from a login, allows everything, and expires.  A
 * *lasting* token is created by a user for a program: it has a name, allows
 * only what its scope says, may never expire, and is valid as long as its
 * row exists.  Both end when the user is removed or changes the password.
 */
enum token_scope {
	TOKEN_THINGS_READ = 1,
	TOKEN_THINGS_WRITE = 2,
	TOKEN_CHANNELS_READ = 4,
	TOKEN_CHANNELS_WRITE = 8,
	TOKEN_KEYS_READ = 16,		/* things' keys are shown */
	TOKEN_EVENTS_READ = 32,
	TOKEN_LASTING_ALL = 63,		/* all that lasting tokens may have */
	TOKEN_ACCOUNT = 64,		/* password, tokens, removal */
	TOKEN_ALL = 127,
};

#define TOKEN_ISSUER "mainflux"
#define TOKEN_SCOPE_TEXT 128
#define TOKEN_NAME_MAX 256
/* how long after a login a session can be renewed, seconds */
#define TOKEN_REFRESH_MAX (30 * 24 * 3600)

/* "things:read keys:read" to bits, and back; false for any unknown word */
bool token_scope_parse(struct str text, unsigned *scope);
void token_scope_print(unsigned scope, char to[TOKEN_SCOPE_TEXT]);

/* the user that a token authenticates, and what it allows */
struct principal {
	struct user user;
	char id[ID_TEXT + 1];	/* of the token */
	unsigned scope;
	bool lasting;
	int64_t expires;	/* seconds since 1970; 0: never */
	int64_t since;		/* of a session: the time of the login */
};

/* appends a session's token; `expires` as above */
void token_put_session(struct registry *, const struct user *,
    int64_t since, int64_t now, int64_t expires, struct buf *);

/* Is it a token of ours and still valid, and who is its user?  1, 0, or -1
 * when the registry can't be read. */
int token_check(struct registry *, struct str text, int64_t now,
    struct principal *, struct fault *);

/* ends this session, or removes this lasting token */
int token_revoke(struct registry *, const struct principal *, int64_t now,
    struct fault *);

/* ---- lasting tokens ---- */

struct lasting {
	struct str id, name;
	unsigned scope;
	int64_t created, expires;
};

/* at most this many lasting tokens per user: EX_DATAERR */
#define TOKENS_MAX 1000

/* creates it with its id and appends its token */
int lasting_create(struct registry *, const struct user *,
    const struct lasting *, struct buf *token, struct fault *);
/* fault.status 1 when there is no such token */
int lasting_remove(struct registry *, const struct user *, struct str id,
    struct fault *);
/* calls `each` for all lasting tokens of a user in order of creation, or only
 * for the one with that id (p NULL: all); returns their number, or -1 */
int lasting_each(struct registry *, const struct user *, struct str id,
    void (*each)(void *, const struct lasting *), void *arg,
    struct fault *);

#endif
