/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a document of MongoDB: what is made of it is a reading whose
 * numbers are numbers, with a NUL after them, or a reason.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "json/number.h"
#include "store/mongo/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
check_number(struct str number)
{
	if (number.p == NULL)
		return;
	must(number.p[number.n] == '\0');
	must(number_valid(number) && number_in_range(number));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf texts;
	struct route route;
	struct record r;
	bson_t doc;

	if (!bson_init_static(&doc, data, n))
		return 0;
	buf_init(&texts, (size_t)1 << 20);
	if (document_get(&doc, &texts, &route, &r) == NULL) {
		check_number(r.sum);
		check_number(r.update);
		if (r.kind == VALUE_NUMBER)
			check_number(r.value);
		must(r.kind != VALUE_NUMBER || r.value.p != NULL);
		must(r.kind != VALUE_NONE || r.sum.p != NULL);
		must(utf8_valid(r.name) && utf8_valid(r.unit) &&
		    utf8_valid(route.channel) && utf8_valid(route.subtopic));
	}
	buf_release(&texts);
	return 0;
}
