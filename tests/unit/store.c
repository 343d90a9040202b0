/* SPDX-License-Identifier: Apache-2.0 */
/* Batches that are cut and split, and the cache of series. */
#include "json/number.h"
#include "line/records.h"
#include "store/batch.h"
#include "store/series.h"
#include "tests/unit/unit.h"

static struct pack pack;
static struct route route;

static void
add(struct batch *b, const char *line)
{
	/* what the batch keeps has to outlive the text */
	char text[512];
	int n = snprintf(text, sizeof text, "%s", line);

	CHECK(pack_parse_line(&pack, (struct str){ text, (size_t)n },
	    (struct stamp){ 1 }, &route) == NULL);
	CHECK(batch_add(b, &route, &pack));
	memset(text, 'x', sizeof text);
}

static void
test_batch(void)
{
	struct batch a, b;
	struct progress at = { .whole = 7 };
	int i;

	batch_init(&a, NULL);
	batch_init(&b, NULL);
	add(&a, "{\"channel\":\"c1\",\"n\":\"a\",\"v\":1.5,\"t\":2e9}");
	CHECK(a.n == 1 && a.whole == 0 && !a.due);
	batch_cut(&a, NULL);
	CHECK(a.whole == 1 && a.due && !a.has_at);
	add(&a, "[{\"channel\":\"c2\",\"n\":\"b\",\"vs\":\"\\u0000x\","
	    "\"t\":2e9},"
	    "{\"n\":\"c\",\"v\":3,\"s\":4,\"t\":2e9}]");
	batch_drop_tail(&a);
	CHECK(a.n == 1);
	add(&a, "{\"channel\":\"c3\",\"n\":\"d\",\"v\":5,\"t\":2e9}");
	batch_cut(&a, &at);
	CHECK(a.whole == 2 && a.has_at && a.at.whole == 7);
	for (i = 0; i < 1000; i++)
		add(&a, "[{\"channel\":\"c4\",\"n\":\"e\",\"v\":6,\"t\":2e9},"
		    "{\"n\":\"f\",\"vb\":true,\"t\":2e9}]");

	batch_split(&a, &b);
	CHECK(a.n == 2 && b.n == 2000 && b.whole == 0 && !b.due);
	CHECK(str_eq(a.readings[0].route->channel, STR("c1")));
	CHECK(number_value(a.readings[0].record.value) == 1.5);
	CHECK(str_eq(a.readings[1].record.name, STR("d")));
	batch_clear(&a);
	CHECK(a.n == 0 && !a.due && !a.has_at && a.bytes == 0);
	CHECK(str_eq(b.readings[1998].route->channel, STR("c4")));
	CHECK(b.readings[1998].route == b.readings[1999].route);
	CHECK(str_eq(b.readings[1998].record.value, STR("6")));
	CHECK(b.readings[1999].record.kind == VALUE_BOOL);
	batch_release(&a);
	batch_release(&b);
}

static struct reading_id
id_of(struct batch *b, const char *line)
{
	add(b, line);
	return b->readings[b->n - 1].id;
}

static bool
id_same(struct reading_id a, struct reading_id b)
{
	return a.source == b.source && a.high == b.high && a.low == b.low;
}

static void
test_ids(void)
{
	static const char
	    first[] = "{\"channel\":\"c\",\"seq\":7,\"part\":1,\"n\":\"a\","
	    "\"v\":1,\"t\":2e9}",
	    last[] = "{\"channel\":\"c\",\"seq\":7,\"n\":\"a\",\"v\":1,"
	    "\"t\":2e9}",
	    joined[] = "[{\"channel\":\"c\",\"seq\":7,\"part\":0,"
	    "\"n\":\"a\",\"v\":1,\"t\":2e9}]",
	    other[] = "[{\"channel\":\"c\",\"seq\":9,\"part\":0,"
	    "\"n\":\"a\",\"v\":1,\"t\":2e9}]";
	struct batch_ids ids;
	struct batch a, b, c;
	struct reading_id id;

	batch_ids_init(&ids, "raw/store");
	batch_init(&a, &ids);
	id = id_of(&a, first);
	CHECK(id.high == 7 && !id_same(id, id_of(&a, last)));
	CHECK(id_same(id, id_of(&a, first)));
	/* two lines of one position are two */
	CHECK(!id_same(id_of(&a, last), id_of(&a, last)));
	/* what is joined otherwise the next time is the same reading */
	CHECK(id_same(id_of(&a, joined), id_of(&a, other)));
	CHECK(id_of(&a, joined).high >> 63 == 1);
	batch_ids_init(&ids, "raw/other");
	batch_init(&b, &ids);
	CHECK(!id_same(id, id_of(&b, first)));
	batch_ids_init(&ids, NULL);
	batch_init(&c, &ids);
	CHECK(!id_same(id_of(&c, first), id_of(&c, first)));
	batch_release(&a);
	batch_release(&b);
	batch_release(&c);
}

static int64_t
find(struct series_cache *c, struct buf *key, const struct record *r)
{
	series_key(key, &route, r);
	return series_find(c, buf_str(key));
}

static void
test_series(void)
{
	struct series_cache c;
	struct record r = { .name = STR("a"), .version = 10 };
	struct buf key;
	char name[16];
	int64_t i, known = 0;

	series_init(&c);
	buf_init(&key, SERIES_KEY_MAX);
	route = (struct route){ .channel = STR("ab"), .subtopic = STR("c") };
	CHECK(find(&c, &key, &r) == 0);
	series_add(&c, buf_str(&key), 5);
	CHECK(find(&c, &key, &r) == 5);
	/* the same bytes, cut elsewhere, are another series */
	route.channel = STR("a");
	route.subtopic = STR("bc");
	CHECK(find(&c, &key, &r) == 0);
	route.channel = STR("ab");
	route.subtopic = STR("c");
	r.kind = VALUE_BOOL;
	CHECK(find(&c, &key, &r) == 0);
	r.kind = VALUE_NONE;
	r.version = 26;
	CHECK(find(&c, &key, &r) == 0);

	/* more than it holds: it forgets, and never says a wrong one */
	for (i = 1; i <= 200000; i++) {
		r.name = (struct str){ name, (size_t)snprintf(name,
		    sizeof name, "n%lld", (long long)i) };
		if (find(&c, &key, &r) != 0)
			known++;
		series_add(&c, buf_str(&key), i);
		if (find(&c, &key, &r) != i)
			known++;
	}
	CHECK(known == 0);
	series_forget(&c);
	CHECK(find(&c, &key, &r) == 0);
	series_release(&c);
	buf_release(&key);
}

int
main(void)
{
	pack_init(&pack);
	TEST("batches are cut at whole lines, and split")
		test_batch();
	TEST("a reading has the same id again, and no other has it")
		test_ids();
	TEST("the cache of series never gives a wrong one")
		test_series();
	pack_release(&pack);
	return unit_end();
}
