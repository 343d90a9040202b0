/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include <stdlib.h>

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "api/handlers.h"
#include "api/request_ctx.h"
#include "api/routes.h"
#include "api/state.h"
#include "base/memory.h"
#include "http/asset.h"
#include "http/chars.h"
#include "json/json.h"

/*
 * The OpenAPI document of this service, out of lib/api/openapi/: each part is a
 * JSON object there, whose members are put together here.  The scope that a
 * request needs, and the longest body, are not said there: they come from the
 * rows of routes.c.
 */
static const char *const openapi_parts[] = {
#include "api/openapi_text.h"
};
#define OPENAPI_PARTS (sizeof openapi_parts / sizeof *openapi_parts)
enum {
	OPENAPI_INFO, OPENAPI_COMPONENTS, OPENAPI_SCHEMAS,
	OPENAPI_PATHS		/* and more */
};

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

/* ---- scopes, from the rows ---- */

/* Is this the row's path, where ":id" stands for any "{name}"? */
static bool
openapi_is_path(const char *row, struct str path)
{
	size_t i;

	for (i = 0; i < path.n; i++, row++) {
		if (path.p[i] != '{') {
			if (path.p[i] != *row)
				return false;
			continue;
		}
		if (strncmp(row, ":id", 3) != 0)
			return false;
		row += 2;
		while (i < path.n && path.p[i] != '}')
			i++;
	}
	return *row == '\0';
}

static const struct api_route *
openapi_row(struct str path, struct str method)
{
	const struct api_route *route;

	for (route = api_routes; route->method != NULL; route++)
		if (http_same(str_z(route->method), method) &&
		    openapi_is_path(route->path, path))
			return route;
	return NULL;
}

/* "token": [ "things:read" ], the roles that a token needs */
static void
openapi_put_scheme(struct buf *b, const char *scheme, unsigned scope)
{
	char text[TOKEN_SCOPE_TEXT], *p;

	token_scope_print(scope, text);
	buf_printf(b, "{\"%s\":[\"", scheme);
	for (p = text; *p != '\0'; p++) {
		if (*p == ' ')
			buf_puts(b, "\",\"");
		else
			buf_putc(b, *p);
	}
	/* no lasting token has this one */
	if (scope & TOKEN_ACCOUNT)
		buf_puts(b, "session");
	buf_puts(b, "\"]}");
}

/* what the row says of an operation, in front of its own members */
static void
openapi_put_row(struct buf *b, const struct api_route *route)
{
	if (route->scope != 0) {
		buf_puts(b, "\"security\":[");
		openapi_put_scheme(b, "token", route->scope);
		buf_putc(b, ',');
		openapi_put_scheme(b, "bearer", route->scope);
		buf_puts(b, "],");
	}
	if (route->body != 0)
		buf_printf(b, "\"x-body-max\":%zu,", route->body);
}

/* ---- the paths ---- */

/* one member of an object: its name and value; NULL when there is none */
static const char *
openapi_take_member(struct scan *j, const char *p, struct str *name,
    struct str *value)
{
	const char *end;

	if ((p = scan_take(j, p, '"')) == NULL ||
	    (p = scan_string(j, p, name)) == NULL ||
	    (p = scan_take(j, p, ':')) == NULL)
		return NULL;
	p = scan_space(j, p);
	if ((end = scan_skip(j, p)) == NULL)
		return NULL;
	*value = (struct str){ p, (size_t)(end - p) };
	return end;
}

/* the operations of a path, each with what its row says */
static void
openapi_put_path(struct buf *b, struct str path, struct str item)
{
	struct scan j = { .end = item.p + item.n };
	const char *p = scan_take(&j, item.p, '{');
	const struct api_route *route;
	struct str name, value;

	buf_putc(b, '{');
	while (p != NULL &&
	    (p = openapi_take_member(&j, p, &name, &value)) != NULL) {
		route = openapi_row(path, name);
		buf_printf(b, "\"%.*s\":", STR_ARG(name));
		if (route != NULL) {
			buf_putc(b, '{');
			openapi_put_row(b, route);
			value = str_from(value, 1);
		}
		buf_put_str(b, value);
		if ((p = scan_take(&j, p, ',')) != NULL)
			buf_putc(b, ',');
	}
	buf_putc(b, '}');
}

static void
openapi_put_paths(struct buf *b, const char *part)
{
	struct scan j = { .end = part + strlen(part) };
	const char *p = scan_take(&j, part, '{');
	struct str path, item;

	while (p != NULL &&
	    (p = openapi_take_member(&j, p, &path, &item)) != NULL) {
		buf_printf(b, "\"%.*s\":", STR_ARG(path));
		openapi_put_path(b, path, item);
		if ((p = scan_take(&j, p, ',')) != NULL)
			buf_putc(b, ',');
	}
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
		openapi_put_paths(b, openapi_parts[i]);
	}
	buf_puts(b, "},\"components\":{");
	openapi_put_members(b, openapi_parts[OPENAPI_COMPONENTS]);
	buf_puts(b, ",\"schemas\":{");
	openapi_put_members(b, openapi_parts[OPENAPI_SCHEMAS]);
	buf_puts(b, "}}}\n");
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
openapi_show(struct request_ctx *c)
{
	http_answer_asset(c->request, &c->api->openapi->asset);
}
