/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/memory.h"
#include "registry/admin.h"

/* The registry of this machine, where file permissions say who may. */

struct here {
	struct registry *registry;
	struct user owner;
	struct buf key;
};

static int
open_registry(struct admin *a)
{
	struct here *h = memory_zero(1, sizeof *h);

	a->open = h;
	buf_init(&h->key, KEY_BOX_MAX);
	if (a->user == NULL)
		a->user = getenv("MFX_USER");
	if (a->user == NULL || *a->user == '\0')
		program_misuse(a->program,
		    "whose? give --user EMAIL or set MFX_USER");
	if (registry_open(&h->registry, NULL, REGISTRY_WRITE, &a->fault) < 0)
		return -1;
	return user_find(h->registry, str_z(a->user), &h->owner, &a->fault);
}

static void
close_registry(struct admin *a)
{
	struct here *h = a->open;

	registry_close(h->registry);
	secret_release(&h->key);
	free(h);
}

static int
change(struct admin *a)
{
	struct here *h = a->open;

	if (registry_begin(h->registry, &a->fault) == 0 &&
	    bulk_make(&a->bulk, h->registry, &h->owner, &a->out.b,
	    &a->fault) == 0) {
		a->bulk.at = a->bulk.specs.n;
		if (registry_commit(h->registry, &a->fault) == 0)
			return 0;
	}
	registry_rollback(h->registry);
	return -1;
}

/* the key of an item; p NULL when it has none */
static int
unseal(struct admin *a, const struct item *item, struct str *key)
{
	struct here *h = a->open;

	*key = STR_NONE;
	buf_clear(&h->key);
	if (!(a->shown & SPEC_KEY) || item->box.p == NULL)
		return 0;
	if (!keyring_unseal(registry_keyring(h->registry), item->box.p,
	    item->box.n, &h->key))
		return fault_set(&a->fault, EX_IOERR,
		    "the key of %.*s is damaged", STR_ARG(item->id));
	*key = buf_str(&h->key);
	return 0;
}

static int
find(struct admin *a, const struct admin_filter *filter, bool *found)
{
	struct here *h = a->open;
	struct items items = {
		.registry = h->registry, .kind = a->kind,
		.owner = &h->owner, .id = filter->id,
		.metadata = filter->metadata,
		.connected = filter->connected,
	};
	struct glob *glob = NULL;
	struct item item;
	struct str key;
	const char *why;
	int got;

	if (items_find(&items, &a->fault) < 0)
		return -1;
	/* it has been looked at already */
	if (filter->glob.p != NULL)
		items.glob = glob = glob_compile(filter->glob, &why);
	while ((got = items_next(&items, &item, &a->fault)) > 0) {
		*found = true;
		if ((got = unseal(a, &item, &key)) < 0 ||
		    (got = admin_show(a, &item, key)) != 0)
			break;
	}
	items_end(&items);
	glob_free(glob);
	return got;
}

const struct admin_place admin_here = {
	open_registry, change, find, close_registry
};
