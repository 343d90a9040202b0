/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the body of a request: an object with members of each type,
 * and an array of such.  What is taken lies where it should, is what its
 * type says, and is taken for the same again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "json/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define FIELDS 4
static struct arena arena;

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
check_texts(struct str array)
{
	struct object_array a;
	struct str element, text;

	object_array_init(&a, array, &arena);
	while (object_array_next(&a, &element) > 0)
		if (object_text(element, &arena, &text))
			must(utf8_valid(text) && text.n <= element.n);
}

static void
check_object(struct str json)
{
	struct object_field f[FIELDS] = {
		{ .name = "text", .type = OBJECT_TEXT },
		{ .name = "object", .type = OBJECT_RAW },
		{ .name = "texts", .type = OBJECT_TEXTS },
		{ .name = "number", .type = OBJECT_NUMBER },
	};
	int64_t n;

	if (object_read(json, f, FIELDS, &arena) != NULL)
		return;
	must(utf8_valid(f[0].value) && f[0].value.n <= json.n);
	if (f[1].value.p != NULL) {
		must(f[1].value.p > json.p && *f[1].value.p == '{' &&
		    f[1].value.p[f[1].value.n - 1] == '}');
		must(object_read(f[1].value, f, 0, &arena) == NULL);
	}
	if (f[2].value.p != NULL) {
		must(*f[2].value.p == '[');
		check_texts(f[2].value);
	}
	if (f[3].value.p != NULL && object_number(f[3].value, &n))
		must(n >= 0 && n <= INT64_C(1) << 53);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = { (const char *)data, n }, element;
	struct object_array a;
	size_t seen = 0;
	int got;

	if (arena.max == 0)
		arena_init(&arena, 16 << 20);
	arena_reset(&arena);
	check_object(text);
	object_array_init(&a, text, &arena);
	while ((got = object_array_next(&a, &element)) > 0) {
		must(element.p >= text.p && element.n > 0 &&
		    element.p + element.n <= text.p + n);
		must(++seen <= n);
		check_object(element);
	}
	must(got == 0 || a.scan.why != NULL);
	must(object_array_next(&a, &element) <= 0);
	return 0;
}
