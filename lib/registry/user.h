/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_USER_H
#define MFX_REGISTRY_USER_H

#include "base/buf.h"
#include "base/stamp.h"
#include "registry/change.h"
#include "registry/registry.h"
#include "registry/uuid.h"

/*
 * Users: an email address, a password, and metadata (metadata.h).  A user owns
 * things and channels, and sees no others.
 */
#define EMAIL_MAX 254
#define PASSWORD_MIN 8
#define PASSWORD_MAX 1024

struct user {
	long long rowid;		/* the owner of items */
	char id[ID_TEXT + 1];
	char email[EMAIL_MAX + 1];
	struct stamp created;
	int64_t version;	/* counts changes of the password, and
				 * every other reason to log in again */
};

/*
 * A password is `min` to PASSWORD_MAX bytes of any kind (an administrator may
 * change `min` from PASSWORD_MIN), kept as encoded argon2id (2 passes, 19
 * MiB).  Hash it before registry_begin: this takes 40 ms, and other writers
 * should not wait for it.
 */
#define PASSWORD_HASH_TEXT 128
int password_hash(struct str password, size_t min,
    char hash[PASSWORD_HASH_TEXT], struct fault *);

/* does the password match this hash?  Takes as long with the hash "", which
 * nothing matches; may be called by several threads at once */
bool password_matches(struct str password,
    const char hash[PASSWORD_HASH_TEXT]);

/* metadata is compact; STR_NONE and {} are the same */
int user_create(struct registry *, struct str email, const char *hash,
    struct str metadata, struct user *, struct fault *);
/*
 * The same of a user that another registry had: with its id (p NULL: a new
 * one) and the hash of its password (p NULL: nobody can log in).
 * password_hash_valid says whether that is what password_hash gives: another
 * one could make each login as slow as it likes.
 */
int user_restore(struct registry *, struct str id, struct str email,
    struct str hash, struct str metadata, struct user *, struct fault *);
bool password_hash_valid(struct str);
int user_set_password(struct registry *, const struct user *,
    const char *hash, struct fault *);

/* replaces all metadata */
int user_set_metadata(struct registry *, const struct user *,
    struct str metadata, struct fault *);
/* appends it: 1; 0 when the user has none; -1 */
int user_metadata(struct registry *, const struct user *, struct buf *,
    struct fault *);

/* ends all sessions and tokens of the user */
int user_renew(struct registry *, const struct user *, struct fault *);

/* by email, ignoring case; fault.status 1 when there is no such user */
int user_find(struct registry *, struct str email, struct user *,
    struct fault *);

int user_find_id(struct registry *, struct str id, struct user *,
    struct fault *);
/* with the hash of the password */
int user_find_hash(struct registry *, struct str email, struct user *,
    char hash[PASSWORD_HASH_TEXT], struct fault *);
/* does this user still exist?  1, 0, -1; compares more than the row, which may
 * have been used again */
int user_remains(struct registry *, const struct user *, struct fault *);

/* Sets the fault, EX_DATAERR, that a new user, thing, channel or group can't
 * have this id, and whether that is because its user was removed.  -1 */
int user_id_refuse(struct registry *, struct str id, struct fault *);

/* the number of things, or channels, of a user */
int user_items(struct registry *, const struct user *, enum item_kind,
    uint64_t *n, struct fault *);

/* 1, 0, or -1; takes as long for an unknown user as for a wrong password */
int user_verify(struct registry *, struct str email, struct str password,
    struct fault *);

/* EX_DATAERR when the user has things or channels; items_remove_all of item.h
 * removes those */
int user_remove(struct registry *, const struct user *, struct fault *);

/* calls `each` in order of creation, until it returns non-zero, which is then
 * returned; 0 at the end.  Missing metadata is {}. */
int user_each(struct registry *, int (*each)(void *, const struct user *,
    struct str metadata), void *arg, struct fault *);

/* 0, or -1 and a fault that says what is wrong with it */
int email_check(struct str, struct fault *);
/* NULL, or why it is not an email address: checks its form, without DNS */
const char *email_fault(struct str);

#endif
