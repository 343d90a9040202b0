/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes cut into items: the first byte says of which kind, the second
 * in what pieces they arrive.  However they come, the items are the same
 * as when all is there at once, and each is safe to parse.
 */
#include <stdint.h>
#include <stdlib.h>

#include "senml/frame.h"
#include "senml/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct pack pack;
static struct stream stream;

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
take(struct digest *d, const struct frame *f, struct str item)
{
	size_t i;

	/* behind a fault the rest depends on how much of it has come */
	if (d->dead)
		return;
	d->dead = f->why != NULL;
	d->sum = d->sum * 31 + d->dead;
	for (i = 0; i < item.n && !d->dead; i++)
		d->sum = d->sum * 31 + (unsigned char)item.p[i];
	if (d->dead)
		return;
	if (f->kind == FRAME_SENSML)
		stream_json(&stream, item, (struct stamp){ 1 });
	else if (f->kind == FRAME_SENSMLC)
		stream_cbor(&stream, item, (struct stamp){ 1 });
	else if (f->kind == FRAME_JSON)
		pack_parse_json(&pack, item, (struct stamp){ 1 });
	else
		pack_parse_cbor(&pack, item, (struct stamp){ 1 });
}

/* `piece` bytes more at a time */
static struct digest
cut(enum frame_kind kind, struct str all, size_t piece)
{
	struct frame f;
	struct digest d = { .sum = 1 };
	size_t start = 0, have = piece < all.n ? piece : all.n;

	frame_init(&f, kind);
	stream_begin(&stream);
	while (start < all.n) {
		struct str unread = { all.p + start, have - start };
		struct str item = STR_NONE;
		size_t n = f.cut.next(f.cut.arg, unread, have == all.n,
		    &item);

		must(n <= unread.n);
		if (item.p != NULL)
			take(&d, &f, item);
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
	static const enum frame_kind kinds[] = {
		FRAME_JSON, FRAME_CBOR, FRAME_SENSML, FRAME_SENSMLC
	};
	static bool begun;
	struct digest whole, pieces;
	char *copy;

	if (size < 2 || size > 4096)
		return 0;
	if (!begun) {
		pack_init(&pack);
		stream_init(&stream, &pack);
		begun = true;
	}
	copy = malloc(size);
	memcpy(copy, data + 2, size - 2);
	whole = cut(kinds[data[0] % 4], (struct str){ copy, size - 2 },
	    size);
	pieces = cut(kinds[data[0] % 4], (struct str){ copy, size - 2 },
	    1 + data[1] % 16);
	must(whole.sum == pieces.sum && whole.dead == pieces.dead);
	free(copy);
	return 0;
}
