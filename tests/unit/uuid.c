/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/uuid.h"

#include <string.h>

#include "unit.h"

#define GOOD "0189fa7e-c0de-7abc-8def-0123456789ab"

/* each byte at each place: a dash, or a digit in lower case */
static void
test_every_byte(void)
{
	char text[ID_TEXT + 1] = GOOD;
	size_t at, wrong = 0;
	int c;

	for (at = 0; at < ID_TEXT; at++) {
		for (c = 0; c < 256; c++) {
			text[at] = (char)c;
			wrong += uuid_valid((struct str){ text, ID_TEXT }) !=
			    (GOOD[at] == '-' ? c == '-' : c != '\0' &&
			    strchr("0123456789abcdef", c) != NULL);
		}
		text[at] = GOOD[at];
	}
	CHECK(wrong == 0);
}

static void
test_length(void)
{
	CHECK(uuid_valid(STR(GOOD)));
	CHECK(!uuid_valid(STR_NONE));
	CHECK(!uuid_valid((struct str){ GOOD, ID_TEXT - 1 }));
	CHECK(!uuid_valid((struct str){ GOOD "0", ID_TEXT + 1 }));
}

static void
test_made(void)
{
	char text[ID_TEXT + 1];

	uuid_make(text);
	CHECK(uuid_valid(str_z(text)) && text[14] == '7');
	uuid_make_secret(text);
	CHECK(uuid_valid(str_z(text)) && text[14] == '4');
}

int
main(void)
{
	TEST("every byte at every place of an id")
		test_every_byte();
	TEST("an id has one length")
		test_length();
	TEST("ids and secrets that are made are valid")
		test_made();
	return unit_end();
}
