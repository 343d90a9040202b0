/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as Range, Accept-Encoding and If-Range.  A part lies within what
 * there is, and asking for it in plain words gives the same; of a list of
 * codings one more that excludes everything leaves no gzip behind, unless the
 * list names it.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/os.h"
#include "http/coding.h"
#include "http/conditions.h"
#include "http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
check_range(struct str field, uint64_t size)
{
	uint64_t first, n, first_again, n_again;
	char plain[80];

	if (http_range_read(field, size, &first, &n) != HTTP_RANGE_PART)
		return;
	must(n > 0 && first < size && n <= size - first);
	snprintf(plain, sizeof plain, "bytes=%" PRIu64 "-%" PRIu64, first,
	    first + n - 1);
	must(http_range_read((struct str){ plain, strlen(plain) }, size,
	    &first_again, &n_again) == HTTP_RANGE_PART);
	must(first == first_again && n == n_again);
}

static void
check_codings(struct str field)
{
	struct http_codings c = http_codings_read(field), more;
	struct buf b;

	/* what takes nothing has said so */
	must(c.gzip || c.identity || field.n > 0);
	buf_init(&b, field.n + 32);
	buf_puts(&b, "gzip;q=0,identity;q=0,");
	buf_put_str(&b, field);
	more = http_codings_read(buf_str(&b));
	/* what comes later in the list says it, not what came before */
	if (os_find(field.p, field.n, "*", 1) == NULL)
		must(!more.gzip || c.gzip);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint64_t sizes[] = { 0, 1, 10, 1000, UINT64_MAX };
	struct str field = { (const char *)data, n };
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
		check_range(field, sizes[i]);
	check_codings(field);
	if (conditions_if_range(field, "tag"))
		must(n == 5 && memcmp(data, "\"tag\"", 5) == 0);
	return 0;
}
