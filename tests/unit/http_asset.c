/* SPDX-License-Identifier: Apache-2.0 */
/* What a client takes, and which part: RFC 9110 12.5.3, 13.1.5, 14.1, 14.2. */
#include "http/asset.h"
#include "http/coding.h"
#include "http/conditions.h"
#include "http/cors.h"
#include "http/range.h"
#include "unit.h"

/* ---- Range ---- */

static uint64_t first, n;

static bool
part(const char *field, uint64_t size, uint64_t want_first, uint64_t want_n)
{
	return http_range_read(str_z(field), size, &first, &n) ==
	    HTTP_RANGE_PART && first == want_first && n == want_n;
}

static bool
all(const char *field, uint64_t size)
{
	return http_range_read(str_z(field), size, &first, &n) ==
	    HTTP_RANGE_ALL;
}

static bool
unsatisfiable(const char *field, uint64_t size)
{
	return http_range_read(str_z(field), size, &first, &n) ==
	    HTTP_RANGE_NOT_SATISFIABLE;
}

static void
test_ranges(void)
{
	CHECK(part("bytes=0-499", 10000, 0, 500));
	CHECK(part("bytes=500-999", 10000, 500, 500));
	CHECK(part("bytes=-500", 10000, 9500, 500));
	CHECK(part("bytes=9500-", 10000, 9500, 500));
	CHECK(part("bytes=0-0", 1, 0, 1));
	CHECK(part("bytes=0-9999999", 10, 0, 10));
	CHECK(part("bytes=-9999999", 10, 0, 10));
	CHECK(part("Bytes= , 1-2 ,", 10, 1, 2));
	CHECK(part("bytes=0-99999999999999999999999999", 10, 0, 10));
	CHECK(part("bytes=-99999999999999999999999999", 10, 0, 10));
	CHECK(part("bytes=000000000000000000000000001-1", 10, 1, 1));
}

static void
test_not_satisfiable(void)
{
	CHECK(unsatisfiable("bytes=10-", 10));
	CHECK(unsatisfiable("bytes=10-20", 10));
	CHECK(unsatisfiable("bytes=0-0", 0));
	CHECK(unsatisfiable("bytes=-0", 10));
	CHECK(unsatisfiable("bytes=18446744073709551616-", 10));
}

static void
test_ignored(void)
{
	static const char *const fields[] = {
		"", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b",
		"bytes=1", "bytes=2-1", "bytes=1-2-3", "bytes=1-2x",
		"bytes=+1-2", "bytes= 1 -2", "bytes=1- 2", "bytes =1-2",
		"bytes=1-2;", "bytes=--1", "bytes=0x1-2", "lines=0-1",
		"byte=0-1", "bytess=0-1", "bytes=0-1,3-4", "bytes=0-1 3-4",
		"bytes=0-1,x", "\xff", "bytes=1-\xff",
	};
	size_t i;

	for (i = 0; i < sizeof fields / sizeof *fields; i++)
		CHECK(all(fields[i], 10));
	CHECK(all("bytes=-5", 0));
}

static void
test_if_range(void)
{
	CHECK(conditions_if_range(STR("\"a\""), "a"));
	CHECK(!conditions_if_range(STR("W/\"a\""), "a"));
	CHECK(!conditions_if_range(STR("\"b\""), "a"));
	CHECK(!conditions_if_range(STR("\"a\", \"a\""), "a"));
	CHECK(!conditions_if_range(STR("a"), "a"));
	CHECK(!conditions_if_range(STR(""), ""));
	CHECK(!conditions_if_range(STR("Sun, 06 Nov 1994 08:49:37 GMT"), "a"));
}

/* ---- Accept-Encoding ---- */

/* "g", "i", "gi" or "": what it takes */
static bool
takes(const char *field, const char *want)
{
	struct http_codings c = http_codings_read(field ? str_z(field) :
	    STR_NONE);

	return c.gzip == (strchr(want, 'g') != NULL) &&
	    c.identity == (strchr(want, 'i') != NULL);
}

static void
test_codings(void)
{
	CHECK(takes(NULL, "i"));
	CHECK(takes("", "i"));
	CHECK(takes("gzip", "gi"));
	CHECK(takes("GZip", "gi"));
	CHECK(takes("x-gzip", "gi"));
	CHECK(takes("compress, gzip", "gi"));
	CHECK(takes("br;q=1.0, gzip;q=0.001", "gi"));
	CHECK(takes("*", "gi"));
	CHECK(takes("deflate, br", "i"));
	CHECK(takes(" gzip ; Q=0.5 , ,", "gi"));
	CHECK(takes("gzip;q=1.000", "gi"));
	CHECK(takes("gzip;q=1.", "gi"));
}

static void
test_qualities(void)
{
	CHECK(takes("gzip;q=0", "i"));
	CHECK(takes("gzip;q=0.000", "i"));
	CHECK(takes("gzip;q=0, *", "i"));
	CHECK(takes("identity, gzip;q=0.5", "i"));
	CHECK(takes("identity;q=0.5, gzip;q=0.5", "gi"));
	CHECK(takes("identity;q=0", ""));
	CHECK(takes("*;q=0", ""));
	CHECK(takes("*;q=0, identity;q=0.1", "i"));
	CHECK(takes("*;q=0, gzip", "g"));
	CHECK(takes("gzip, identity;q=0", "g"));
}

static void
test_malformed(void)
{
	static const char *const fields[] = {
		"gzip;q=2", "gzip;q=1.001", "gzip;q=0.0001", "gzip;q=",
		"gzip;q=a", "gzip;q=-1", "gzip;q=.5", "gzip;x=1", "gzip;",
		"gzip gzip", "gzip;q=1;q=1", "gzip/1", "gzip;q =1",
		"gzip;q= 1", ";q=1", "gzip,\"x\"", "identity;q=0, \xff",
	};
	size_t i;

	for (i = 0; i < sizeof fields / sizeof *fields; i++)
		CHECK(takes(fields[i], "i"));
}

/* ---- assets, origins ---- */

static void
test_assets(void)
{
	struct asset_row rows[] = { { .name = "index.html" },
	    { .name = "css/a.css" } };
	struct str big = STR("aaaaaaaaaa"), small = STR("aaaa");

	asset_make(&rows[0].asset, "text/html", "no-cache", big, small);
	asset_make(&rows[1].asset, "text/css", "no-cache", small, big);
	CHECK(rows[0].asset.gzip.n == small.n);
	CHECK(strcmp(rows[0].asset.tag, rows[0].asset.gzip_tag) != 0);
	CHECK(strlen(rows[0].asset.tag) == ASSET_TAG);
	CHECK(rows[1].asset.gzip.n == 0);
	CHECK(asset_find(rows, 2, STR("index.html")) == &rows[0].asset);
	CHECK(asset_find(rows, 2, STR("css/a.css")) == &rows[1].asset);
	CHECK(asset_find(rows, 2, STR("css%2fa.css")) == NULL);
	CHECK(asset_find(rows, 2, STR("css/../index.html")) == NULL);
	CHECK(asset_find(rows, 2, STR("index.html/")) == NULL);
	CHECK(asset_find(rows, 2, STR("")) == NULL);
	CHECK(asset_find(rows, 2,
	    (struct str){ "index.html\0", 11 }) == NULL);
}

static void
test_origins(void)
{
	struct opt_list list = { { "https://a.example", "http://[::1]:80" },
	    2 };
	struct http_cors c = { &list, 0 };

	CHECK(cors_check("https://a.example") == NULL);
	CHECK(cors_check("capacitor://localhost") == NULL);
	CHECK(cors_check("*") == NULL);
	CHECK(cors_check("null") != NULL);
	CHECK(cors_check("https://a.example/") != NULL);
	CHECK(cors_check("https://") != NULL);
	CHECK(cors_check("a.example") != NULL);
	CHECK(cors_allows(&c, STR("https://A.example")));
	CHECK(cors_allows(&c, STR("http://[::1]:80")));
	CHECK(!cors_allows(&c, STR("http://a.example")));
	CHECK(!cors_allows(&c, STR("https://a.example.org")));
	CHECK(!cors_allows(&c, STR("")));
	CHECK(!cors_allows(NULL, STR("https://a.example")));
	list.n = 0;
	CHECK(!cors_allows(&c, STR("https://a.example")));
}

int
main(void)
{
	TEST("Range: one range of bytes, which ends with what there is")
		test_ranges();
	TEST("Range: one that begins after the end is not satisfiable")
		test_not_satisfiable();
	TEST("Range: several, other units and what is malformed are ignored")
		test_ignored();
	TEST("If-Range: the strong tag alone")
		test_if_range();
	TEST("Accept-Encoding: gzip where it is wanted")
		test_codings();
	TEST("Accept-Encoding: q values, and what is excluded")
		test_qualities();
	TEST("Accept-Encoding: what is malformed says nothing")
		test_malformed();
	TEST("assets: found by their whole name, a gzip form when shorter")
		test_assets();
	TEST("origins: compared whole")
		test_origins();
	return unit_end();
}
