/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/sqlite.h"

static const struct store_driver *const drivers[] = { &store_sqlite };

const struct store_driver *
store_find(const char *text, const char **place)
{
	size_t i, n = strcspn(text, ":");

	for (i = 0; text[n] == ':' && i < sizeof drivers / sizeof *drivers;
	    i++)
		if (str_eq((struct str){ text, n }, str_z(drivers[i]->name))) {
			*place = text + n + 1;
			return drivers[i];
		}
	*place = text;
	return drivers[0];
}
