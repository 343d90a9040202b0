/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/bulk.h"

#include <sysexits.h>

#include "json/json.h"

unsigned
bulk_may(const struct bulk *b)
{
	if (b->what == BULK_CONNECT || b->what == BULK_DISCONNECT)
		return SPEC_CHANNEL | SPEC_THING;
	return SPEC_ID | SPEC_NAME | SPEC_METADATA | SPEC_TAGS | SPEC_STATUS |
	    (b->kind == ITEM_THING ? SPEC_KEY : 0);
}

unsigned
bulk_must(const struct bulk *b)
{
	if (b->what == BULK_CONNECT || b->what == BULK_DISCONNECT)
		return SPEC_CHANNEL | SPEC_THING;
	return b->what == BULK_CREATE ? 0 : SPEC_ID;
}

void
item_put(struct buf *b, const struct item *item, unsigned shown,
    struct str key)
{
	buf_puts(b, "{\"id\":");
	json_put_string(b, item->id);
	if (shown & SPEC_NAME) {
		buf_puts(b, ",\"name\":");
		json_put_string(b, item->name);
	}
	if (shown & SPEC_METADATA) {
		buf_puts(b, ",\"metadata\":");
		buf_put_str(b, item->metadata);
	}
	if (shown & SPEC_TAGS) {
		buf_puts(b, ",\"tags\":");
		buf_put_str(b, item->tags);
	}
	if (shown & SPEC_STATUS) {
		buf_puts(b, ",\"status\":");
		json_put_string(b, item_status(item->disabled));
	}
	if (shown & SPEC_KEY) {
		buf_puts(b, ",\"key\":");
		if (key.p == NULL)
			buf_puts(b, "null");
		else
			json_put_string(b, key);
	}
	buf_puts(b, "}\n");
}

void
pair_put(struct buf *b, struct str channel, struct str thing)
{
	buf_puts(b, "{\"channel\":");
	json_put_string(b, channel);
	buf_puts(b, ",\"thing\":");
	json_put_string(b, thing);
	buf_puts(b, "}\n");
}

static const char *
prepare_new(struct bulk *b, struct spec *spec, struct buf *answer)
{
	bool thing = b->kind == ITEM_THING;
	const char *why = NULL;
	struct item item;

	if (!(spec->given & SPEC_ID))
		why = spec_make_id(&b->specs, spec);
	if (why == NULL && thing && !(spec->given & SPEC_KEY))
		why = spec_make_key(&b->specs, spec);
	if (why != NULL)
		return why;
	item = (struct item){ .id = spec->id, .name = spec->name };
	item_put(answer, &item, SPEC_NAME | (thing ? SPEC_KEY : 0),
	    spec->key);
	return NULL;
}

int
bulk_prepare(struct bulk *b, const struct keyring *keys, struct buf *answer,
    struct fault *fault)
{
	const char *why = NULL;
	size_t i;

	if (b->what == BULK_CREATE)
		for (i = 0; i < b->specs.n && why == NULL; i++)
			why = prepare_new(b, &b->specs.v[i], answer);
	b->at = b->specs.n;
	if (why == NULL)
		why = specs_seal(&b->specs, keys);
	return why == NULL ? 0 : fault_set(fault, EX_DATAERR, "%s", why);
}

static int
update(struct bulk *b, struct registry *r, const struct user *user,
    const struct spec *spec, struct buf *answer, struct fault *fault)
{
	struct item item = { .id = spec->id };

	if (!(spec->given & ~(unsigned)SPEC_ID))
		return fault_set(fault, EX_DATAERR,
		    "nothing to change is given");
	if (item_update(r, b->kind, user, spec, fault) < 0)
		return -1;
	if (spec->given & SPEC_KEY)
		item_put(answer, &item, SPEC_KEY, spec->key);
	return 0;
}

/* what one is that goes */
static void
show_item(void *answer, const struct item *item)
{
	item_put(answer, item, SPEC_NAME | SPEC_METADATA | SPEC_TAGS |
	    SPEC_STATUS, STR_NONE);
}

static int
connect_pair(struct bulk *b, struct registry *r, const struct user *user,
    const struct spec *spec, struct buf *answer, struct fault *fault)
{
	int changed = item_connect(r, user, b->what == BULK_CONNECT,
	    spec->channel, spec->thing, fault);

	if (changed > 0 && b->dry_run)
		pair_put(answer, spec->channel, spec->thing);
	return changed;
}

static int
set_status(struct bulk *b, struct registry *r, const struct user *user,
    const struct spec *given, struct fault *fault)
{
	/* whatever else a list has told of it stays as it is */
	struct spec spec = {
		.given = SPEC_ID | SPEC_STATUS, .id = given->id,
		.disabled = b->what == BULK_DISABLE
	};

	return item_update(r, b->kind, user, &spec, fault);
}

static int
make(struct bulk *b, struct registry *r, const struct user *user,
    struct buf *answer, struct fault *fault)
{
	struct spec *spec = &b->specs.v[b->at];

	switch (b->what) {
	case BULK_UPDATE:
		return update(b, r, user, spec, answer, fault);
	case BULK_ENABLE:
	case BULK_DISABLE:
		return set_status(b, r, user, spec, fault);
	default:
		return connect_pair(b, r, user, spec, answer, fault);
	}
}

static int
make_all(struct bulk *b, struct registry *r, const struct user *user,
    struct buf *answer, struct fault *fault)
{
	const struct items_removal how = {
		.if_exists = b->if_exists,
		.show = b->dry_run ? show_item : NULL, .arg = answer
	};

	if (b->what == BULK_CREATE)
		return items_create(r, b->kind, user, b->specs.v, b->specs.n,
		    &b->at, fault);
	if (b->what == BULK_REMOVE)
		return items_remove(r, b->kind, user, b->specs.v, b->specs.n,
		    &how, &b->at, fault);
	for (b->at = 0; b->at < b->specs.n; b->at++)
		if (make(b, r, user, answer, fault) < 0)
			return -1;
	return 0;
}

int
bulk_make(struct bulk *b, struct registry *r, const struct user *user,
    struct buf *answer, struct fault *fault)
{
	if (make_all(b, r, user, answer, fault) < 0)
		return -1;
	if (!answer->full)
		return 0;
	return fault_set(fault, EX_DATAERR,
	    "too much for one transaction; nothing was done");
}
