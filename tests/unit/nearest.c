/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <string.h>

#include "tests/unit/unit.h"

static const char *const words[] = {
	"list", "create", "remove", "stat", "user", "keep-bytes", NULL
};

static const char *
near(const char *typed)
{
	struct nearest n;
	int i;

	nearest_start(&n, str_z(typed));
	for (i = 0; words[i] != NULL; i++)
		nearest_try(&n, words[i]);
	return n.best ? n.best : "";
}

static bool
is(const char *typed, const char *want)
{
	return strcmp(near(typed), want) == 0;
}

int
main(void)
{
	char hint[NEAREST_HINT], giant[300];
	struct nearest n;

	TEST("a typing mistake is near to what was meant") {
		CHECK(is("lst", "list"));
		CHECK(is("usr", "user"));
		CHECK(is("lsit", "list"));
		CHECK(is("craete", "create"));
		CHECK(is("rm", ""));
		CHECK(is("remov", "remove"));
		CHECK(is("keep", "keep-bytes"));
		CHECK(is("keep_byte", "keep-bytes"));
	}
	TEST("another word is not") {
		CHECK(is("cat", ""));
		CHECK(is("can", ""));
		CHECK(is("frobnicate", ""));
		CHECK(is("", ""));
		CHECK(is("s", ""));
		memset(giant, 'x', sizeof giant - 1);
		giant[sizeof giant - 1] = '\0';
		CHECK(is(giant, ""));
	}
	TEST("the hint names the nearest, as an option or a verb") {
		nearest_start(&n, STR("usr"));
		CHECK(strcmp(nearest_hint(&n, "--", hint), "") == 0);
		nearest_try(&n, "user");
		CHECK(strcmp(nearest_hint(&n, "--", hint),
		    "; nearest is '--user'") == 0);
		nearest_try(&n, giant);
		CHECK(strcmp(n.best, "user") == 0);
	}
	return unit_end();
}
