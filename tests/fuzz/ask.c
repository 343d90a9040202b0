/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a query of mfx-read-* --batch.  What is taken is written as a
 * query again, which says the same: the second writing is the first.
 */
#include <stdint.h>
#include <stdlib.h>

#include "store/ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool condition)
{
	if (!condition)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ask a, b;
	struct buf first, second;
	char *text = malloc(n);

	/* a text of its own, so that a byte after it is noticed */
	must(text != NULL || n == 0);
	if (n > 0)
		memcpy(text, data, n);
	buf_init(&first, SIZE_MAX);
	buf_init(&second, SIZE_MAX);
	if (ask_json(&a, (struct str){ text, n }) == NULL) {
		ask_put_json(&first, &a.query);
		must(memchr(first.p, '\n', first.n) == NULL);
		must(ask_json(&b, buf_str(&first)) == NULL);
		ask_put_json(&second, &b.query);
		must(str_eq(buf_str(&first), buf_str(&second)));
		must(a.query.match.from == b.query.match.from &&
		    a.query.match.to == b.query.match.to &&
		    a.query.every == b.query.every);
		ask_release(&b);
	}
	ask_release(&a);
	buf_release(&first);
	buf_release(&second);
	free(text);
	return 0;
}
