/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_USER_H
#define MFX_REGISTRY_USER_H

#include "base/buf.h"
#include "base/stamp.h"
#include "registry/registry.h"
#include "registry/uuid.h"

/*
 * Users: an email address, a password, and what they note about themselves
 * (metadata.h).  A user owns things and channels and knows of no others.
 */
#define EMAIL_MAX 254
#define PASSWORD_MIN 8
#define PASSWORD_MAX 1024

struct user {
	long long n;			/* the row; for owner arguments */
	char id[ID_TEXT + 1];
	char email[EMAIL_MAX + 1];
	struct stamp created;
	int64_t version;	/* counts changes of the password, and
				 * every other reason to log in again */
};

/*
 * A password is any bytes, `min` (PASSWORD_MIN unless an administrator wants
 * it otherwise) to PASSWORD_MAX of them, kept as argon2id (2 passes, 19 MiB),
 * encoded.  Made before registry_begin: it takes 40 ms, for which nobody else
 * should wait.
 */
#define PASSWORD_HASH_TEXT 128
int password_hash(struct str password, size_t min,
    char hash[PASSWORD_HASH_TEXT], struct fault *);

/* is it the one of this hash?  Takes as long when there is no hash, ""; may
 * be called by several threads at once */
bool password_matches(struct str password,
    const char hash[PASSWORD_HASH_TEXT]);

/* metadata is compact; STR_NONE and {} are the same */
int user_create(struct registry *, struct str email, const char *hash,
    struct str metadata, struct user *, struct fault *);
int user_set_password(struct registry *, const struct user *,
    const char *hash, struct fault *);

/* puts it in place of all of the old */
int user_set_metadata(struct registry *, const struct user *,
    struct str metadata, struct fault *);
/* appends it: 1, 0: there is none, -1 */
int user_metadata(struct registry *, const struct user *, struct buf *,
    struct fault *);

/* ends all that let the user in before, but for the password */
int user_renew(struct registry *, const struct user *, struct fault *);

/* by email, in any case; fault.status 1 when there is none */
int user_find(struct registry *, struct str email, struct user *,
    struct fault *);

int user_find_id(struct registry *, struct str id, struct user *,
    struct fault *);
/* with the hash of the password */
int user_find_hash(struct registry *, struct str email, struct user *,
    char hash[PASSWORD_HASH_TEXT], struct fault *);
/* is it still there?  1, 0, -1: another may have its row by now */
int user_remains(struct registry *, const struct user *, struct fault *);

/* how many things, or channels, it has */
int user_things(struct registry *, const struct user *, uint64_t *n,
    struct fault *);
int user_channels(struct registry *, const struct user *, uint64_t *n,
    struct fault *);

/* 1, 0, or -1; takes as long for an unknown user as for a wrong password */
int user_verify(struct registry *, struct str email, struct str password,
    struct fault *);

/* With `all`, things and channels go too, each with its event; without,
 * EX_DATAERR when there are some. */
int user_remove(struct registry *, const struct user *, bool all,
    struct fault *);

/* in order of creation, to a callback that stops it with non-zero, which is
 * returned; 0 at the end.  Who has no metadata has {}. */
int user_each(struct registry *, int (*each)(void *, const struct user *,
    struct str metadata), void *arg, struct fault *);

/* 0, or -1 and a fault that says what is wrong with it */
int email_check(struct str, struct fault *);
/* NULL, or why it is none: by its form alone, nothing is asked of DNS */
const char *email_fault(struct str);

#endif
