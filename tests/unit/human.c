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

static const struct {
	double n, step;
	const char *text;
} numbers[] = {
	{ -1, 1000, "-" }, { 0, 1000, "0" }, { 0.25, 1000, "0.2" },
	{ 12, 1000, "12" }, { 999.4, 1000, "999" }, { 999.6, 1000, "1.0k" },
	{ 12300, 1000, "12k" }, { 2 * 1048576, 1024, "2.0M" },
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
	TEST("numbers")
		for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
			CHECK(strcmp(human_number(text, numbers[i].n,
			    numbers[i].step), numbers[i].text) == 0);
	TEST("ages in one unit")
		CHECK(strcmp(human_age_short(text, 119), "119s") == 0 &&
		    strcmp(human_age_short(text, 121), "2m") == 0 &&
		    strcmp(human_age_short(text, 1e6), "11d") == 0);
	TEST("ages")
		for (i = 0; i < sizeof ages / sizeof *ages; i++) {
			CHECK(strcmp(human_age(text, ages[i].n),
			    ages[i].text) == 0);
			CHECK(strlen(text) <= 8);
		}
	return unit_end();
}
