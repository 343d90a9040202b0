/* SPDX-License-Identifier: Apache-2.0 */
#include "line/records.h"
#include "line/route.h"
#include "senml/decode.h"
#include "senml/unit.h"
#include "unit.h"

static struct pack pack;

/* A pack of these records in primary units is this text. */
static bool
primary(const char *json, const char *want)
{
	struct stamp now = { 1700000000 * STAMP_SECOND };
	struct route none = { .has_seq = false };
	struct buf b;
	bool same;

	CHECK(decode_pack(&codec_json, &pack, str_z(json), now) == NULL);
	if (pack_to_primary(&pack) != NULL)
		return want == NULL && pack.n == 0;
	if (want == NULL)
		return false;
	buf_init(&b, 1000);
	pack_put_lines(&b, &none, &pack);
	same = str_eq(buf_str(&b), str_z(want));
	if (!same)
		printf("# %.*s", STR_ARG(buf_str(&b)));
	buf_release(&b);
	return same;
}

static void
test_registry(void)
{
	static const char *const secondary[] = {
		"/100", "/1000", "Ah", "B/s", "GB", "KiB", "MB/s", "MHz",
		"Mbit/s", "VAh", "Wh", "Wh/km", "cm", "dBm", "g/l", "h",
		"hPa", "kVA", "kVAh", "kW", "kWh", "km", "km/h", "kvar",
		"kvarh", "m/h", "mA", "mV", "mg/l", "min", "mm", "mm/h",
		"ms", "ppb", "ppm", "ppt", "ug/l", "ug/m3", "varh",
	};
	static const char *const primaries[] = {
		"%", "%EL", "%RH", "/", "1/min", "A", "Cel", "NTU", "dBW",
		"kg/m3", "m", "m3/s", "s", "vars",
	};
	const struct unit *u, *to;
	size_t i;

	for (i = 0; i < sizeof secondary / sizeof *secondary; i++) {
		u = unit_find(str_z(secondary[i]));
		CHECK(u != NULL && str_eq(u->name, str_z(secondary[i])));
		CHECK(u != NULL && unit_is_secondary(u) && u->den > 0);
		to = u ? unit_find(u->primary) : NULL;
		CHECK(to != NULL && !unit_is_secondary(to));
	}
	for (i = 0; i < sizeof primaries / sizeof *primaries; i++) {
		u = unit_find(str_z(primaries[i]));
		CHECK(u != NULL && !unit_is_secondary(u));
	}
	CHECK(unit_find(STR("cel")) == NULL);
	CHECK(unit_find(STR("kWh ")) == NULL);
	CHECK(unit_find(STR("kWhh")) == NULL);
	CHECK(unit_find(STR("")) == NULL);
	CHECK(unit_find(STR("\xff")) == NULL);
	CHECK(unit_find(STR("!")) == NULL);
	CHECK(unit_find(STR("deg"))->avoided);
	CHECK(!unit_find(STR("rad"))->avoided);
}

static void
test_packs(void)
{
	CHECK(primary("[{\"bver\":26,\"n\":\"a\",\"u\":\"ms\",\"v\":100},"
	    "{\"n\":\"b\",\"u\":\"dBm\",\"v\":10}]",
	    "{\"n\":\"a\",\"u\":\"s\",\"v\":0.1,\"t\":1700000000}\n"
	    "{\"n\":\"b\",\"u\":\"dBW\",\"v\":-20,\"t\":1700000000}\n"));
	CHECK(primary("[{\"n\":\"a\",\"u\":\"kW\",\"v\":1.5,\"s\":2}]",
	    "{\"n\":\"a\",\"u\":\"W\",\"v\":1500,\"s\":2000,"
	    "\"t\":1700000000}\n"));
	CHECK(primary("[{\"n\":\"a\",\"u\":\"kW\",\"s\":2}]",
	    "{\"n\":\"a\",\"u\":\"W\",\"s\":2000,\"t\":1700000000}\n"));
	/* what has no number, or an unknown unit, stays, version and all */
	CHECK(primary("[{\"bver\":26,\"n\":\"a\",\"u\":\"ms\",\"vs\":\"x\"},"
	    "{\"n\":\"b\",\"u\":\"furlong\",\"v\":1},{\"n\":\"c\",\"v\":1}]",
	    "{\"bver\":26,\"n\":\"a\",\"u\":\"ms\",\"vs\":\"x\","
	    "\"t\":1700000000}\n"
	    "{\"bver\":26,\"n\":\"b\",\"u\":\"furlong\",\"v\":1,"
	    "\"t\":1700000000}\n"
	    "{\"n\":\"c\",\"v\":1,\"t\":1700000000}\n"));
	CHECK(primary("[{\"bver\":5,\"n\":\"a\",\"u\":\"m\",\"v\":1.0}]",
	    "{\"bver\":5,\"n\":\"a\",\"u\":\"m\",\"v\":1.0,"
	    "\"t\":1700000000}\n"));
	/* all or nothing */
	CHECK(primary("[{\"n\":\"a\",\"u\":\"ms\",\"v\":1},"
	    "{\"n\":\"b\",\"u\":\"dBm\",\"v\":1,\"s\":1}]", NULL));
	CHECK(primary("[{\"n\":\"a\",\"u\":\"GB\",\"v\":1e300}]", NULL));
}

int
main(void)
{
	pack_init(&pack);
	TEST("the units of the registries, primary and secondary")
		test_registry();
	TEST("a pack is converted to primary units, all or nothing")
		test_packs();
	pack_release(&pack);
	return unit_end();
}
