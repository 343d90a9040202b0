/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/config_json.h"

#include <sysexits.h>

#include "base/file.h"
#include "json/json.h"

struct config_channels {
	struct buf *b;
	bool any;
};

static int
config_json_put_channel(void *arg, struct str id, struct str name,
    struct str metadata)
{
	struct config_channels *c = arg;

	buf_puts(c->b, c->any ? ",{\"id\":" : "{\"id\":");
	c->any = true;
	json_put_string(c->b, id);
	if (name.n > 0) {
		buf_puts(c->b, ",\"name\":");
		json_put_string(c->b, name);
	}
	buf_puts(c->b, ",\"metadata\":");
	buf_put_str(c->b, metadata.n > 2 ? metadata : STR("null"));
	buf_putc(c->b, '}');
	return 0;
}

static int
config_json_put_key(struct buf *b, struct registry *r, const char *name,
    struct str box, bool show, struct fault *fault)
{
	struct buf key;
	int result = 0;

	buf_init(&key, KEY_BOX_MAX);
	if (show && box.p != NULL && !keyring_unseal(registry_keyring(r),
	    box.p, box.n, &key))
		result = fault_set(fault, EX_IOERR, "a key is damaged");
	buf_printf(b, ",\"%s\":", name);
	json_put_string(b, buf_str(&key));
	secret_release(&key);
	return result;
}

static void
config_json_put_text(struct buf *b, const char *name, struct str text)
{
	buf_printf(b, ",\"%s\":", name);
	json_put_string(b, text);
}

/* what there is of it */
static int
config_json_put_certificates(struct buf *b, struct registry *r,
    const struct bootstrap *c, bool keys, struct fault *fault)
{
	if (c->client_cert.n > 0)
		config_json_put_text(b, "client_cert", c->client_cert);
	if (c->client_box.p != NULL && config_json_put_key(b, r, "client_key",
	    c->client_box, keys, fault) < 0)
		return -1;
	if (c->ca_cert.n > 0)
		config_json_put_text(b, "ca_cert", c->ca_cert);
	return 0;
}

static int
config_json_put_owners(struct buf *b, struct registry *r,
    const struct bootstrap *c, bool keys, struct fault *fault)
{
	config_json_put_text(b, "external_id", c->external_id);
	if (config_json_put_key(b, r, "external_key", c->key_box, keys,
	    fault) < 0)
		return -1;
	if (c->content.n > 0)
		config_json_put_text(b, "content", c->content);
	if (c->name.n > 0)
		config_json_put_text(b, "name", c->name);
	buf_printf(b, ",\"state\":%d", c->active);
	return 0;
}

int
config_json_put(struct buf *b, struct registry *r, const struct bootstrap *c,
    unsigned parts, struct fault *fault)
{
	bool device = parts & CONFIG_DEVICE;
	bool keys = parts & (CONFIG_KEYS | CONFIG_DEVICE);
	struct config_channels channels = { .b = b };

	buf_puts(b, "{\"mainflux_id\":");
	json_put_string(b, c->thing);
	if (config_json_put_key(b, r, "mainflux_key", c->thing_box, keys,
	    fault) < 0)
		return -1;
	if (device || parts & CONFIG_CHANNELS) {
		buf_puts(b, ",\"mainflux_channels\":[");
		if (bootstrap_each_channel(r, c->n, config_json_put_channel,
		    &channels, fault) < 0)
			return -1;
		buf_putc(b, ']');
	}
	if (device)
		config_json_put_text(b, "content", c->content);
	else if (config_json_put_owners(b, r, c, keys, fault) < 0)
		return -1;
	if (config_json_put_certificates(b, r, c, keys, fault) < 0)
		return -1;
	buf_putc(b, '}');
	return 0;
}
