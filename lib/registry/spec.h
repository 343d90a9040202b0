/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_SPEC_H
#define MFX_REGISTRY_SPEC_H

#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/opt.h"
#include "registry/keyring.h"
#include "registry/metadata.h"

/*
 * What somebody wants to be done to one thing, channel or connection, as
 * options or a line of NDJSON say it:
 *
 *	{"id":"…","name":"…","key":"…","metadata":{…},"tags":["…"],
 *	 "status":"disabled"}
 *	{"channel":"…","thing":"…"}
 *
 * All of it has been checked but for the ids: one that nobody has is as
 * unknown as one of another form.
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
	unsigned given;		/* which of these: enum spec_member */
	struct str id, name, metadata, channel, thing;
	struct str tags;	/* of tags_end */
	bool disabled;		/* the status */
	struct str key;		/* p is NULL: shall have none */
	struct str box, hash;	/* of specs_seal; p is NULL: not yet */
	uint64_t line;		/* of the input; 0 for options */
};

/* many of them; the arena keeps their text, `secrets` the keys */
struct specs {
	struct arena keep, scratch;
	struct spec *v;
	size_t n, cap;
	const char *from;	/* "<stdin>"; NULL for options */
};

void specs_init(struct specs *);
/* wipes the keys */
void specs_release(struct specs *);

/* one more, all of it zero */
struct spec *specs_add(struct specs *);

/* Each checks and copies a value; NULL, or why it is refused. */
const char *spec_set_id(struct specs *, struct spec *, struct str);
const char *spec_set_name(struct specs *, struct spec *, struct str);
const char *spec_set_metadata(struct specs *, struct spec *, struct str json);
const char *spec_set_key(struct specs *, struct spec *, struct str);
const char *spec_set_tags(struct specs *, struct spec *, struct str json);
/* each of them is words with commas between; '' for none */
const char *spec_set_tag_list(struct specs *, struct spec *,
    const struct opt_list *);
/* "enabled" or "disabled" */
const char *spec_set_status(struct specs *, struct spec *, struct str);
/* a new random one, in the form of a UUID */
const char *spec_make_id(struct specs *, struct spec *);
const char *spec_make_key(struct specs *, struct spec *);

/*
 * Brings the keys into the two forms in which the registry has them
 * (keyring.h), as that takes long for many: before a transaction, for which
 * others wait.  NULL, or why not.
 */
const char *specs_seal(struct specs *, const struct keyring *);

/* one line; members that are not in `may`, or lack though in `must`, make
 * it wrong */
const char *specs_parse(struct specs *, struct str line, unsigned may,
    unsigned must);

/*
 * All lines of a file ("-": stdin), before anything is done.  The first
 * wrong one is the fault, EX_DATAERR, with its place; a signal meanwhile
 * is EX_TEMPFAIL.
 */
int specs_read(struct specs *, const char *path, unsigned may, unsigned must,
    struct fault *);

/* puts the place of a line in front of what went wrong with it; -1 */
int specs_fault(const struct specs *, const struct spec *, struct fault *);

#endif
