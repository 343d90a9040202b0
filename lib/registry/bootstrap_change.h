/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_BOOTSTRAP_CHANGE_H
#define MFX_REGISTRY_BOOTSTRAP_CHANGE_H

#include "base/buf.h"
#include "registry/change.h"

/*
 * A change that a user wants of one configuration (bootstrap.h), from options,
 * from a request, or from a line of NDJSON:
 *
 *	{"thing_id":"…","external_id":"…","external_key":"…","name":"…",
 *	 "channels":["…"],"content":"…","client_cert":"…","client_key":"…",
 *	 "ca_cert":"…","state":1}
 *
 * or, of a new one, from the text of a label (claim.h), which gives the
 * external id, the external key and perhaps a name.
 */
enum bootstrap_verb { BOOTSTRAP_ADD, BOOTSTRAP_UPDATE, BOOTSTRAP_REMOVE };

enum bootstrap_member {
	BOOTSTRAP_THING = 1,
	BOOTSTRAP_EXTERNAL_ID = 2,
	BOOTSTRAP_EXTERNAL_KEY = 4,
	BOOTSTRAP_NAME = 8,
	BOOTSTRAP_CONTENT = 16,
	BOOTSTRAP_CLIENT_CERT = 32,
	BOOTSTRAP_CLIENT_KEY = 64,
	BOOTSTRAP_CA_CERT = 128,
	BOOTSTRAP_CHANNELS = 256,
	BOOTSTRAP_STATE = 512,
};

#define EXTERNAL_ID_MAX 512		/* bytes */
#define BOOTSTRAP_CONTENT_MAX ((size_t)64 << 10)
#define BOOTSTRAP_PEM_MAX ((size_t)16 << 10)
/* a private key is sealed as a thing's key is: P-256, Ed25519, and RSA of up
 * to 4096 bits */
#define BOOTSTRAP_CLIENT_KEY_MAX THING_KEY_MAX
#define BOOTSTRAP_CHANNELS_MAX 256

struct bootstrap_change {
	unsigned given;		/* members that are set */
	struct str thing;	/* an id of any form */
	struct str external_id, external_key, name, content;
	struct str client_cert, client_key, ca_cert;
	struct str *channels;	/* ids of any form */
	size_t n_channels;
	bool active;		/* the state */
	struct str thing_key;	/* of a thing that is made for it */
	struct str key_box, client_box;		/* sealed */
	uint64_t line;		/* of the input; 0 for options */
};

/* many of one kind, all or none; `keep` holds their text */
struct bootstrap_changes {
	enum bootstrap_verb verb;
	bool if_exists;		/* remove: a missing one is not an error */
	struct bootstrap_change *v;
	size_t n, cap;
	size_t at;		/* the current one; n: no single one */
	bool no_channel;	/* a fault of 1 is about a channel */
	struct arena keep, scratch;
	const char *from;	/* "<stdin>"; NULL for options */
};

void bootstrap_changes_init(struct bootstrap_changes *);
/* wipes the keys */
void bootstrap_changes_release(struct bootstrap_changes *);

/* adds a change of zeros */
struct bootstrap_change *bootstrap_changes_add(struct bootstrap_changes *);

/* Checks and copies the value of a member that is a text; NULL, or why it is
 * refused.  With p NULL the private key is removed; nothing else may be. */
const char *bootstrap_set(struct bootstrap_changes *,
    struct bootstrap_change *, enum bootstrap_member, struct str);
/* a JSON array of ids; and one more id */
const char *bootstrap_set_channels(struct bootstrap_changes *,
    struct bootstrap_change *, struct str json);
const char *bootstrap_add_channel(struct bootstrap_changes *,
    struct bootstrap_change *, struct str id);
/* "0" or "1" */
const char *bootstrap_set_state(struct bootstrap_change *, struct str);
/* takes the members that it lacks from another, whose text it shares */
void bootstrap_default(struct bootstrap_change *,
    const struct bootstrap_change *from);

/* parses one line of JSON or, to add, a label: strictly, as changes_parse */
const char *bootstrap_parse(struct bootstrap_changes *, struct str line);
/* appends the line that has the members that are given */
void bootstrap_put_change(struct buf *, const struct bootstrap_change *);
/* all lines of a file (ndjson.h) */
int bootstrap_read(struct bootstrap_changes *, const char *path,
    struct fault *);

/* why an external id can't be one, or NULL */
const char *bootstrap_id_fault(struct str);

/* What the registry keeps of a device's key: a hash of both (keyring.h), so
 * that two devices of one key do not show that. */
void bootstrap_hash(const struct keyring *, struct str external_id,
    struct str external_key, unsigned char hash[KEY_HASH_BYTES]);

/* Makes the ids and keys that are missing of new ones, and seals all keys:
 * what is possible before registry_begin.  NULL, or why it failed. */
const char *bootstrap_prepare(struct bootstrap_changes *,
    const struct keyring *);

#endif
