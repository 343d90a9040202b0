/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "base/file.h"
#include "client/client.h"

/* of one line: as JSON each byte of a text may take six */
#define LINE_BYTES_MAX ((size_t)1 << 20)

struct local_view {
	struct client *client;
	const struct bootstrap_view *view;
	struct buf line;
};

static int
local_bootstrap_count(void *arg, struct str id, struct str name,
    struct str metadata)
{
	size_t *n = arg;

	(void)id;
	(void)name;
	(void)metadata;
	++*n;
	return 0;
}

static int
local_bootstrap_show(void *arg, const struct bootstrap *b,
    struct fault *fault)
{
	struct local_view *v = arg;
	struct registry *r = v->client->registry;
	struct bootstrap_shown shown = {
		.thing = b->thing, .external_id = b->external_id,
		.name = b->name, .active = b->active
	};

	buf_clear(&v->line);
	if (bootstrap_each_channel(r, b->n, local_bootstrap_count,
	    &shown.channels, fault) < 0 ||
	    bootstrap_put(&v->line, r, b, v->view->keys, fault) < 0)
		return -1;
	shown.line = buf_str(&v->line);
	return v->view->show(v->view->arg, &shown, fault);
}

static void
local_view_init(struct local_view *v, struct client *c,
    const struct bootstrap_view *view)
{
	*v = (struct local_view){ .client = c, .view = view };
	buf_init(&v->line, LINE_BYTES_MAX);
}

int
local_bootstrap_find(struct client *c, const struct bootstrap_view *view,
    struct str thing, struct fault *fault)
{
	struct local_view v;
	struct bootstrap b;
	void *found;
	int result;

	if (bootstrap_find(c->registry, &c->user, thing, &b, &found,
	    fault) < 0)
		return -1;
	local_view_init(&v, c, view);
	result = local_bootstrap_show(&v, &b, fault);
	item_found_end(found);
	secret_release(&v.line);
	return result < 0 ? -1 : 0;
}

int
local_bootstrap_list(struct client *c, const struct bootstrap_view *view,
    const struct bootstrap_query *query, struct fault *fault)
{
	struct local_view v;
	int result;

	if (!c->begun && registry_read_begin(c->registry, fault) < 0)
		return -1;
	local_view_init(&v, c, view);
	result = bootstrap_each(c->registry, &c->user, query,
	    local_bootstrap_show, &v, fault);
	if (!c->begun)
		registry_read_end(c->registry);
	secret_release(&v.line);
	return result < 0 ? -1 : 0;
}

int
local_bootstrap_change(struct client *c, struct bootstrap_changes *changes,
    struct buf *answer, struct fault *fault)
{
	const char *why = bootstrap_prepare(changes,
	    registry_keyring(c->registry));

	changes->at = changes->n;
	if (why != NULL)
		return fault_set(fault, EX_DATAERR, "%s", why);
	if ((!c->begun && registry_begin(c->registry, fault) < 0) ||
	    user_find(c->registry, str_z(c->user.email), &c->user,
	    fault) < 0 || bootstrap_make(changes, c->registry, &c->user,
	    answer, fault) < 0)
		return -1;
	changes->at = changes->n;
	return c->begun ? 0 : registry_commit(c->registry, fault);
}

int
local_bootstrap_unknown(struct client *c,
    int (*each)(void *, const struct bootstrap_unknown *), void *arg,
    struct fault *fault)
{
	return bootstrap_unknown_each(c->registry, 0, UNKNOWN_MAX, each, arg,
	    fault) < 0 ? -1 : 0;
}
