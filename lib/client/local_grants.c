/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

/* a transaction in which the user still exists, or that of begin */
static int
local_grant_begin(struct client *c, struct fault *fault)
{
	return (!c->begun && registry_begin(c->registry, fault) < 0) ? -1 :
	    user_find(c->registry, str_z(c->user.email), &c->user, fault);
}

static int
local_grant_commit(struct client *c, struct fault *fault)
{
	return c->begun ? 0 : registry_commit(c->registry, fault);
}

int
local_grant_make(struct client *c, const struct grant *g,
    char id[ID_TEXT + 1], struct fault *fault)
{
	return local_grant_begin(c, fault) < 0 ||
	    grant_make(c->registry, &c->user, g, id, fault) < 0 ? -1 :
	    local_grant_commit(c, fault);
}

int
local_grant_accept(struct client *c, struct str id, struct fault *fault)
{
	return local_grant_begin(c, fault) < 0 ||
	    grant_accept(c->registry, &c->user, id, fault) < 0 ? -1 :
	    local_grant_commit(c, fault);
}

int
local_grant_end(struct client *c, struct str id, struct fault *fault)
{
	return local_grant_begin(c, fault) < 0 ||
	    grant_end(c->registry, &c->user, id, fault) < 0 ? -1 :
	    local_grant_commit(c, fault);
}

int
local_grant_each(struct client *c, enum grant_side side,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *fault)
{
	const struct grant_query query = { .side = side };

	return grant_each(c->registry, &c->user, &query, each, arg,
	    fault) < 0 ? -1 : 0;
}

int
local_grant_find(struct client *c, struct str id,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *fault)
{
	return grant_find(c->registry, &c->user, id, each, arg, fault) < 0 ?
	    -1 : 0;
}
