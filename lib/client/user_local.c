/* SPDX-License-Identifier: Apache-2.0 */
#include "client/user_local.h"

int
user_create_here(struct registry **r, struct str email, struct str password,
    struct str metadata, struct fault *fault)
{
	char hash[PASSWORD_HASH_TEXT];
	struct user user;

	if (password_hash(password, PASSWORD_MIN, hash, fault) < 0 ||
	    registry_open(r, NULL, REGISTRY_MAKE, fault) < 0 ||
	    registry_begin(*r, fault) < 0 ||
	    user_create(*r, email, hash, metadata, &user, fault) < 0)
		return -1;
	return registry_commit(*r, fault);
}

int
user_set_password_here(struct registry *r, struct str email,
    struct str password, struct fault *fault)
{
	char hash[PASSWORD_HASH_TEXT];
	struct user user;

	if (password_hash(password, PASSWORD_MIN, hash, fault) < 0 ||
	    registry_begin(r, fault) < 0 ||
	    user_find(r, email, &user, fault) < 0 ||
	    user_set_password(r, &user, hash, fault) < 0)
		return -1;
	return registry_commit(r, fault);
}

int
user_set_metadata_here(struct registry *r, struct str email,
    struct str metadata, struct fault *fault)
{
	struct user user;

	if (registry_begin(r, fault) < 0 ||
	    user_find(r, email, &user, fault) < 0 ||
	    user_set_metadata(r, &user, metadata, fault) < 0)
		return -1;
	return registry_commit(r, fault);
}
