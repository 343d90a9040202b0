/* SPDX-License-Identifier: Apache-2.0 */
#include "http/asset.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "http/coding.h"
#include "http/conditions.h"
#include "http/range.h"

/* all lines of a list that a client sends */
#define ASSET_FIELDS_MAX ((size_t)64 << 10)

/* one of the forms of an asset */
struct asset_form {
	struct str bytes;
	const char *tag;
	const char *coding;		/* NULL: identity */
};

static void
asset_put_tag(char to[ASSET_TAG + 1], struct str bytes)
{
	unsigned char hash[crypto_generichash_BYTES];

	crypto_generichash(hash, sizeof hash, (const unsigned char *)bytes.p,
	    bytes.n, NULL, 0);
	sodium_bin2hex(to, ASSET_TAG + 1, hash, ASSET_TAG / 2);
}

void
asset_make(struct asset *a, const char *type, const char *cache,
    struct str bytes, struct str gzip)
{
	*a = (struct asset){ .type = type, .cache = cache, .bytes = bytes };
	asset_put_tag(a->tag, bytes);
	if (gzip.n == 0 || gzip.n >= bytes.n)
		return;
	a->gzip = gzip;
	asset_put_tag(a->gzip_tag, gzip);
}

const struct asset *
asset_find(const struct asset_row *rows, size_t n, struct str path)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_eq(str_z(rows[i].name), path))
			return &rows[i].asset;
	return NULL;
}

/* ---- which form, and which part of it ---- */

/* false: the client takes neither of them */
static bool
asset_choose(const struct http_request *r, const struct asset *a,
    struct arena *arena, struct asset_form *form)
{
	struct http_codings takes = http_codings_read(http_headers(r,
	    "Accept-Encoding", arena));

	*form = (struct asset_form){ a->bytes, a->tag, NULL };
	if (takes.gzip && a->gzip.n > 0)
		*form = (struct asset_form){ a->gzip, a->gzip_tag, "gzip" };
	return form->coding != NULL || takes.identity;
}

/* A list that is malformed holds for nothing: 412 for If-Match, and no 304. */
static unsigned
asset_conditions(const struct http_request *r, const char *tag,
    struct arena *arena)
{
	struct conditions c = {
		.match = http_headers(r, "If-Match", arena),
		.none_match = http_headers(r, "If-None-Match", arena),
		.reads = true
	};

	return conditions_status(&c, true, tag);
}

/* RFC 9110 14.2: only of GET, and only while If-Range holds */
static enum http_range
asset_range(const struct http_request *r, const struct asset_form *form,
    uint64_t *first, uint64_t *n)
{
	struct str range, condition;

	if (!str_eq(r->method, STR("GET")) ||
	    !http1_single(&r->head, STR("Range"), &range) || range.p == NULL ||
	    !http1_single(&r->head, STR("If-Range"), &condition) ||
	    (condition.p != NULL &&
	    !conditions_if_range(condition, form->tag)))
		return HTTP_RANGE_ALL;
	return http_range_read(range, form->bytes.n, first, n);
}

/* ---- the answer ---- */

static void
asset_set_fields(struct http_request *r, const struct asset *a,
    const struct asset_form *form)
{
	char quoted[ASSET_TAG + 3];

	snprintf(quoted, sizeof quoted, "\"%s\"", form->tag);
	http_set(r, "ETag", quoted);
	http_set(r, "Cache-Control", a->cache);
	if (a->gzip.n > 0)
		http_set(r, "Vary", "Accept-Encoding");
}

static void
asset_answer_form(struct http_request *r, const struct asset *a,
    const struct asset_form *form)
{
	uint64_t first, n, size = form->bytes.n;
	enum http_range part = asset_range(r, form, &first, &n);
	char range[80];

	if (part == HTTP_RANGE_NOT_SATISFIABLE) {
		snprintf(range, sizeof range, "bytes */%" PRIu64, size);
		http_set(r, "Content-Range", range);
		http_problem(r, 416, "the range begins after the end");
		return;
	}
	asset_set_fields(r, a, form);
	http_set(r, "Accept-Ranges", "bytes");
	if (form->coding != NULL)
		http_set(r, "Content-Encoding", form->coding);
	if (part == HTTP_RANGE_ALL) {
		http_answer_text(r, 200, a->type, form->bytes);
		return;
	}
	snprintf(range, sizeof range, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
	    first, first + n - 1, size);
	http_set(r, "Content-Range", range);
	http_answer_text(r, 206, a->type, (struct str){
	    form->bytes.p + first, (size_t)n });
}

void
http_answer_asset(struct http_request *r, const struct asset *a)
{
	struct asset_form form;
	struct arena arena;
	unsigned status;

	arena_init(&arena, ASSET_FIELDS_MAX);
	if (!asset_choose(r, a, &arena, &form)) {
		http_set(r, "Vary", "Accept-Encoding");
		http_problem(r, 406, "this is there as it is, or with gzip");
	} else if ((status = asset_conditions(r, form.tag, &arena)) == 412) {
		http_problem(r, 412, "If-Match names another version");
	} else if (status == 304) {
		asset_set_fields(r, a, &form);
		http_answer(r, 304);
	} else {
		asset_answer_form(r, a, &form);
	}
	arena_release(&arena);
}
