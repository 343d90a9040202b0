/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as input of a format, which the first byte names; the second says
 * in what pieces they arrive.  However they come, the items are the same as
 * when all is there at once, and so is what is read.
 */
#include <stdint.h>
#include <stdlib.h>

#include "senml/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct pack pack;
static struct decoder decoders[CODECS_NAMED];

static void
must(bool condition)
{
	if (!condition)
		abort();
}

/* A sum over the items, their lengths and their faults. */
struct digest {
	uint64_t sum;
	bool dead;
};

static void
add(struct digest *d, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		d->sum = d->sum * 31 + (unsigned char)s.p[i];
}

static void
take(struct digest *d, struct decoder *r, struct str item)
{
	const char *why;
	size_t i;

	/* after a fault the rest depends on how much of it has come */
	if (d->dead)
		return;
	why = decode_next(r, item);
	must((why == NULL) || pack.n == 0);
	d->dead = r->frame.dead;
	d->sum = d->sum * 31 + d->dead * 2 + (why == NULL);
	if (d->dead)
		return;
	add(d, item);
	for (i = 0; i < pack.n; i++)
		add(d, pack.records[i].name);
}

/* `piece` bytes more at a time */
static struct digest
cut(struct decoder *r, struct str all, size_t piece)
{
	struct digest d = { .sum = 1 };
	size_t start = 0, have = piece < all.n ? piece : all.n;

	r->cut.begin(r->cut.arg);
	while (start < all.n) {
		struct str unread = { all.p + start, have - start };
		struct str item = STR_NONE;
		size_t n = r->cut.next(r->cut.arg, unread, have == all.n,
		    &item);

		must(n <= unread.n);
		if (item.p != NULL)
			take(&d, r, item);
		start += n;
		must(n > 0 || have < all.n);
		if (n == 0)
			have = all.n - have > piece ? have + piece : all.n;
	}
	return d;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	struct digest whole, pieces;
	struct decoder *r;
	char *copy;
	int i;

	if (size < 2 || size > 4096)
		return 0;
	for (i = 0; !begun && i < CODECS_NAMED; i++) {
		if (i == 0)
			pack_init(&pack);
		decode_init(&decoders[i], codecs[i], &pack);
		decoders[i].now.ns = 1700000000 * STAMP_SECOND;
	}
	begun = true;
	copy = malloc(size);
	memcpy(copy, data + 2, size - 2);
	r = &decoders[data[0] % CODECS_NAMED];
	whole = cut(r, (struct str){ copy, size - 2 }, size);
	pieces = cut(r, (struct str){ copy, size - 2 }, 1 + data[1] % 16);
	must(whole.sum == pieces.sum && whole.dead == pieces.dead);
	free(copy);
	return 0;
}
