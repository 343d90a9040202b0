/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a site file: as NDJSON or, by the first byte, as CSV of one
 * kind.  Beside what the sanitizers see: what was taken is written as lines
 * that are taken again, and say the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/out.h"
#include "cmd/site/input.h"
#include "cmd/site/refs.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static int
take(struct site_input *in, struct str text, const struct site_kind *csv)
{
	int fd = memfd_create("site", MFD_CLOEXEC), got;
	struct fault fault = { .status = 0 };
	char path[64];

	must(fd >= 0 && write_all(fd, text.p, text.n) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	input_init(in);
	got = input_read(in, path, csv, &fault);
	must(got == 0 || fault.status != 0);
	close(fd);
	return got;
}

static void
put(const struct site_input *in, struct buf *b)
{
	struct str v[REFS_MAX];
	struct arena arena;
	size_t i;
	int k;

	arena_init(&arena, (size_t)1 << 20);
	for (k = 0; k < SITE_KINDS; k++)
		for (i = 0; i < in->rows[k].n; i++) {
			const struct site_row *row = in->rows[k].v[i];

			kind_put_line(b, row, row->kind->may);
			must(!(row->given & SITE_BIT(SITE_CHANNELS)) ||
			    refs_take(row->v[SITE_CHANNELS], v, &arena) >= 0);
		}
	arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = { (const char *)data, n };
	const struct site_kind *csv = NULL;
	struct site_input in, again;
	struct buf one, two;

	if (n > 0 && *data < SITE_KINDS) {
		csv = &site_kinds[*data];
		text = str_from(text, 1);
	}
	if (take(&in, text, csv) == 0) {
		buf_init(&one, (size_t)1 << 26);
		buf_init(&two, (size_t)1 << 26);
		put(&in, &one);
		/* a line may be longer than one that is read */
		if (take(&again, buf_str(&one), NULL) == 0) {
			put(&again, &two);
			must(str_eq(buf_str(&one), buf_str(&two)));
		} else {
			must(one.n > (size_t)1 << 18);
		}
		input_release(&again);
		buf_release(&one);
		buf_release(&two);
	}
	input_release(&in);
	return 0;
}
