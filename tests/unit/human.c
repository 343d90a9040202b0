/* SPDX-License-Identifier: Apache-2.0 */
#include "base/human.h"

#include <math.h>

#include "base/str.h"
#include "tests/unit/unit.h"

static const struct {
	double n;
	const char *text;
} sizes[] = {
	{ 0, "0 B" }, { 812, "812 B" }, { 1023, "1023 B" },
	{ 1024, "1.0 KiB" }, { 4.2 * 1048576, "4.2 MiB" },
	/* none is printed as 1024.0 or 100.0 of its unit */
	{ 1023.96 * 1024, "1.0 MiB" }, { 99.96 * 1024, "100 KiB" },
	{ 1e15, "909 TiB" }, { 1e30, "9999 EiB" },
	{ -5, "0 B" }, { NAN, "0 B" },
}, ages[] = {
	{ 0, "0 ms" }, { 0.35, "350 ms" }, { 0.9996, "1 s" }, { 12.9, "12 s" },
	{ 99, "99 s" }, { 200, "3m 20s" }, { 5999, "99m 59s" },
	{ 18120, "5h 2m" }, { 17 * 86400.0 + 4 * 3600, "17d 4h" },
	{ 812 * 86400.0, "812 d" }, { 1e30, "9999 d" },
	{ -1, "0 ms" }, { NAN, "0 ms" },
};

int
main(void)
{
	char text[HUMAN_MAX];
	size_t i;

	TEST("sizes")
		for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			CHECK(strcmp(human_size(text, sizes[i].n),
			    sizes[i].text) == 0);
			CHECK(strlen(text) <= 8);
		}
	TEST("ages")
		for (i = 0; i < sizeof ages / sizeof *ages; i++) {
			CHECK(strcmp(human_age(text, ages[i].n),
			    ages[i].text) == 0);
			CHECK(strlen(text) <= 8);
		}
	return unit_end();
}
