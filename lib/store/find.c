/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "store/pipe/pipe.h"
#include "store/sqlite/sqlite.h"

/* those that a program which reads any store is linked with */
static const struct store_driver *const find_linked[] = { &store_sqlite };
#define FIND_LINKED (sizeof find_linked / sizeof *find_linked)

/* how long the NAME of NAME:PLACE is; 0: there is none, as in a path */
static size_t
find_name(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return text[n] == ':' ? n : 0;
}

const struct store_driver *
store_find(const char *text, const char **place, struct fault *fault)
{
	size_t i, n = find_name(text);

	*place = text;
	if (n == 0)
		return find_linked[0];
	for (i = 0; i < FIND_LINKED; i++)
		if (str_eq((struct str){ text, n },
		    str_z(find_linked[i]->name))) {
			*place = text + n + 1;
			return find_linked[i];
		}
	if (pipe_exists(text))
		return &store_pipe;
	fault_set(fault, EX_USAGE, "'%.*s:': there is no program mfx-read-%.*s",
	    (int)n, text, (int)n, text);
	return NULL;
}

size_t
store_shown(const char *text)
{
	size_t i, n = find_name(text);

	/* a file has no password */
	for (i = 0; i < FIND_LINKED; i++)
		if (str_eq((struct str){ text, n },
		    str_z(find_linked[i]->name)))
			return strlen(text);
	return n > 0 ? n + 1 : strlen(text);
}
