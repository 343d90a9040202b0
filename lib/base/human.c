/* SPDX-License-Identifier: Apache-2.0 */
#include "base/human.h"

#include <stdio.h>
#include <string.h>

const char *
human_size(char to[HUMAN_MAX], double bytes)
{
	static const char *const units[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB",
	};
	size_t i = 0;

	if (!(bytes > 0))
		bytes = 0;
	/* 1023.95 would be printed as 1024.0 */
	while (bytes >= 1023.95 && i + 1 < sizeof units / sizeof *units) {
		bytes /= 1024;
		i++;
	}
	if (bytes > 9999)
		bytes = 9999;
	snprintf(to, HUMAN_MAX, i == 0 || bytes >= 99.95 ? "%.0f %s" :
	    "%.1f %s", bytes, units[i]);
	return to;
}

const char *
human_age(char to[HUMAN_MAX], double seconds)
{
	long n;

	if (!(seconds > 0))
		seconds = 0;
	if (seconds > 9999 * 86400.0)
		seconds = 9999 * 86400.0;
	n = (long)seconds;
	if (seconds < 0.9995)
		snprintf(to, HUMAN_MAX, "%.0f ms", seconds * 1000);
	else if (n < 100)
		snprintf(to, HUMAN_MAX, "%ld s", n > 0 ? n : 1);
	else if (n < 6000)
		snprintf(to, HUMAN_MAX, "%ldm %lds", n / 60, n % 60);
	else if (n < 100 * 3600)
		snprintf(to, HUMAN_MAX, "%ldh %ldm", n / 3600, n / 60 % 60);
	else if (n < 100 * 86400)
		snprintf(to, HUMAN_MAX, "%ldd %ldh", n / 86400, n / 3600 % 24);
	else
		snprintf(to, HUMAN_MAX, "%ld d", n / 86400);
	return to;
}

const char *
human_number(char to[HUMAN_MAX], double n, double step)
{
	static const char units[] = " kMGTPE";
	int i = 0;

	if (n < 0)
		return "-";
	/* what would be rounded to four digits is of the next unit */
	for (; n >= 999.5 && units[i + 1] != '\0'; i++)
		n /= step;
	snprintf(to, HUMAN_MAX, n < 9.95 && (i > 0 || n > 0) ? "%.1f" : "%.0f",
	    n);
	if (i > 0)
		snprintf(to + strlen(to), 2, "%c", units[i]);
	return to;
}

const char *
human_age_short(char to[HUMAN_MAX], double seconds)
{
	static const struct {
		double each;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	if (!(seconds > 0))
		seconds = 0;
	if (seconds > 9999 * 86400.0)
		seconds = 9999 * 86400.0;
	while (seconds < 2 * units[i].each && units[i].each > 1)
		i++;
	snprintf(to, HUMAN_MAX, "%ld%c", (long)(seconds / units[i].each),
	    units[i].unit);
	return to;
}
