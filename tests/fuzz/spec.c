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
#include "registry/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define ALL (SPEC_ID | SPEC_NAME | SPEC_METADATA | SPEC_KEY | \
	SPEC_CHANNEL | SPEC_THING)

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
	static const unsigned may[] = { ALL, SPEC_NAME | SPEC_METADATA };
	struct str line = { (const char *)data, n };
	struct specs specs;
	size_t i;

	if (arena.max == 0)
		arena_init(&arena, 16 << 20);
	specs_init(&specs);
	for (i = 0; i < 2; i++) {
		const struct spec *spec;

		if (specs_parse(&specs, line, may[i], 0) != NULL)
			continue;
		spec = &specs.v[specs.n - 1];
		must((spec->given & ~may[i]) == 0);
		must(spec->name.n <= NAME_BYTES_MAX);
		must(utf8_valid(spec->name) && utf8_valid(spec->key));
		must(memchr(spec->name.p ? spec->name.p : "", '\n',
		    spec->name.n) == NULL);
		must(spec->key.n <= THING_KEY_MAX);
		if (spec->given & SPEC_METADATA)
			check_metadata(spec->metadata);
	}
	specs_release(&specs);
	return 0;
}
