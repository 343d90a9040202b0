/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "bus/driver.h"

bool
bus_name_valid(struct str s)
{
	size_t i;

	if (s.n == 0 || s.n > BUS_NAME_MAX)
		return false;
	for (i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z');

		if (!alnum && (i == 0 || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	/* file_replace's */
	return s.n < 4 || memcmp(s.p + s.n - 4, ".new", 4) != 0;
}

static int
names_parse(const char *text, bool has_group, char stream[BUS_NAME_MAX + 1],
    char group[BUS_NAME_MAX + 1], struct fault *fault)
{
	const char *slash = strchr(text, '/');
	struct str s = { text, slash ? (size_t)(slash - text) : strlen(text) };
	struct str g = str_z(slash ? slash + 1 : "");

	if (!bus_name_valid(s) || (has_group && !bus_name_valid(g)))
		return fault_set(fault, EX_USAGE, has_group ?
		    "invalid STREAM/GROUP '%s': use letters, digits, '.', '_' "
		        "and '-'" : "invalid stream name '%s'",
		    text);
	memcpy(stream, s.p, s.n);
	stream[s.n] = '\0';
	memcpy(group, g.p, g.n + 1);
	return 0;
}

int
bus_group_parse(const char *text, char stream[BUS_NAME_MAX + 1],
    char group[BUS_NAME_MAX + 1], struct fault *fault)
{
	return names_parse(text, true, stream, group, fault);
}

int
bus_operand_parse(const char *text, char stream[BUS_NAME_MAX + 1],
    char group[BUS_NAME_MAX + 1], struct fault *fault)
{
	return names_parse(text, strchr(text, '/') != NULL, stream, group,
	    fault);
}

void
near_name_try(struct near_name *n, const char *name)
{
	nearest_try(&n->near, name);
	if (n->near.best != name)
		return;
	snprintf(n->best, sizeof n->best, "%s", name);
	n->near.best = n->best;
}
