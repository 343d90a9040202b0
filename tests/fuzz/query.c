/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the value of a query's parameter: decoded, looked for as a
 * part of a name, and as metadata, in a registry with a few things of two
 * users.  Whatever it is, the search works, finds what a look at each name
 * finds, and nothing of the other user's.
 */
#include <stdint.h>

#include "http/path.h"
#include "registry/metadata.h"
#include "registry/page.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct registry *registry;
static struct user owners[2];
static struct arena arena;
static const char *const names[] = {
	"garden", "a \"quoted\" one", "it's; DROP TABLE things", "ab", "*"
};
#define NAMES (sizeof names / sizeof *names)

static void
fill(struct user *owner, const char *email)
{
	struct fault fault;
	struct changes changes;
	size_t i;

	must(user_create(registry, str_z(email), "", STR_NONE, owner,
	    &fault) == 0);
	changes_init(&changes);
	for (i = 0; i < NAMES; i++) {
		struct change *change = changes_add(&changes);

		must(change_make_id(&changes, change) == NULL);
		must(change_set_name(&changes, change,
		    str_z(names[i])) == NULL);
		must(item_create(registry, ITEM_THING, owner, change,
		    &fault) == 0);
	}
	changes_release(&changes);
}

static void
fill_both(void)
{
	fill(&owners[0], "ann@example.com");
	fill(&owners[1], "bob@example.com");
}

static void
open_registry(void)
{
	scratch_open(&registry, fill_both);
	arena_init(&arena, 16 << 20);
}

static int
count(void *arg, const struct item *item, struct fault *fault)
{
	(void)item;
	(void)fault;
	++*(uint64_t *)arg;
	return 0;
}

static uint64_t
search(struct str name, struct str metadata)
{
	uint64_t seen = 0;
	struct page page = {
		.registry = registry, .kind = ITEM_THING, .owner = owners[0],
		.name = name, .limit = 100, .count = true
	};
	struct fault fault;
	int got;

	if (metadata.p != NULL)
		page.metadata = metadata_want_new(metadata);
	while ((got = page_step(&page, &fault)) > 0)
		;
	must(got == 0);
	while ((got = page_give(&page, count, &seen, &fault)) > 0)
		;
	must(got == 0 && page.total == seen && seen <= NAMES);
	page_end(&page);
	metadata_want_free(page.metadata);
	return seen;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = { (const char *)data, n }, compact;
	struct buf value;
	uint64_t seen, exact = 0;
	size_t i;

	if (registry == NULL)
		open_registry();
	/* the server takes a request line as text that ends with one */
	if (n > 0 && memchr(data, '\0', n) != NULL)
		return 0;
	buf_init(&value, PAGE_NAME_MAX);
	if (percent_decode(&value, text) && !value.full) {
		must(value.n <= n && memchr(value.n ? value.p : "x", '\0',
		    value.n) == NULL);
		seen = search(buf_str(&value), STR_NONE);
		for (i = 0; i < NAMES && value.n > 0; i++)
			exact += memmem(names[i], strlen(names[i]), value.p,
			    value.n) != NULL;
		must(seen >= exact);
		if (value.n > 0 && metadata_compact(buf_str(&value), &arena,
		    &compact) == NULL)
			search(STR_NONE, compact);
	}
	arena_reset(&arena);
	buf_release(&value);
	return 0;
}
