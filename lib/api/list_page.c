/* SPDX-License-Identifier: Apache-2.0 */
#include "api/list_page.h"

#include <inttypes.h>
#include <stdio.h>

#include "api/job.h"
#include "api/parameters.h"
#include "base/arena.h"
#include "base/glob.h"
#include "base/number.h"
#include "registry/metadata.h"
#include "registry/page.h"

bool
list_take_number(struct request_ctx *c, const char *name, uint64_t min,
    uint64_t max, uint64_t *n)
{
	struct str value;
	int got = parameter_get(c, name, &value);

	return got == 0 || (got == 1 && number_digits(value, max, n) &&
	    *n >= min);
}

bool
list_take_word(struct request_ctx *c, const char *name,
    const char *const *words, int *which)
{
	struct str value;
	int got = parameter_get(c, name, &value), at;

	if (got == 0)
		return true;
	for (at = 0; words[at] != NULL; at++)
		if (got == 1 && str_eq(value, str_z(words[at]))) {
			*which = at;
			return true;
		}
	return false;
}

/* limit=, for which `most` is the highest */
static const char *
list_page_limit(struct request_ctx *c, uint64_t most, bool lenient,
    struct list_page *page)
{
	uint64_t limit = page->limit;

	if (!list_take_number(c, "limit", lenient ? 0 : 1, lenient ?
	    INT64_MAX : most, &limit)) {
		snprintf(page->why, sizeof page->why,
		    "limit must be a number from 1 to %" PRIu64, most);
		return lenient ? "limit must be a number of 0 or more" :
		    page->why;
	}
	if (limit > 0)
		page->limit = limit < most ? limit : most;
	return NULL;
}

const char *
list_page_take(struct request_ctx *c, const struct list_limits *limits,
    struct list_page *page)
{
	int got = parameter_get(c, "cursor", &page->cursor);

	page->by_cursor = got > 0;
	page->offset = 0;
	page->limit = page->by_cursor ? limits->cursor : limits->offset;
	if (got > 1)
		return "cursor is given twice";
	if (!list_take_number(c, "offset", 0, INT64_MAX, &page->offset))
		return "offset must be a number of 0 or more";
	if (page->by_cursor && page->offset > 0)
		return "give cursor or offset, not both";
	return list_page_limit(c, page->by_cursor ? limits->cursor_max :
	    limits->offset_max, limits->lenient, page);
}

const char *
list_filters_take(struct request_ctx *c, struct job *job, struct arena *keep,
    struct list_filters *f)
{
	struct str value, compact;
	const char *why;
	int got;

	if (parameter_get(c, "glob", &value) > 1)
		return "glob is given twice";
	if (value.n > PAGE_NAME_MAX || glob_fault(value) != NULL)
		return "glob must be a pattern of at most 1024 bytes, each [ "
		    "with its ]";
	if (value.p != NULL)
		f->glob = glob_compile(value, &why);
	if ((got = parameter_get(c, "metadata", &value)) == 0)
		return NULL;
	if (got > 1)
		return "metadata is given twice";
	if (metadata_compact(value, keep, &compact) != NULL)
		return "metadata must be a JSON object";
	f->metadata = metadata_want_new(compact);
	metadata_want_watch(f->metadata, job_stops, job);
	return NULL;
}

void
list_filters_release(struct list_filters *f)
{
	glob_free(f->glob);
	metadata_want_free(f->metadata);
}

void
list_put_head(struct buf *to, const struct list_page *page, uint64_t total)
{
	buf_putc(to, '{');
	if (!page->by_cursor)
		buf_printf(to, "\"total\":%" PRIu64 ",\"offset\":%" PRIu64 ",",
		    total, page->offset);
	buf_printf(to, "\"limit\":%" PRIu64 ",", page->limit);
}

void
list_put_end(struct buf *to, bool more, uint64_t next)
{
	buf_putc(to, ']');
	if (more)
		buf_printf(to, ",\"next\":\"%" PRIu64 "\"", next);
	buf_puts(to, "}\n");
}
