/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "client/remote.h"
#include "client/session.h"

int
remote_no_groups(struct session *s, struct fault *fault)
{
	return fault_set(fault, EX_UNAVAILABLE, "%s: has no groups", s->url);
}

int
remote_group_find(struct client *c, struct str id,
    int (*show)(void *, const struct group *, struct fault *), void *arg,
    struct fault *fault)
{
	(void)id;
	(void)show;
	(void)arg;
	return remote_no_groups(c->session, fault);
}

int
remote_group_list(struct client *c, const struct group_query *query,
    int (*show)(void *, const struct group *, struct fault *), void *arg,
    struct fault *fault)
{
	(void)query;
	(void)show;
	(void)arg;
	return remote_no_groups(c->session, fault);
}

int
remote_places(struct client *c, enum item_kind kind, int (*each)(void *,
    const struct group_place *, struct fault *), void *arg,
    struct fault *fault)
{
	(void)kind;
	(void)each;
	(void)arg;
	return remote_no_groups(c->session, fault);
}
