/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_TESTS_UNIT_H
#define MFX_TESTS_UNIT_H

#include <stdbool.h>
#include <stdio.h>

/*
 * A unit test: main() is a list of tests, each with a title that says what it
 * shows, and ends with `return unit_end();`.
 *
 *	TEST("a seq stands once, in front of the first record") {
 *		CHECK(seq_of(line) == 7);
 *		CHECK(!refused(line));
 *	}
 *
 * What is printed is TAP: a line for each test, and below one that failed the
 * place of every CHECK in it that did not hold.  A CHECK outside of all tests
 * prepares or cleans up: it is heard of only when it fails.
 */
static const char *unit_title;
static int unit_tests, unit_failures;
static bool unit_failed;	/* this test, as far as it has come */

static inline bool
unit_begin(const char *title)
{
	unit_title = title;
	unit_tests++;
	unit_failed = false;
	return true;
}

static inline bool
unit_close(void)
{
	if (!unit_failed)
		printf("ok %d - %s\n", unit_tests, unit_title);
	/* seen also when the next one ends with a signal */
	fflush(stdout);
	unit_title = NULL;
	return false;
}

static inline void
unit_check(bool holds, const char *file, int line, const char *condition)
{
	if (holds)
		return;
	if (unit_title == NULL)
		unit_begin("what the tests need is there");
	if (!unit_failed)
		printf("not ok %d - %s\n", unit_tests, unit_title);
	printf("# %s:%d: %s\n", file, line, condition);
	unit_failures += !unit_failed;
	unit_failed = true;
}

static inline int
unit_end(void)
{
	/* what it checks would be heard of only when it fails */
	if (unit_tests == 0)
		unit_check(false, __FILE__, __LINE__, "there is a TEST");
	printf("1..%d\n", unit_tests);
	return unit_failures > 0;
}

#define TEST(title)							\
	for (bool unit_open = unit_begin(title); unit_open;		\
	    unit_open = unit_close())

#define CHECK(condition)						\
	unit_check(condition, __FILE__, __LINE__, #condition)

#endif
