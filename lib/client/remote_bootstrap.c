/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "client/client.h"
#include "client/session.h"

static int
remote_unable(struct client *c, struct fault *fault)
{
	return session_use_token(c->session, fault) < 0 ? -1 :
	    fault_set(fault, EX_UNAVAILABLE, "%s: configurations of devices "
	    "can't be reached through --url yet", c->url);
}

int
remote_bootstrap_find(struct client *c, const struct bootstrap_view *view,
    struct str thing, struct fault *fault)
{
	(void)view;
	(void)thing;
	return remote_unable(c, fault);
}

int
remote_bootstrap_list(struct client *c, const struct bootstrap_view *view,
    const struct bootstrap_query *query, struct fault *fault)
{
	(void)view;
	(void)query;
	return remote_unable(c, fault);
}

int
remote_bootstrap_change(struct client *c, struct bootstrap_changes *changes,
    struct buf *answer, struct fault *fault)
{
	changes->at = changes->n;
	(void)answer;
	return remote_unable(c, fault);
}

int
remote_bootstrap_unknown(struct client *c,
    int (*each)(void *, const struct bootstrap_unknown *), void *arg,
    struct fault *fault)
{
	(void)each;
	(void)arg;
	return remote_unable(c, fault);
}
