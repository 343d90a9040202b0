/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/fmt/array.h"

#include "line/records.h"

void
array_put(struct buf *b, const struct route *route, const struct record *r,
    bool *begun)
{
	struct route plain = *route;

	/* a position is for who acknowledges it */
	plain.has_seq = false;
	buf_puts(b, *begun ? ",\n" : "[");
	*begun = true;
	record_put_line(b, &plain, r);
	/* its newline; where it did not fit the whole is dropped */
	if (!b->full)
		b->n--;
}

void
array_end(struct buf *b, bool begun)
{
	buf_puts(b, begun ? "]\n" : "[]\n");
}
