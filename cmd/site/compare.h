/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_COMPARE_H
#define MFX_CMD_SITE_COMPARE_H

#include "cmd/site/input.h"
#include "cmd/site/source.h"

/*
 * What has to be done so that the site is what a file says.
 *
 * An object of the file is one that is there when it has the same id or, of
 * a thing or channel without an id, the same name and owner; of a user, the
 * same email address; of a connection, the same channel and thing.  Members
 * that are not in the file stay as they are.  A channel or thing of a
 * connection may be named: what has that name in the file comes first, then
 * what is there; one that two have stands for neither.
 *
 * With `prune` what is not in the file is removed, of each user that the file
 * is about: those are its owners and users; and, if it has a line of a user,
 * users that it does not have are removed as well, with all they have.
 */
enum plan_verb { PLAN_CREATE, PLAN_UPDATE, PLAN_REMOVE, PLAN_VERBS };

struct plan {
	struct site_rows rows[PLAN_VERBS][SITE_KINDS];
	uint64_t n[PLAN_VERBS];
};

struct compare {
	struct site_input *input;
	struct site_source *source;
	const char *user;		/* whose what has no owner is; NULL */
	bool only;			/* no line is of another user */
	bool prune;
	struct plan plan;
	/* private */
	uint64_t seed;
	struct hash_table rows;		/* of the file, by what they are */
	struct hash_table names;
	struct site_user *last;
};

/* Fills in the plan, whose rows live as long as the input. */
int compare_run(struct compare *, struct fault *);
void compare_end(struct compare *);

#endif
