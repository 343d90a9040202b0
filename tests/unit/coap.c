/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/exchange.h"
#include "coap/format.h"

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
	struct exchanges x;
	struct exchange e, first;
	int64_t i;

	exchanges_init(&x);
	CHECK(exchange_begin(&x, "a", 1, 10, &first) == EXCHANGE_NEW);
	CHECK(exchange_begin(&x, "a", 1, 10, &e) == EXCHANGE_BUSY);
	CHECK(e.tag == first.tag);
	exchange_end(&x, first.tag, 68, NULL);
	CHECK(exchange_begin(&x, "a", 1, 256, &e) == EXCHANGE_DONE);
	CHECK(e.code == 68 && e.why == NULL);
	CHECK(exchange_begin(&x, "b", 1, 256, &e) == EXCHANGE_NEW);
	/* its time has passed */
	CHECK(exchange_begin(&x, "a", 1, 257, &e) == EXCHANGE_NEW);
	/* many others push it out, and never more than there is room for */
	for (i = 0; i < 4 * EXCHANGES; i++)
		exchange_begin(&x, &i, sizeof i, 258, &e);
	exchange_end(&x, first.tag, 68, NULL);
	CHECK(exchange_begin(&x, "a", 1, 258, &e) == EXCHANGE_NEW);
	/* the last one is still known */
	i--;
	CHECK(exchange_begin(&x, &i, sizeof i, 258, &e) == EXCHANGE_BUSY);
	exchanges_release(&x);
}

int
main(void)
{
	test_formats();
	test_exchanges();
	return unit_end();
}
