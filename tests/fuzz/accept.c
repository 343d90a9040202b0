/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an Accept header: there is a form for each, one that nothing
 * can be preferred to is taken whatever follows it, and one that is refused
 * is never taken for what follows it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "api/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = { (const char *)data, n };
	enum messages_format form = messages_accept(text);
	struct buf b;

	if (form >= MESSAGES_FORMATS || messages_type(form) == NULL)
		abort();
	buf_init(&b, n + 64);
	buf_puts(&b, "text/csv , ");
	buf_put_str(&b, text);
	if (messages_accept(buf_str(&b)) != MESSAGES_CSV)
		abort();
	buf_clear(&b);
	buf_puts(&b, "text/csv;q=0.000,");
	buf_put_str(&b, text);
	if (messages_accept(buf_str(&b)) != form)
		abort();
	buf_release(&b);
	return 0;
}
