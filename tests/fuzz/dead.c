/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of a stream of refused lines, which anybody may have put there: what
 * is taken from one lies in the line or the arena, is no longer than that, is
 * text where it is text, and can be encoded and read again.
 */
#include <stdlib.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "bus/dead.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool condition)
{
	if (!condition)
		abort();
}

/* of each byte of it there is one */
static void
check_line(struct str line)
{
	struct buf b;
	char *again = malloc(line.n + 3);

	if (again == NULL)
		return;
	buf_init(&b, 2 * line.n + 16);
	base64_put(&b, line);
	must(base64_decode(again, buf_str(&b)) == (long)line.n &&
	    memcmp(again, line.p, line.n) == 0);
	buf_release(&b);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct arena arena;
	/* a copy of its own, so that a byte too far is seen */
	char *copy = malloc(n ? n : 1);
	struct dead_letter l;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, n);
	arena_init(&arena, (size_t)4 << 20);
	if (dead_read((struct str){ copy, n }, &l, &arena)) {
		must(l.reason.p != NULL && l.line.p != NULL);
		must(l.line.n <= n && l.reason.n <= n && l.channel.n <= n &&
		    l.from.n <= n);
		must(utf8_valid(l.reason) && utf8_valid(l.channel) &&
		    utf8_valid(l.from));
		check_line(l.line);
	}
	arena_release(&arena);
	free(copy);
	return 0;
}
