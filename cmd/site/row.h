/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_ROW_H
#define MFX_CMD_SITE_ROW_H

/*
 * The files of mfx-site that are about the site as text include only those
 * before them: row; source, secrets, csv, file; compare; kinds; verbs.
 */

#include "base/hash.h"
#include "client/client.h"
#include "json/object.h"

/*
 * What a site has, as text: an object is a line, and its members are in this
 * order.
 *
 *	{"kind":"thing","owner":"ann@example.com","id":"…","name":"meter",
 *	 "metadata":{},"tags":[],"status":"enabled"}
 *
 * A kind is a row of the table in kinds.c, which is the only place that knows
 * what kinds there are.
 */
enum site_member {
	SITE_OWNER,		/* an email address */
	SITE_ID,
	SITE_EMAIL,
	SITE_CHANNEL,		/* an id, or the name of a channel */
	SITE_THING,
	SITE_DIRECTION,		/* of a connection: direction.h */
	SITE_SERIAL,		/* of a certificate: issued.h */
	SITE_AUTHORITY, SITE_ISSUED, SITE_EXPIRES, SITE_REVOKED,
	SITE_EXTERNAL_ID,	/* of a configuration: bootstrap.h */
	SITE_GROUP,		/* an id */
	SITE_NAME,
	SITE_DESCRIPTION,
	SITE_PARENT,		/* of a group: an id; p NULL: at the top */
	SITE_LEVEL,		/* of a grant: grant.h */
	SITE_ACCEPTED,		/* "true" or "false" */
	SITE_METADATA,		/* compact JSON */
	SITE_TAGS,		/* the same: tags.h */
	SITE_STATUS,
	SITE_CHANNELS,		/* a compact array of what SITE_CHANNEL is */
	SITE_CONTENT, SITE_CLIENT_CERT, SITE_CA_CERT,
	SITE_STATE,		/* "active" or "inactive" */
	SITE_KEY,		/* of a thing; p NULL: without one */
	SITE_PASSWORD,		/* of a user: its hash */
	SITE_EXTERNAL_KEY,
	SITE_CLIENT_KEY,	/* p NULL: without one */
	SITE_MEMBERS
};
#define SITE_BIT(member)	(1u << (member))
#define SITE_SECRETS		(SITE_BIT(SITE_KEY) |			\
	SITE_BIT(SITE_PASSWORD) | SITE_BIT(SITE_EXTERNAL_KEY) |		\
	SITE_BIT(SITE_CLIENT_KEY))
/* those that may be null */
#define SITE_NULLS		(SITE_BIT(SITE_KEY) |			\
	SITE_BIT(SITE_CLIENT_KEY) | SITE_BIT(SITE_PARENT))
/* those that name others */
#define SITE_REFERENCES		(SITE_BIT(SITE_CHANNEL) |		\
	SITE_BIT(SITE_THING) | SITE_BIT(SITE_CHANNELS))

struct site_kind;
struct site_user;

struct site_row {
	struct hash_node node;		/* by what says which one it is */
	const struct site_kind *kind;
	unsigned given;			/* SITE_BIT of those in `v` */
	struct str v[SITE_MEMBERS];
	uint64_t line;			/* of the file */
	/* of compare.c */
	struct site_user *user;		/* the owner; of a user, itself */
	const struct site_row *was;	/* what is there, of an update */
	unsigned differs;		/* and in which members */
	/* channel, thing and channels as the file says; p NULL: not given */
	struct { struct str channel, thing, channels; } said;
	bool there;			/* it is there */
	bool made_id;			/* `id` was not given */
};

struct site_rows {
	struct site_row **v;
	size_t n, cap;
};

void rows_add(struct site_rows *, struct site_row *);
void rows_release(struct site_rows *);

/* "name", "metadata" …, and what it is in JSON */
const char *member_name(enum site_member);
enum object_type member_type(enum site_member);

/* appends the members of `shown`, with commas, to an object that has begun */
void row_put_members(struct buf *, const struct site_row *, unsigned shown);

/* hashes of texts: the second ignores the case of letters, for email
 * addresses */
uint64_t row_hash(uint64_t h, struct str);
uint64_t row_hash_email(uint64_t h, struct str);
bool email_same(struct str, struct str);

#endif
