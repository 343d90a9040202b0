/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/dedup.h"
#include "coap/format.h"
#include "coap/sanitize.h"
#include "coap/usage.h"

#include "unit.h"

static bool
type_is(int number, const char *type)
{
	char digits[FORMAT_TEXT];

	return str_eq(format_type(number, digits), str_z(type));
}

static void
test_formats(void)
{
	CHECK(type_is(FORMAT_NONE, ""));
	CHECK(type_is(0, "text/plain;charset=utf-8"));
	CHECK(type_is(110, "application/senml+json"));
	CHECK(type_is(112, "application/senml+cbor"));
	CHECK(type_is(65535, "65535"));
	CHECK(type_is(1, "1"));
	CHECK(format_number(STR("")) == FORMAT_NONE);
	CHECK(format_number(STR("text/plain; charset=\"UTF-8\"")) == 0);
	CHECK(format_number(STR("text/plain")) == 0);
	CHECK(format_number(STR("text/plain;charset=latin1")) ==
	    FORMAT_NONE);
	CHECK(format_number(STR("Application/SenML+CBOR")) == 112);
	CHECK(format_number(STR("application/senml+cborx")) == FORMAT_NONE);
	CHECK(format_number(STR("application/senml+cbo")) == FORMAT_NONE);
	CHECK(format_number(STR("application/json@gzip")) == FORMAT_NONE);
	CHECK(format_number(STR("310")) == 310);
	CHECK(format_number(STR("65535")) == 65535);
	CHECK(format_number(STR("65536")) == FORMAT_NONE);
	CHECK(format_number(STR("100000")) == FORMAT_NONE);
}

static void
test_exchanges(void)
{
	struct dedup x;
	struct dedup_entry e, first;
	int64_t i;

	dedup_init(&x);
	CHECK(dedup_begin(&x, "a", 1, 10, &first) == DEDUP_NEW);
	CHECK(dedup_begin(&x, "a", 1, 10, &e) == DEDUP_BUSY);
	CHECK(e.tag == first.tag);
	dedup_end(&x, first.tag, 68, NULL);
	CHECK(dedup_begin(&x, "a", 1, 256, &e) == DEDUP_DONE);
	CHECK(e.code == 68 && e.why == NULL);
	CHECK(dedup_begin(&x, "b", 1, 256, &e) == DEDUP_NEW);
	/* its time has passed */
	CHECK(dedup_begin(&x, "a", 1, 257, &e) == DEDUP_NEW);
	/* many others push it out, and never more than there is room for */
	for (i = 0; i < 4 * DEDUP_ENTRIES; i++)
		dedup_begin(&x, &i, sizeof i, 258, &e);
	dedup_end(&x, first.tag, 68, NULL);
	CHECK(dedup_begin(&x, "a", 1, 258, &e) == DEDUP_NEW);
	/* the last one is still known */
	i--;
	CHECK(dedup_begin(&x, &i, sizeof i, 258, &e) == DEDUP_BUSY);
	dedup_release(&x);
}

static void
test_shares(void)
{
	struct usages all;
	struct usage *a, *b;

	usages_init(&all);
	CHECK(usages_largest(&all) == NULL);
	a = usage_get(&all, 't', STR("one"));
	CHECK(usage_get(&all, 't', STR("one")) == a);
	b = usage_get(&all, 'a', STR("one"));
	CHECK(a != b && a->observers == 0);
	a->bytes = 2;
	b->bytes = 3;
	CHECK(usages_largest(&all) == b);
	usage_put(&all, b);
	CHECK(usages_largest(&all) == a);
	usage_put(&all, a);
	CHECK(usages_largest(&all) == a);
	usage_put(&all, a);
	CHECK(usages_largest(&all) == NULL);
	usages_release(&all);
}

/* What comes of a datagram, as SANITIZE_PARTS parts at most. */
static bool
sanitized(struct str in, int n, struct str out)
{
	size_t ends[SANITIZE_PARTS];
	struct buf b;
	bool same;

	buf_init(&b, 4096);
	same = sanitize_datagram(in, &b, ends) == n && str_eq(buf_str(&b), out);
	buf_release(&b);
	return same;
}

static void
test_screen(void)
{
	static const char reset[] = "\x4f\1ab";
	struct str none = STR_NONE, request = STR("\x41\2abt\xb1x\xffp");

	/* as it is */
	CHECK(sanitized(request, 1, request));
	/* an empty acknowledgement; a ping; another version */
	CHECK(sanitized(STR("\x60\0ab"), 1, STR("\x60\0ab")));
	CHECK(sanitized(STR("\x40\0ab"), 1, (struct str){ reset, 4 }));
	CHECK(sanitized(STR("\x80\2ab"), 0, none));
	/* Hop-Limit 1 and an elective one that nobody knows are left out */
	CHECK(sanitized(STR("\x40\2ab\xb1x\x51\1"), 1,
	    STR("\x40\2ab\xb1x")));
	CHECK(sanitized(STR("\x40\2ab\xb1x\xe2\7\0yz"), 1,
	    STR("\x40\2ab\xb1x")));
	/* Hop-Limit 0, and a critical one: the directive alone */
	CHECK(sanitized(STR("\x40\2ab\xb1x\x51\0"), 1,
	    STR("\x40\1ab\xe4\xfc\xdb\2\0\0\0")));
	CHECK(sanitized(STR("\x40\2ab\x91x"), 1,
	    STR("\x40\1ab\xe4\xfc\xdb\1\0\0\x9")));
	/* No-Response is told with the request */
	CHECK(sanitized(STR("\x40\2ab\xb1x\xd1\xea\x1a"), 1,
	    STR("\x40\2ab\xb1x\xe4\xfc\xd0\0\x1a\0\0")));
}

int
main(void)
{
	TEST("what each client uses is counted, and the greediest found")
		test_shares();
	TEST("options and versions of a datagram are sanitized")
		test_screen();
	TEST("content formats by number and by media type")
		test_formats();
	TEST("a repeated message is told from a new one")
		test_exchanges();
	return unit_end();
}
