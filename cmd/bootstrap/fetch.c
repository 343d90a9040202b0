/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/bootstrap/fetch.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/out.h"
#include "base/program.h"
#include "client/device.h"
#include "cmd/bootstrap/fetch_coap.h"
#include "json/object.h"
#include "registry/bootstrap_change.h"
#include "registry/metadata.h"
#include "registry/uuid.h"

/* of one configuration, sealed or not */
#define FETCH_MAX ((size_t)2 << 20)

static struct {
	const char *external_id, *key_file;
	enum { FETCH_NDJSON, FETCH_SH } type;
} opt;
static struct remote_setup setup = REMOTE_DEFAULTS;

static struct buf key, json;
static struct arena arena;
static struct out out;
static struct fault fault;

const struct opt fetch_options[] = {
	{ 0, "external-id", "ID", "of this device (default: $MFX_EXTERNAL_ID)",
	    OPT_STRING(&opt.external_id) },
	{ 0, "key-file", "FILE", "read the external key from FILE, '-' is "
	    "stdin (default: $MFX_EXTERNAL_KEY)", OPT_STRING(&opt.key_file) },
	{ 0, "secure", NULL, "without TLS: prove the key, and open a sealed "
	    "answer", OPT_FLAG(&setup.sealed) },
	{ 't', "type", "ndjson|sh", "print JSON, or assignments for a shell "
	    "(default: ndjson)", OPT_ENUM(&opt.type) },
	REMOTE_SERVER_OPTIONS(setup),
	OPT_END
};

enum {
	THING, KEY, CHANNELS, CONTENT, CLIENT_CERT, CLIENT_KEY, CA_CERT, FIELDS
};

/* names of a member in JSON and of a variable */
static const char *const fetch_names[FIELDS][2] = {
	[THING] = { "thing_id", "MFX_THING" },
	[KEY] = { "thing_key", "MFX_KEY" },
	[CHANNELS] = { "channels", "MFX_CHANNELS" },
	[CONTENT] = { "content", "MFX_CONTENT" },
	[CLIENT_CERT] = { "client_cert", "MFX_CLIENT_CERT" },
	[CLIENT_KEY] = { "client_key", "MFX_CLIENT_KEY" },
	[CA_CERT] = { "ca_cert", "MFX_CA_CERT" },
};

/* ---- printing ---- */

static int
fetch_unexpected(const char *what)
{
	return fault_set(&fault, EX_UNAVAILABLE, "%s: not an answer of "
	    "%s: expected %s", setup.url, fetch_is_coap(setup.url) ?
	    "mfx-adapt-coap" : "mfx-api", what);
}

/* ids with a space between, or the objects */
static int
fetch_put_channel(struct buf *b, struct str element, bool first)
{
	struct object_field f[] = {
		{ .name = "id" }, { .name = "name" },
		{ .name = "metadata", .type = OBJECT_RAW },
	};
	struct str metadata = STR("{}");

	if (object_read(element, f, 3, &arena) != NULL ||
	    !uuid_valid(f[0].value) || (f[2].value.p != NULL &&
	    metadata_compact(f[2].value, &arena, &metadata) != NULL))
		return fetch_unexpected("a channel");
	if (opt.type == FETCH_SH) {
		buf_printf(b, "%s%.*s", first ? "" : " ",
		    STR_ARG(f[0].value));
		return 0;
	}
	buf_printf(b, "%s{\"id\":\"%.*s\",\"name\":", first ? "" : ",",
	    STR_ARG(f[0].value));
	json_put_string(b, f[1].value);
	buf_puts(b, ",\"metadata\":");
	buf_put_str(b, metadata);
	buf_putc(b, '}');
	return 0;
}

static int
fetch_put_channels(struct buf *b, struct str array)
{
	struct object_array a;
	struct str element;
	bool first = true;
	int got;

	object_array_init(&a, array, &arena);
	while ((got = object_array_next(&a, &element)) > 0) {
		if (fetch_put_channel(b, element, first) < 0)
			return -1;
		first = false;
	}
	return got == 0 ? 0 : fetch_unexpected("a list of channels");
}

static int
fetch_put_value(struct buf *b, int field, struct str value)
{
	bool sh = opt.type == FETCH_SH;
	int result = 0;

	if (field == CHANNELS) {
		buf_putc(b, sh ? '\'' : '[');
		result = fetch_put_channels(b, value);
		buf_putc(b, sh ? '\'' : ']');
	} else if (sh) {
		escape_put_shell(b, value);
	} else {
		json_put_string(b, value);
	}
	return result;
}

/* all variables are set, so that none is left of an earlier time */
static int
fetch_print(const struct object_field f[FIELDS])
{
	bool sh = opt.type == FETCH_SH;
	struct buf *b = &out.b;
	int i;

	for (i = 0; i < FIELDS; i++) {
		if (!sh && f[i].value.p == NULL)
			continue;
		if (sh)
			buf_printf(b, "%s=", fetch_names[i][1]);
		else
			buf_printf(b, "%s\"%s\":", i == 0 ? "{" : ",",
			    fetch_names[i][0]);
		if (fetch_put_value(b, i, f[i].value) < 0)
			return -1;
		if (sh)
			buf_putc(b, '\n');
	}
	buf_puts(b, sh ? "" : "}\n");
	/* out_finish() reports what could not be written */
	out_end(&out);
	return 0;
}

static int
fetch_read(void)
{
	struct object_field f[] = {
		[THING] = { .name = "mainflux_id" },
		[KEY] = { .name = "mainflux_key" },
		[CHANNELS] = { .name = "mainflux_channels",
		    .type = OBJECT_TEXTS },
		[CONTENT] = { .name = "content" },
		[CLIENT_CERT] = { .name = "client_cert" },
		[CLIENT_KEY] = { .name = "client_key" },
		[CA_CERT] = { .name = "ca_cert" },
	};
	int i;

	if (object_read(buf_str(&json), f, FIELDS, &arena) != NULL ||
	    !uuid_valid(f[THING].value) || f[CHANNELS].value.p == NULL)
		return fetch_unexpected("a configuration");
	/* no shell has a variable with one */
	for (i = 0; i < FIELDS; i++)
		if (f[i].value.n > 0 &&
		    memchr(f[i].value.p, '\0', f[i].value.n) != NULL)
			return fetch_unexpected("text without NUL");
	return fetch_print(f);
}

/* ---- asking ---- */

/* from a file or the environment, and never from the command line */
static int
fetch_read_key(void)
{
	const char *value = getenv("MFX_EXTERNAL_KEY"), *why;

	/* room for a line end, and to see that it is too long */
	buf_init(&key, THING_KEY_MAX + 3);
	if (opt.key_file == NULL && (value == NULL || *value == '\0'))
		program_misuse("which key? give --key-file FILE or set "
		    "MFX_EXTERNAL_KEY");
	if (opt.key_file != NULL && secret_read(opt.key_file, "external key",
	    &key, &fault) < 0)
		return -1;
	if (opt.key_file == NULL)
		buf_puts(&key, value);
	why = change_key_fault(buf_str(&key));
	return why == NULL ? 0 : fault_set(&fault, EX_DATAERR, "%s: %s",
	    opt.key_file != NULL ? "--key-file" : "MFX_EXTERNAL_KEY", why);
}

static int
fetch_ask(const char *url)
{
	const char *id = setup_value(opt.external_id, "MFX_EXTERNAL_ID");
	const char *why;

	if (id == NULL)
		program_misuse("which device? give --external-id ID or set "
		    "MFX_EXTERNAL_ID");
	if ((why = bootstrap_id_fault(str_z(id))) != NULL)
		program_misuse("--external-id: %s", why);
	setup.url = url;
	if (fetch_read_key() < 0)
		return -1;
	return (fetch_is_coap(url) ? fetch_coap : device_fetch)(&setup,
	    str_z(id), buf_str(&key), &json, &fault) < 0 ? -1 : fetch_read();
}

int
fetch_verb(char **url)
{
	int result, status;

	program_holds_secrets();
	buf_init(&json, FETCH_MAX);
	buf_room(&json, FETCH_MAX);
	arena_init(&arena, 2 * FETCH_MAX);
	out_init(&out, STDOUT_FILENO, "<stdout>", 2 * FETCH_MAX);
	result = fetch_ask(*url);
	status = result < 0 ? diag_fault(&fault) : result;
	if (result < 0)
		out_cancel(&out);
	status = out_finish(&out, status);
	secret_release(&out.b);
	secret_release(&key);
	secret_release(&json);
	arena_release(&arena);
	return status;
}
