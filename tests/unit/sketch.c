/* SPDX-License-Identifier: Apache-2.0 */
/* What two bags differ in is found, and too much of it is noticed. */
#include "cmd/audit/sketch.h"

#include "store/key.h"
#include "tests/unit/unit.h"

#define ALIKE 200000u		/* keys that are in both */

static struct buf scratch;

/* of readings that are alike but for their time */
static struct reading_key
key(uint64_t n)
{
	const struct route route = { .channel = STR("garden") };
	const struct record record = { .name = STR("temp"),
	    .kind = VALUE_NUMBER, .value = STR("21.5"),
	    .time = { (int64_t)n * 1000000000 } };
	struct reading_key k;

	reading_key(&k, &scratch, &route, &record);
	return k;
}

/* what was found: how many keys, and by how much in all */
struct found {
	size_t keys;
	int64_t more, fewer;
	bool strange;		/* one that was not put in */
	uint64_t from, to;	/* of those that were */
};

static void
see(void *arg, const struct reading_key *k, int64_t n)
{
	struct found *f = arg;
	uint64_t i;

	f->keys++;
	if (n > 0)
		f->more += n;
	else
		f->fewer -= n;
	for (i = f->from; i < f->to; i++) {
		struct reading_key one = key(i);

		if (memcmp(&one, k, sizeof one) == 0)
			return;
	}
	f->strange = true;
}

static bool
take(struct sketch *s, struct found *f)
{
	bool all = sketch_take(s, see, f);

	sketch_free(s);
	return all;
}

static void
add(struct sketch *s, uint64_t from, uint64_t to, int64_t n)
{
	for (; from < to; from++) {
		struct reading_key k = key(from);

		sketch_add(s, &k, n);
	}
}

static void
test_alike(void)
{
	struct found f = { .keys = 0 };
	struct sketch *s = sketch_new();

	/* in any order */
	add(s, 0, ALIKE / 2, 1);
	add(s, 0, ALIKE, -1);
	add(s, ALIKE / 2, ALIKE, 1);
	CHECK(take(s, &f) && f.keys == 0);
}

static void
test_different(void)
{
	struct found f = { .from = ALIKE, .to = ALIKE + 300 };
	struct sketch *s = sketch_new();

	add(s, 0, ALIKE, 1);
	add(s, 0, ALIKE, -1);
	/* once, seven times, and three times on the other side */
	add(s, ALIKE, ALIKE + 100, 1);
	add(s, ALIKE + 100, ALIKE + 200, 7);
	add(s, ALIKE + 200, ALIKE + 300, -3);
	CHECK(take(s, &f));
	CHECK(f.keys == 300 && !f.strange);
	CHECK(f.more == 100 + 700 && f.fewer == 300);
}

static void
test_room(uint64_t n, bool fits)
{
	/* which they are is not looked at: it would take long */
	struct found f = { .from = 0, .to = 0 };
	struct sketch *s = sketch_new();

	add(s, 0, n, 1);
	CHECK(take(s, &f) == fits);
	CHECK(!fits || (f.keys == n && f.more == (int64_t)n));
}

int
main(void)
{
	buf_init(&scratch, 4096);
	TEST("bags that are alike leave nothing")
		test_alike();
	TEST("each key that differs is found, and by how much")
		test_different();
	TEST("as many differences as are promised are told apart")
		test_room(SKETCH_ROOM, true);
	TEST("more than there is room for is noticed")
		test_room(2 * SKETCH_ROOM, false);
	buf_release(&scratch);
	return unit_end();
}
