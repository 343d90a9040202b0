/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_BULK_H
#define MFX_API_BULK_H

#include "api/request_ctx.h"
#include "json/object.h"
#include "registry/changes.h"

/* of one request; more would keep the others waiting for too long */
#define BULK_LINES_MAX 50000
/* an answer repeats what was sent, and adds an id and a key to each */
#define BULK_ANSWER_MAX ((size_t)256 << 20)
/* what an array takes to be read */
#define BULK_SCRATCH_MAX ((size_t)256 << 20)

/* May another bulk be sent for this user, before it is read?  Else it is
 * answered: false. */
bool bulk_allowed(struct request_ctx *);
/* a bulk that is sent as lines */
void bulk_change(struct request_ctx *, enum change_verb, enum item_kind);

/* the body of one: each of its lines, or of the elements of an array */
struct bulk_reader {
	struct str rest;
	struct object_array array;
	bool lines;
};

void bulk_reader_init(struct bulk_reader *, struct str body, bool lines,
    struct arena *scratch);
/* 1, 0 at the end, or -1 and *why */
int bulk_next(struct bulk_reader *, struct str *item, const char **why);

#endif
