/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

int
client_open(struct client *c, const struct remote_setup *setup,
    struct fault *fault)
{
	*c = (struct client){
		.backend = remote_url(setup) ? &client_remote : &client_local
	};
	return c->backend->open(c, setup, fault);
}

void
client_close(struct client *c)
{
	c->backend->close(c);
}

enum decision
client_decide(struct client *c, struct question *q, struct fault *fault)
{
	return c->backend->decide(c, q, fault);
}
