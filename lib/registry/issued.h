/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_ISSUED_H
#define MFX_REGISTRY_ISSUED_H

#include "registry/authority.h"
#include "registry/user.h"

/*
 * The rows of certificates that our CAs have issued: of things, of servers, and
 * of CAs below others.  They stay, at least until they have expired, for a list
 * of what was revoked.  Their events are certificate.issue,
 * certificate.expiring and certificate.revoke; issued_prune has none.
 *
 * When a thing is removed the database revokes its certificates, with the
 * reason REVOKED_CESSATION; the event that tells of it is thing.remove.
 */
#define SERIAL_BYTES 16
#define SERIAL_TEXT (2 * SERIAL_BYTES)
#define FINGERPRINT_BYTES 32		/* SHA-256 of the DER */
#define ISSUED_NAME_MAX 1024

/* RFC 5280 5.3.1 */
enum revoked_reason {
	REVOKED_UNSPECIFIED = 0,
	REVOKED_KEY = 1,		/* somebody else may have the key */
	REVOKED_AFFILIATION = 3,
	REVOKED_SUPERSEDED = 4,
	REVOKED_CESSATION = 5,		/* it is not used any more */
	REVOKED_HOLD = 6,		/* its thing is disabled: for now */
};

struct issued {
	struct str serial;		/* hexadecimal, lower case */
	struct str fingerprint;		/* p NULL: not asked for */
	struct str thing;		/* id; empty: of no thing */
	struct str name;		/* of a server or CA, else empty */
	struct str authority;		/* its name */
	struct str certificate;		/* DER */
	int64_t issued, expires;	/* seconds since 1970 */
	int64_t revoked;		/* 0: it is not */
	int reason;			/* enum revoked_reason */
	bool held;			/* its thing is disabled */
};

/* Adds it with its event, as issued by this authority.  1 when its thing does
 * not exist, or not with this owner; `owner` NULL: any. */
int issued_add(struct registry *, const struct authority *,
    const struct issued *, const struct user *owner, struct fault *);

/* At most so many that have not expired, revoked or not, as a list of what was
 * revoked names them until then. */
struct issued_most {
	int64_t thing, user;
};

/* Is there room for one more of this thing, and of its owner?  EX_NOPERM when
 * there is none. */
int issued_room(struct registry *, const char *thing, int64_t now,
    const struct issued_most *, struct fault *);

/*
 * Which certificates: all conditions that are set, in order of issue; those of
 * all things of an owner, in order of their end.
 */
struct issued_query {
	struct str which;		/* id of a thing, or a serial; empty:
					 * all */
	struct str authority;		/* name; empty: any */
	const struct user *owner;	/* of the thing, if it has one; NULL:
					 * any */
	int64_t now;			/* seconds since 1970 */
	int64_t expires;		/* before that; 0: whenever */
	bool valid;			/* neither revoked nor expired */
	bool untold;			/* issued_tell has not told of it */
	bool things;			/* only those of things */
	uint64_t offset, limit;		/* skip that many, at most that many;
					 * limit 0: all.  issued_revoke and
					 * issued_count pass over them. */
};

/* Calls `each` until it returns non-zero, which is then returned; 0 at the
 * end, and -1.  What it gets is borrowed. */
int issued_each(struct registry *, const struct issued_query *,
    int (*each)(void *arg, const struct issued *, struct fault *), void *arg,
    struct fault *);

/* how many the query selects */
int issued_count(struct registry *, const struct issued_query *, uint64_t *n,
    struct fault *);

/* The same for the one with this fingerprint, if we have issued it: what `each`
 * returns, or 0. */
int issued_find(struct registry *, struct str fingerprint,
    int (*each)(void *arg, const struct issued *, struct fault *), void *arg,
    struct fault *);

/* The same for what a list of this authority's revoked certificates names:
 * those that have not expired and are revoked, or held. */
int issued_each_revoked(struct registry *, const struct authority *,
    int64_t now,
    int (*each)(void *arg, const struct issued *, struct fault *), void *arg,
    struct fault *);

/*
 * Revokes the valid certificates that the query selects, each with its event,
 * and those that a CA among them has issued: *n is their number.
 */
int issued_revoke(struct registry *, const struct issued_query *,
    enum revoked_reason, uint64_t *n, struct fault *);

/* Tells that the valid certificates which the query selects, and of which it
 * has not told before, end soon: an event of each.  In a transaction. */
int issued_tell(struct registry *, const struct issued_query *,
    struct fault *);

/* Removes those that the query selects and that ended before query->expires,
 * which is at most query->now; *n is their number.  In a transaction. */
int issued_prune(struct registry *, const struct issued_query *, uint64_t *n,
    struct fault *);

/* is one with this fingerprint revoked?  1, 0 (also when none is known), -1 */
int issued_is_revoked(struct registry *, struct str fingerprint,
    struct fault *);

/* Is it a serial as people write it: hexadecimal, in any case, maybe with
 * colons?  Writes it as the rows have it; false: it is not. */
bool serial_parse(struct str, char to[SERIAL_TEXT + 1]);

#endif
