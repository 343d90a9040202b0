/* SPDX-License-Identifier: Apache-2.0 */
/* Preconditions: RFC 9110 8.8.3, 13.1 and 13.2.2. */
#include "http/conditions.h"
#include "tests/unit/unit.h"

/* the status with these fields, "" for none, of what has the tag "a" */
static unsigned
status(const char *match, const char *none_match, bool reads)
{
	struct conditions c = { .reads = reads };

	if (*match)
		c.match = str_z(match);
	if (*none_match)
		c.none_match = str_z(none_match);
	return conditions_status(&c, true, "a");
}

static void
check_form(void)
{
	static const char *const good[] = {
		"*", " * ", "\"\"", "\"a\"", "W/\"a\"", "\"a\",\"b\"",
		"\"a\" , W/\"b\"\t", ",\"a\",,", "\"a,b\"", "\"*\"",
		"\"a\\\"", "\"\x80\xff\"",
	};
	static const char *const bad[] = {
		"", " ", ",", "a", "\"a", "a\"", "w/\"a\"", "W/", "W/a",
		"W /\"a\"", "*,\"a\"", "\"a\",*", "**", "\"a\"\"b\"",
		"\"a\" \"b\"", "\"a\";", "\"a b\"", "\"a\tb\"", "\"\x7f\"",
		"\"a\",b", "'a'",
	};
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		CHECK(conditions_valid(str_z(good[i])));
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!conditions_valid(str_z(bad[i])));
}

static void
check_status(void)
{
	struct conditions any = { .match = STR("*") };

	/* 13.1.1, compared strongly */
	CHECK(status("*", "", false) == 0);
	CHECK(status("\"b\", \"a\"", "", false) == 0);
	CHECK(status("W/\"a\"", "", false) == 412);
	CHECK(status("\"b\"", "", true) == 412);
	CHECK(status("\"b,a\"", "", true) == 412);
	/* 13.1.2, compared weakly */
	CHECK(status("", "*", true) == 304);
	CHECK(status("", "*", false) == 412);
	CHECK(status("", "W/\"a\"", true) == 304);
	CHECK(status("", "\"b\",\"a\"", false) == 412);
	CHECK(status("", "\"b\"", false) == 0);
	/* 13.2.2: If-Match first */
	CHECK(status("\"b\"", "\"a\"", true) == 412);
	CHECK(status("\"a\"", "\"a\"", true) == 304);
	CHECK(status("\"a\"", "\"a\"", false) == 412);
	CHECK(status("\"a\"", "\"b\"", false) == 0);
	/* what is not there, and what has no tag */
	CHECK(conditions_status(&any, false, "a") == 412);
	CHECK(conditions_status(&any, true, NULL) == 0);
	any = (struct conditions){ .none_match = STR("*") };
	CHECK(conditions_status(&any, false, NULL) == 0);
	any = (struct conditions){ .match = STR("\"a\"") };
	CHECK(conditions_status(&any, true, NULL) == 412);
}

int
main(void)
{
	TEST("entity tags and lists of them (RFC 9110 8.8.3)")
		check_form();
	TEST("If-Match and If-None-Match (RFC 9110 13.1, 13.2.2)")
		check_status();
	return unit_end();
}
