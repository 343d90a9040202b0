/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_SPEC_H
#define MFX_REGISTRY_SPEC_H

#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"
#include "registry/keyring.h"
#include "registry/metadata.h"

/*
 * A change that a user wants of one thing, channel or connection, from options
 * or from a line of NDJSON:
 *
 *	{"id":"…","name":"…","key":"…","metadata":{…},"tags":["…"],
 *	 "status":"disabled"}
 *	{"channel":"…","thing":"…"}
 *
 * All values have been checked, except that ids may be of any form: an id
 * that is not a UUID is as unknown as one that does not exist.
 */
enum spec_member {
	SPEC_ID = 1,
	SPEC_NAME = 2,
	SPEC_METADATA = 4,
	SPEC_KEY = 8,
	SPEC_CHANNEL = 16,
	SPEC_THING = 32,
	SPEC_TAGS = 64,
	SPEC_STATUS = 128,
};

#define NAME_BYTES_MAX 1024

struct spec {
	unsigned given;		/* members that are set: enum spec_member */
	struct str id, name, metadata, channel, thing;
	struct str tags;	/* of tags_end */
	bool disabled;		/* the status */
	struct str key;		/* p NULL: without a key */
	struct str box, hash;	/* of specs_seal; p NULL: not yet */
	uint64_t line;		/* of the input; 0 for options */
};

/* many of them; `keep` holds their text */
struct specs {
	struct arena keep, scratch;
	struct spec *v;
	size_t n, cap;
	const char *from;	/* "<stdin>"; NULL for options */
};

void specs_init(struct specs *);
/* wipes the keys */
void specs_release(struct specs *);

/* adds a spec of zeros */
struct spec *specs_add(struct specs *);

/* Each checks and copies a value; NULL, or why it is refused. */
const char *spec_set_id(struct specs *, struct spec *, struct str);
const char *spec_set_name(struct specs *, struct spec *, struct str);
const char *spec_set_metadata(struct specs *, struct spec *, struct str json);
const char *spec_set_key(struct specs *, struct spec *, struct str);
const char *spec_set_tags(struct specs *, struct spec *, struct str json);
/* each option is words with commas between; '' for no tags */
const char *spec_set_tag_list(struct specs *, struct spec *,
    const char *const *v, int n);
/* "enabled" or "disabled" */
const char *spec_set_status(struct specs *, struct spec *, struct str);
/* sets a new UUID (uuid.h) */
const char *spec_make_id(struct specs *, struct spec *);
const char *spec_make_key(struct specs *, struct spec *);

/*
 * Seals and hashes the keys, the two forms that the registry stores
 * (keyring.h).  As this takes long for many keys, call it before the
 * transaction, for which other writers wait.  NULL, or why it failed.
 */
const char *specs_seal(struct specs *, const struct keyring *);

/* parses one line; it is refused when it has members that are not in `may` or
 * lacks members that are in `must` */
const char *specs_parse(struct specs *, struct str line, unsigned may,
    unsigned must);

/*
 * Parses all lines of a file ("-": stdin).  The first wrong one is the fault,
 * EX_DATAERR, with its place; a signal meanwhile is EX_TEMPFAIL.
 */
int specs_read(struct specs *, const char *path, unsigned may, unsigned must,
    struct fault *);

/* puts the place of the spec's line before the text of a fault; -1 */
int specs_fault(const struct specs *, const struct spec *, struct fault *);

#endif
