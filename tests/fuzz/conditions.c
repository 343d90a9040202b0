/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as If-Match and If-None-Match: what is valid means one of two
 * things, and adding the tag that is looked for makes it the other one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/conditions.h"
#include "base/buf.h"

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
	struct str field = { (const char *)data, n };
	struct conditions c = { .match = field };
	struct buf more;

	if (n == 0 || !conditions_valid(field))
		return 0;
	must(conditions_status(&c, false, NULL) == 412);
	c = (struct conditions){ .none_match = field, .reads = true };
	must(conditions_status(&c, false, NULL) == 0);
	buf_init(&more, n + 16);
	buf_put_str(&more, field);
	buf_puts(&more, ",\"tag\"");
	field = buf_str(&more);
	if (conditions_valid(field)) {
		c = (struct conditions){ .match = field };
		must(conditions_status(&c, true, "tag") == 0);
		c = (struct conditions){ .none_match = field, .reads = true };
		must(conditions_status(&c, true, "tag") == 304);
	}
	buf_release(&more);
	return 0;
}
