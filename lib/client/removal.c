/* SPDX-License-Identifier: Apache-2.0 */
#include "client/removal.h"

#include <sysexits.h>

#include "registry/item.h"

int
remove_here(struct registry *r, struct str email, struct removal *removal,
    struct fault *fault)
{
	struct user *user = &removal->user;

	/* a dry run is the same, but for the end */
	if (registry_begin(r, fault) < 0 ||
	    user_find(r, email, user, fault) < 0 ||
	    user_things(r, user, &removal->things, fault) < 0 ||
	    user_channels(r, user, &removal->channels, fault) < 0 ||
	    (removal->all && items_remove_all(r, user, fault) < 0) ||
	    user_remove(r, user, fault) < 0)
		return -1;
	return removal->dry_run ? 0 : registry_commit(r, fault);
}

int
remove_there(struct session *s, struct removal *removal, struct fault *fault)
{
	if (!removal->dry_run)
		return account_remove(s, removal->all, fault);
	if (account_show(s, &removal->user, NULL, fault) < 0 ||
	    account_count(s, "/things?limit=1&keys=false", &removal->things,
	    fault) < 0 || account_count(s, "/channels?limit=1",
	    &removal->channels, fault) < 0)
		return -1;
	if (removal->all || removal->things + removal->channels == 0)
		return 0;
	return fault_set(fault, EX_DATAERR, "'%s' still has things or "
	    "channels (--all removes them too)", removal->user.email);
}
