/* SPDX-License-Identifier: Apache-2.0 */
#include "api/item_json.h"

#include <sysexits.h>

#include "api/parameters.h"
#include "json/json.h"
#include "registry/registry.h"
#include "registry/share.h"

bool
item_json_keys(struct request_ctx *c, const struct principal *principal)
{
	struct str value;

	return principal->scope & TOKEN_KEYS_READ &&
	    (parameter_get(c, "keys", &value) == 0 ||
	    parameter_is_true(c, "keys"));
}

unsigned
item_json_scope(struct request_ctx *c)
{
	return parameter_is_true(c, "keys") ? TOKEN_KEYS_READ : 0;
}

int
item_json_put(struct buf *key, struct registry *registry, struct buf *b,
    enum item_kind kind, const struct item *item, bool keys,
    struct fault *fault)
{
	buf_puts(b, "{\"id\":");
	json_put_string(b, item->id);
	if (item->name.n > 0) {
		buf_puts(b, ",\"name\":");
		json_put_string(b, item->name);
	}
	if (kind == ITEM_THING && item->owner.p == NULL) {
		buf_puts(b, ",\"key\":");
		buf_clear(key);
		if (keys && item->box.p != NULL &&
		    !keyring_unseal(registry_keyring(registry), item->box.p,
		    item->box.n, key))
			return fault_set(fault, EX_IOERR,
			    "the key of %.*s is damaged", STR_ARG(item->id));
		json_put_string(b, buf_str(key));
	}
	if (item->metadata.n > 2) {
		buf_puts(b, ",\"metadata\":");
		buf_put_str(b, item->metadata);
	}
	/* Mainflux of 2019 has neither, and its clients compare */
	if (item->tags.n > 2) {
		buf_puts(b, ",\"tags\":");
		buf_put_str(b, item->tags);
	}
	if (item->disabled)
		buf_puts(b, ",\"status\":\"disabled\"");
	direction_put(b, item->direction);
	share_put(b, item);
	buf_putc(b, '}');
	return 0;
}
