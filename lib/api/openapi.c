/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "api/call.h"
#include "base/memory.h"
#include "http/asset.h"

/*
 * The OpenAPI document of this service, out of lib/api/openapi/: each part
 * is a JSON object there, whose members are put together here.
 */
static const char *const openapi_parts[] = {
#include "api/openapi_text.h"
};
#define OPENAPI_PARTS (sizeof openapi_parts / sizeof *openapi_parts)
enum { OPENAPI_INFO, OPENAPI_COMPONENTS, OPENAPI_PATHS };	/* and more */

#define OPENAPI_MAX ((size_t)1 << 20)

struct openapi {
	struct buf text, gzip;
	struct asset asset;
};

/* what stands between the braces */
static void
openapi_put_members(struct buf *b, const char *part)
{
	const char *begin = strchr(part, '{') + 1;
	const char *end = strrchr(part, '}');

	buf_put(b, begin, (size_t)(end - begin));
}

static void
openapi_put(struct buf *b)
{
	size_t i;

	buf_putc(b, '{');
	openapi_put_members(b, openapi_parts[OPENAPI_INFO]);
	buf_puts(b, ",\"paths\":{");
	for (i = OPENAPI_PATHS; i < OPENAPI_PARTS; i++) {
		if (i > OPENAPI_PATHS)
			buf_putc(b, ',');
		openapi_put_members(b, openapi_parts[i]);
	}
	buf_puts(b, "},\"components\":{");
	openapi_put_members(b, openapi_parts[OPENAPI_COMPONENTS]);
	buf_puts(b, "}}\n");
}

#ifdef HAVE_ZLIB

/* the gzip form; nothing when that fails, as the document is there without */
static void
openapi_compress(struct buf *to, struct str text)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)text.p };
	uLong most;

	z.avail_in = (uInt)text.n;
	/* 16: with the head of gzip (RFC 1952), which has no time then */
	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS,
	    MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	most = deflateBound(&z, (uLong)text.n);
	z.next_out = (Bytef *)buf_room(to, most);
	z.avail_out = (uInt)most;
	if (z.next_out != NULL && deflate(&z, Z_FINISH) == Z_STREAM_END)
		to->n += z.total_out;
	deflateEnd(&z);
}

#else

static void
openapi_compress(struct buf *to, struct str text)
{
	(void)to;
	(void)text;
}

#endif

struct openapi *
openapi_open(void)
{
	struct openapi *o = memory_zero(1, sizeof *o);

	buf_init(&o->text, OPENAPI_MAX);
	buf_init(&o->gzip, OPENAPI_MAX);
	openapi_put(&o->text);
	openapi_compress(&o->gzip, buf_str(&o->text));
	asset_make(&o->asset, "application/json", "public, max-age=300",
	    buf_str(&o->text), buf_str(&o->gzip));
	return o;
}

void
openapi_close(struct openapi *o)
{
	if (o == NULL)
		return;
	buf_release(&o->text);
	buf_release(&o->gzip);
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
	http_answer_asset(c->request, &c->api->openapi->asset);
}
