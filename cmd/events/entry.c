/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/events/entry.h"

#include "json/json.h"

/* What Mainflux has.  Of these events it has all fields but `tags`, `direction`
 * and `by`. */
static const char *const entry_things[] = {
	"thing.create", "thing.update", "thing.remove", "thing.connect",
	"thing.disconnect", "channel.create", "channel.update",
	"channel.remove", NULL
};
static const char *const entry_bootstrap[] = {
	"config.create", "config.update", "config.remove", "thing.bootstrap",
	"thing.state_change", "thing.update_connections", NULL
};

static bool
entry_is_known(struct str operation, enum entry_service service)
{
	const char *const *known = service == ENTRY_BOOTSTRAP ?
	    entry_bootstrap : entry_things;

	for (; *known != NULL; known++)
		if (str_eq(operation, str_z(*known)))
			return true;
	return service == ENTRY_ALL;
}

static bool
entry_is_wanted(struct str name, struct str value)
{
	return value.n > 0 && !str_eq(value, STR("{}")) &&
	    !str_eq(name, STR("tags")) && !str_eq(name, STR("direction")) &&
	    !str_eq(name, STR("by"));
}

/* A string is decoded. */
static const char *
entry_value(struct scan *j, const char *p, struct str *value)
{
	const char *end;

	if (p < j->end && *p == '"')
		return scan_string(j, p + 1, value);
	end = scan_skip(j, p);
	if (end != NULL)
		*value = (struct str){ p, (size_t)(end - p) };
	return end;
}

static const char *
entry_member(struct scan *j, const char *p, struct str *name,
    struct str *value)
{
	if ((p = scan_take(j, p, '"')) == NULL ||
	    (p = scan_string(j, p, name)) == NULL ||
	    (p = scan_take(j, p, ':')) == NULL)
		return NULL;
	return entry_value(j, scan_space(j, p), value);
}

int
entry_words(struct str members, enum entry_service service, struct str *words,
    int most, struct arena *arena)
{
	bool all = service == ENTRY_ALL;
	struct scan j = { .end = members.p + members.n, .arena = arena };
	const char *p = members.p, *next;
	struct str name, value;
	int n = 0;

	for (;; p = next) {
		p = entry_member(&j, p, &name, &value);
		if (p == NULL || n + 2 > most)
			return -1;
		if (n == 0 && !str_eq(name, STR("operation")))
			return -1;
		if (n == 0 && !entry_is_known(value, service))
			return 0;
		if (all || entry_is_wanted(name, value)) {
			words[n++] = name;
			words[n++] = value;
		}
		if ((next = scan_take(&j, p, ',')) == NULL)
			break;
	}
	p = scan_take(&j, p, '}');
	return p == j.end ? n : -1;
}
