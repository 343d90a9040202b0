/* SPDX-License-Identifier: Apache-2.0 */
/* Which paths fit a row, and what the rows say together. */
#include "api/routes.h"
#include "tests/unit/unit.h"

static struct str ids[CTX_IDS];

static bool
fits(const char *pattern, const char *path)
{
	ids[0] = ids[1] = STR_NONE;
	return routes_path_fits(pattern, str_z(path), ids);
}

static void
check_segments(void)
{
	CHECK(fits("/things", "/things"));
	CHECK(!fits("/things", "/things/"));
	CHECK(!fits("/things", "/thing"));
	CHECK(!fits("/things", "//things"));
	CHECK(!fits("/things", ""));
	CHECK(fits("/things/:id", "/things/a") &&
	    str_eq(ids[0], STR("a")));
	CHECK(fits("/things/:id", "/things/") && ids[0].n == 0);
	CHECK(!fits("/things/:id", "/things/a/b"));
	CHECK(fits("/channels/:id/things/:id", "/channels/a/things/b") &&
	    str_eq(ids[0], STR("a")) && str_eq(ids[1], STR("b")));
}

static void
check_tail(void)
{
	CHECK(fits("/web/*", "/web/a") && str_eq(ids[0], STR("a")));
	CHECK(fits("/web/*", "/web/css/a.css") &&
	    str_eq(ids[0], STR("css/a.css")));
	CHECK(fits("/web/*", "/web//a") && str_eq(ids[0], STR("/a")));
	CHECK(!fits("/web/*", "/web/"));
	CHECK(!fits("/web/*", "/web"));
	CHECK(!fits("/web/*", "/webs/a"));
	CHECK(fits("/x/:id/*", "/x/a/b/c") && str_eq(ids[0], STR("a")) &&
	    str_eq(ids[1], STR("b/c")));
}

/* what needs no token is bounded, and reads nothing of a user's */
static void
check_rows(void)
{
	const struct api_route *route;

	for (route = api_routes; route->method != NULL; route++) {
		bool open = route->flags & API_OPEN;

		CHECK(!open || route->scope == 0);
		CHECK(!open || strcmp(route->method, "POST") != 0 ||
		    route->body > 0);
		CHECK((route->scope & ~(unsigned)TOKEN_ALL) == 0);
	}
}

int
main(void)
{
	TEST("a path fits by its segments")
		check_segments();
	TEST("a tail fits one segment or several, but not none")
		check_tail();
	TEST("a row without a token has no scope, and limits its body")
		check_rows();
	return unit_end();
}
