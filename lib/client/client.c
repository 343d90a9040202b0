/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

int
client_open(struct client *c, const struct remote_setup *setup,
    enum client_access access, struct fault *fault)
{
	c->setup = setup;
	c->backend = remote_url(setup) ? &client_remote : &client_local;
	return c->backend->open(c, access, fault);
}

void
client_close(struct client *c)
{
	if (c->backend != NULL)
		c->backend->close(c);
}

static void
client_pass_over(void *arg, const struct lasting *token)
{
	(void)arg;
	(void)token;
}

static int
client_each_token(struct client *c, char **ids,
    void (*each)(void *, const struct lasting *), struct fault *fault)
{
	for (; *ids != NULL; ids++)
		if (c->backend->token_each(c, str_z(*ids), each, NULL,
		    fault) < 0)
			return -1;
	return 0;
}

int
client_show_tokens(struct client *c, char **ids,
    void (*each)(void *, const struct lasting *), struct fault *fault)
{
	if (client_each_token(c, ids, client_pass_over, fault) < 0)
		return -1;
	return each == NULL ? 0 : client_each_token(c, ids, each, fault);
}
