/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_TOKEN_H
#define MFX_REGISTRY_TOKEN_H

#include "base/buf.h"
#include "registry/jwt.h"
#include "registry/user.h"

/*
 * What a user shows instead of a password: a JSON Web Token (jwt.h), signed
 * with a key that is derived from master.key.
 *
 * A *session* comes from logging in, allows all, and ends by itself.  A
 * *lasting* one is made by the user for a program: it has a name, allows
 * only what its scope says, may have no end, and is good for as long as its
 * row is there.  Both end with the user and with a change of the password.
 */
enum token_scope {
	TOKEN_THINGS_READ = 1,
	TOKEN_THINGS_WRITE = 2,
	TOKEN_CHANNELS_READ = 4,
	TOKEN_CHANNELS_WRITE = 8,
	TOKEN_KEYS_READ = 16,		/* things' keys are shown */
	TOKEN_EVENTS_READ = 32,
	TOKEN_LASTING_ALL = 63,		/* what a lasting one may have */
	TOKEN_ACCOUNT = 64,		/* the password, tokens, the end */
	TOKEN_ALL = 127,
};

#define TOKEN_ISSUER "mainflux"
#define TOKEN_SCOPE_TEXT 128
#define TOKEN_NAME_MAX 256
/* how long sessions can be prolonged after a login, seconds */
#define TOKEN_REFRESH_MAX (30 * 24 * 3600)

/* "things:read keys:read" to bits, and back; false for another word */
bool token_scope_parse(struct str text, unsigned *scope);
void token_scope_print(unsigned scope, char to[TOKEN_SCOPE_TEXT]);

/* who a token lets in, and to what */
struct principal {
	struct user user;
	char id[ID_TEXT + 1];	/* of the token */
	unsigned scope;
	bool lasting;
	int64_t expires;	/* seconds since 1970; 0: never */
	int64_t since;		/* of a session: when its user logged in */
};

/* appends a session's token; `expires` as above */
void token_put_session(struct registry *, const struct user *,
    int64_t since, int64_t now, int64_t expires, struct buf *);

/* Is it one that we gave out, is it still good, and whose is it?  1, 0, or
 * -1 when that can't be found out. */
int token_check(struct registry *, struct str text, int64_t now,
    struct principal *, struct fault *);

/* ends this session, or removes this lasting token */
int token_revoke(struct registry *, const struct principal *, int64_t now,
    struct fault *);

/* ---- lasting ones ---- */

struct lasting {
	struct str id, name;
	unsigned scope;
	int64_t created, expires;
};

/* at most this many for each user: EX_DATAERR */
#define TOKENS_MAX 1000

/* makes it, with the id that `l` has; its token is appended */
int lasting_create(struct registry *, const struct user *,
    const struct lasting *, struct buf *token, struct fault *);
/* fault.status 1: there is none */
int lasting_remove(struct registry *, const struct user *, struct str id,
    struct fault *);
/* each that a user has, or the one with that id (p NULL: all), in order of
 * creation; their number, or -1 */
int lasting_each(struct registry *, const struct user *, struct str id,
    void (*each)(void *, const struct lasting *), void *arg,
    struct fault *);

#endif
