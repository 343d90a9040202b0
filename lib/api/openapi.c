/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>

#include "api/call.h"
#include "base/memory.h"

/*
 * The OpenAPI document of this service, out of lib/api/openapi/: each part
 * is a JSON object there, whose members are put together here.
 */
static const char *const parts[] = {
#include "api/openapi_text.h"
};
#define PARTS (sizeof parts / sizeof *parts)
enum { INFO, COMPONENTS, PATHS };	/* and all behind it */

#define DOCUMENT_MAX ((size_t)1 << 20)
#define HASH 12

struct openapi {
	struct buf text;
	char tag[2 * HASH + 1];
};

/* what stands between the braces */
static void
put_members(struct buf *b, const char *part)
{
	const char *begin = strchr(part, '{') + 1;
	const char *end = strrchr(part, '}');

	buf_put(b, begin, (size_t)(end - begin));
}

struct openapi *
openapi_open(void)
{
	struct openapi *o = memory_zero(1, sizeof *o);
	unsigned char hash[crypto_generichash_BYTES];
	struct buf *b = &o->text;
	size_t i;

	buf_init(b, DOCUMENT_MAX);
	buf_putc(b, '{');
	put_members(b, parts[INFO]);
	buf_puts(b, ",\"paths\":{");
	for (i = PATHS; i < PARTS; i++) {
		if (i > PATHS)
			buf_putc(b, ',');
		put_members(b, parts[i]);
	}
	buf_puts(b, "},\"components\":{");
	put_members(b, parts[COMPONENTS]);
	buf_puts(b, "}}\n");
	crypto_generichash(hash, sizeof hash, (unsigned char *)b->p, b->n,
	    NULL, 0);
	sodium_bin2hex(o->tag, sizeof o->tag, hash, HASH);
	return o;
}

void
openapi_close(struct openapi *o)
{
	if (o != NULL)
		buf_release(&o->text);
	free(o);
}

struct str
openapi_text(const struct openapi *o)
{
	return buf_str(&o->text);
}

void
openapi_show(struct call *c)
{
	const struct openapi *o = c->api->openapi;

	/* a refusal is not for everybody */
	if (conditions_status(&c->conditions, true, o->tag) != 412)
		http_set(c->request, "Cache-Control", "public, max-age=300");
	if (call_holds(c, true, o->tag))
		call_json(c->request, 200, openapi_text(o));
}
