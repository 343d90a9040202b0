/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a line of a bulk.  Beside what the sanitizers see: what was
 * taken keeps its limits, metadata is compact and stays so, and contains
 * itself.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "registry/keyring.h"
#include "registry/metadata.h"
#include "registry/change.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define ALL (MEMBER_ID | MEMBER_NAME | MEMBER_METADATA | MEMBER_KEY | \
	MEMBER_CHANNEL | MEMBER_THING)

static struct arena arena;

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static bool
contains(struct str have, struct str want)
{
	struct metadata_want *w = metadata_want_new(want);
	int is = metadata_match(w, have);

	metadata_want_free(w);
	return is == 1;
}

static void
check_metadata(struct str json)
{
	struct str again;

	must(json.n >= 2 && json.n <= METADATA_BYTES_MAX);
	arena_reset(&arena);
	must(metadata_compact(json, &arena, &again) == NULL);
	must(str_eq(json, again));
	must(memchr(json.p, '\n', json.n) == NULL);
	must(contains(json, json));
	must(contains(json, STR("{}")));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const unsigned may[] = { ALL, MEMBER_NAME | MEMBER_METADATA };
	struct str line = { (const char *)data, n };
	struct changes changes;
	size_t i;

	if (arena.max == 0)
		arena_init(&arena, 16 << 20);
	changes_init(&changes);
	for (i = 0; i < 2; i++) {
		const struct change *change;

		if (changes_parse(&changes, line, may[i], 0) != NULL)
			continue;
		change = &changes.v[changes.n - 1];
		must((change->given & ~may[i]) == 0);
		must(change->name.n <= NAME_BYTES_MAX);
		must(utf8_valid(change->name) && utf8_valid(change->key));
		must(memchr(change->name.p ? change->name.p : "", '\n',
		    change->name.n) == NULL);
		must(change->key.n <= THING_KEY_MAX);
		if (change->given & MEMBER_METADATA)
			check_metadata(change->metadata);
	}
	changes_release(&changes);
	return 0;
}
