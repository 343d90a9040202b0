/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_CHANGE_H
#define MFX_REGISTRY_CHANGE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"
#include "registry/direction.h"
#include "registry/keyring.h"
#include "registry/metadata.h"

/*
 * A change that a user wants of one thing, channel, connection or group, from
 * options or from a line of NDJSON:
 *
 *	{"id":"…","name":"…","key":"…","metadata":{…},"tags":["…"],
 *	 "status":"disabled"}
 *	{"channel":"…","thing":"…","direction":"publish"}
 *	{"id":"…","name":"…","parent":"…","description":"…","metadata":{…}}
 *	{"group":"…","thing":"…"}
 *
 * All values have been checked, except that ids may be of any form: an id
 * that is not a UUID is as unknown as one that does not exist.
 */
enum item_kind { ITEM_THING, ITEM_CHANNEL };

enum change_verb {
	CHANGE_CREATE, CHANGE_UPDATE, CHANGE_ENABLE, CHANGE_DISABLE,
	CHANGE_REMOVE, CHANGE_CONNECT, CHANGE_DISCONNECT,
	/* of groups, and of what is in them */
	CHANGE_GROUP_CREATE, CHANGE_GROUP_UPDATE, CHANGE_GROUP_REMOVE,
	CHANGE_ASSIGN, CHANGE_UNASSIGN
};

enum change_member {
	MEMBER_ID = 1,
	MEMBER_NAME = 2,
	MEMBER_METADATA = 4,
	MEMBER_KEY = 8,
	MEMBER_CHANNEL = 16,
	MEMBER_THING = 32,
	MEMBER_TAGS = 64,
	MEMBER_STATUS = 128,
	MEMBER_DIRECTION = 256,
	MEMBER_PARENT = 512,
	MEMBER_DESCRIPTION = 1024,
	MEMBER_GROUP = 2048,
};

#define NAME_BYTES_MAX 1024
#define DESCRIPTION_BYTES_MAX 1024

struct change {
	unsigned given;		/* members that are set: enum change_member */
	struct str id, name, metadata, channel, thing;
	struct str tags;	/* of tags_end */
	bool disabled;		/* the status */
	unsigned direction;	/* of a connection; 0: not given */
	struct str group, description;
	struct str parent;	/* of a group: an id; "" for the top */
	struct str key;		/* p NULL: without a key */
	struct str box, hash;	/* of changes_seal; p NULL: not yet */
	uint64_t line;		/* of the input; 0 for options */
};

/* many of one kind; `keep` holds their text */
struct changes {
	enum change_verb verb;
	enum item_kind kind;	/* of create, update and remove of items */
	bool if_exists;		/* remove: a missing one is not an error */
	bool dry_run;		/* remove, disconnect: the caller rolls back */
	bool recursive;		/* remove a group with those beneath it */
	struct change *v;
	size_t n, cap;
	size_t at;		/* the current one; n: no single one */
	struct arena keep, scratch;
	const char *from;	/* "<stdin>"; NULL for options */
};

void changes_init(struct changes *);
/* wipes the keys */
void changes_release(struct changes *);

/* adds a change of zeros */
struct change *changes_add(struct changes *);

/* for a secret in memory that is ours, and only now changed */
void change_wipe(struct str secret);

/* NULL, or why it can't be one */
const char *change_name_fault(struct str);
const char *change_key_fault(struct str);
/* Each checks and copies a value; NULL, or why it is refused. */
const char *change_set_id(struct changes *, struct change *, struct str);
const char *change_set_name(struct changes *, struct change *, struct str);
const char *change_set_metadata(struct changes *, struct change *,
    struct str json);
const char *change_set_key(struct changes *, struct change *, struct str);
const char *change_set_tags(struct changes *, struct change *, struct str json);
/* each option is words with commas between; '' for no tags */
const char *change_set_tag_list(struct changes *, struct change *,
    const char *const *v, int n);
/* of a group; the parent is an id, or "" for the top */
const char *change_set_description(struct changes *, struct change *,
    struct str);
const char *change_set_parent(struct changes *, struct change *, struct str);
/* "enabled" or "disabled" */
const char *change_set_status(struct changes *, struct change *, struct str);
/* "publish", "subscribe" or "both" */
const char *change_set_direction(struct changes *, struct change *,
    struct str);
/* sets a new UUID (uuid.h) */
const char *change_make_id(struct changes *, struct change *);
const char *change_make_key(struct changes *, struct change *);

/*
 * Seals and hashes the keys, the two forms that the registry stores
 * (keyring.h).  As this takes long for many keys, call it before the
 * transaction, for which other writers wait.  NULL, or why it failed.
 */
const char *changes_seal(struct changes *, const struct keyring *);

/* parses one line; it is refused when it has members that are not in `may` or
 * lacks members that are in `must` */
const char *changes_parse(struct changes *, struct str line, unsigned may,
    unsigned must);

/* parses all lines of a file (ndjson.h) */
int changes_read(struct changes *, const char *path, unsigned may,
    unsigned must, struct fault *);

/* puts the place of the change's line before the text of a fault; -1 */
int changes_fault(const struct changes *, const struct change *,
    struct fault *);

#endif
