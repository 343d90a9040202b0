/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_REMOVAL_H
#define MFX_CLIENT_REMOVAL_H

#include "client/account.h"

/*
 * The end of a user, here or at a mfx-api(1), or a dry run of it, which
 * removes nothing, says who and how much would go, and is refused as the
 * removal itself would be.
 */
struct removal {
	bool all, dry_run;
	/* of a dry run */
	struct user user;
	uint64_t things, channels;
};

/* rolled back by closing the registry */
int remove_here(struct registry *, struct str email, struct removal *,
    struct fault *);
/* the one whose token it is */
int remove_there(struct session *, struct removal *, struct fault *);

#endif
