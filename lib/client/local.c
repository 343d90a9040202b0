/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/glob.h"
#include "base/memory.h"
#include "client/admin.h"
#include "registry/metadata.h"
#include "registry/page.h"

/* The registry of this machine, where file permissions say who may. */

struct here {
	struct registry *registry;
	struct user owner;
	struct buf key;
	int shown;		/* what admin_show gave last */
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
		program_misuse("which user? give --user EMAIL or set MFX_USER");
	if (registry_open(&h->registry, NULL, a->writes ? REGISTRY_WRITE :
	    REGISTRY_READ, &a->fault) < 0)
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

	if (changes_prepare(&a->changes, registry_keyring(h->registry),
	    &a->out.b, &a->fault) == 0 &&
	    registry_begin(h->registry, &a->fault) == 0 &&
	    changes_make(&a->changes, h->registry, &h->owner, &a->out.b,
	    &a->fault) == 0) {
		a->changes.at = a->changes.n;
		if (a->dry_run) {
			registry_rollback(h->registry);
			return 0;
		}
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
	if (!(a->shown & MEMBER_KEY) || item->box.p == NULL)
		return 0;
	if (!keyring_unseal(registry_keyring(h->registry), item->box.p,
	    item->box.n, &h->key))
		return fault_set(&a->fault, EX_IOERR,
		    "the key of %.*s is damaged", STR_ARG(item->id));
	*key = buf_str(&h->key);
	return 0;
}

static int
show(void *arg, const struct item *item, struct fault *fault)
{
	struct admin *a = arg;
	struct here *h = a->open;
	struct str key;

	(void)fault;
	h->shown = unseal(a, item, &key);
	if (h->shown == 0)
		h->shown = admin_show(a, item, key);
	return h->shown == 0 ? 0 : -1;
}

static int
find_one(struct admin *a, struct str id, bool *found)
{
	struct here *h = a->open;
	struct item item;
	void *row;

	if (item_find(h->registry, a->kind, &h->owner, id, &item, &row,
	    &a->fault) < 0)
		return a->fault.status == 1 ? 0 : -1;
	*found = true;
	show(a, &item, &a->fault);
	item_found_end(row);
	return h->shown;
}

/* is there what they shall be connected to? */
static int
find_other(struct admin *a, struct str id)
{
	struct here *h = a->open;
	struct item item;
	void *row;

	if (item_find(h->registry, a->kind == ITEM_THING ? ITEM_CHANNEL :
	    ITEM_THING, &h->owner, id, &item, &row, &a->fault) < 0)
		return -1;
	item_found_end(row);
	return 0;
}

/* all steps see the registry as it is at the first */
static int
find_all(struct admin *a, struct page *page)
{
	struct here *h = a->open;
	int got;

	if (registry_read_begin(h->registry, &a->fault) < 0)
		return -1;
	while ((got = page_step(page, &a->fault)) > 0)
		;
	if (got == 0)
		got = page_give(page, show, a, &a->fault);
	page_end(page);
	registry_read_end(h->registry);
	/* who has enough has no fault */
	return h->shown > 0 ? h->shown : got;
}

static int
find_filtered(struct admin *a, const struct admin_filter *f)
{
	struct here *h = a->open;
	struct page page = {
		.registry = h->registry, .kind = a->kind, .owner = h->owner,
		.connected = f->connected, .tags = f->tags,
		.status = f->status == NULL ? PAGE_ANY :
		    strcmp(f->status, "disabled") == 0 ? PAGE_DISABLED :
		    PAGE_ENABLED,
		.order = f->order == NULL ? PAGE_CREATED : *f->order == 'n' ?
		    PAGE_NAME : *f->order == 'i' ? PAGE_ID : PAGE_CREATED,
		.desc = f->dir != NULL && *f->dir == 'd',
		.limit = INT64_MAX
	};
	struct glob *glob = NULL;
	struct metadata_want *want = NULL;
	const char *why;
	int result;

	/* it has been looked at already */
	if (f->glob.p != NULL)
		page.glob = glob = glob_compile(f->glob, &why);
	if (f->metadata.p != NULL)
		page.metadata = want = metadata_want_new(f->metadata);
	result = find_all(a, &page);
	glob_free(glob);
	metadata_want_free(want);
	return result;
}

static int
find(struct admin *a, const struct admin_filter *f, bool *found)
{
	struct here *h = a->open;

	h->shown = 0;
	if (f->id.p != NULL)
		return find_one(a, f->id, found);
	if (f->connected.p != NULL && find_other(a, f->connected) < 0)
		return -1;
	*found = true;
	return find_filtered(a, f);
}

const struct admin_place admin_here = {
	open_registry, change, find, close_registry
};
