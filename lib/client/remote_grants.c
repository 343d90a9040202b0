/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "client/client.h"
#include "client/session.h"

/* of a page: 100 of them, whose names may be escaped */
#define GRANTS_BYTES_MAX ((size_t)2 << 20)
#define GRANTS_PATH_MAX 128

/* what is shared comes last, by enum grant_kind */
enum { ID, OWNER, EMAIL, LEVEL, NAME, ACCEPTED, CREATED, ITEMS,
	FIELDS = ITEMS + GRANT_KINDS };
static const char *const remote_grant_items[GRANT_KINDS] = {
	"thing_id", "channel_id", "group_id"
};

/* valid as long as what session_read gives */
static int
remote_grant_read(struct session *s, struct str json, struct grant *g,
    struct fault *fault)
{
	struct object_field f[FIELDS] = {
		[ID] = { .name = "id", .type = OBJECT_TEXT },
		[OWNER] = { .name = "owner", .type = OBJECT_TEXT },
		[EMAIL] = { .name = "email", .type = OBJECT_TEXT },
		[LEVEL] = { .name = "level", .type = OBJECT_TEXT },
		[NAME] = { .name = "name", .type = OBJECT_TEXT },
		[ACCEPTED] = { .name = "accepted", .type = OBJECT_ANY },
		[CREATED] = { .name = "created", .type = OBJECT_NUMBER },
	};
	int kind;

	for (kind = 0; kind < GRANT_KINDS; kind++)
		f[ITEMS + kind] = (struct object_field){
		    .name = remote_grant_items[kind], .type = OBJECT_TEXT };
	if (session_read(s, json, f, FIELDS, fault) < 0)
		return -1;
	for (kind = 0; kind < GRANT_KINDS - 1; kind++)
		if (f[ITEMS + kind].value.p != NULL)
			break;
	*g = (struct grant){
		.id = f[ID].value, .owner = f[OWNER].value,
		.email = f[EMAIL].value, .name = f[NAME].value,
		.kind = (enum grant_kind)kind, .item = f[ITEMS + kind].value,
		.accepted = str_eq(f[ACCEPTED].value, STR("true")),
		.level = grant_level_parse(f[LEVEL].value),
	};
	return uuid_valid(g->id) && g->level > 0 && uuid_valid(g->item) &&
	    email_fault(g->owner) == NULL && email_fault(g->email) == NULL &&
	    stamp_parse(f[CREATED].value, stamp_now(), &g->created) ? 0 :
	    session_unexpected(s, "a grant", fault);
}

/* What can't be an id need not be asked for, and has no place in a path. */
static int
remote_grant_ask(struct session *s, const char *method, struct str id,
    const char *more, struct fault *fault)
{
	char path[GRANTS_PATH_MAX];
	struct ask ask = {
		.method = method, .path = path, .change = method != NULL
	};

	if (!uuid_valid(id))
		return fault_set(fault, 1, "no grant '%.*s'", STR_ARG(id));
	snprintf(path, sizeof path, "/grants/%.*s%s", STR_ARG(id), more);
	return session_ask(s, &ask, fault);
}

int
remote_grant_make(struct client *c, const struct grant *g,
    char id[ID_TEXT + 1], struct fault *fault)
{
	struct session *s = c->session;
	struct ask ask = {
		.method = "POST", .path = "/grants", .change = true
	};
	struct object_field f[] = {
		{ .name = "email", .type = OBJECT_TEXT, .value = g->email },
		{ .name = "level", .type = OBJECT_TEXT,
		    .value = grant_level_word(g->level) },
		{ .name = remote_grant_items[g->kind], .type = OBJECT_TEXT,
		    .value = g->item },
	};
	struct grant made;

	if (session_send(s, &ask, f, 3, fault) < 0 ||
	    remote_grant_read(s, buf_str(&s->body), &made, fault) < 0)
		return -1;
	snprintf(id, ID_TEXT + 1, "%.*s", STR_ARG(made.id));
	return 0;
}

int
remote_grant_accept(struct client *c, struct str id, struct fault *fault)
{
	return remote_grant_ask(c->session, "POST", id, "/accept", fault);
}

int
remote_grant_end(struct client *c, struct str id, struct fault *fault)
{
	return remote_grant_ask(c->session, "DELETE", id, "", fault);
}

int
remote_grant_find(struct client *c, struct str id,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *fault)
{
	struct session *s = c->session;
	struct grant g;

	if (remote_grant_ask(s, NULL, id, "", fault) < 0 ||
	    remote_grant_read(s, buf_str(&s->body), &g, fault) < 0)
		return -1;
	return each(arg, &g, fault) < 0 ? -1 : 0;
}

/* `cursor` becomes that of the next page, or ""; as `each` */
static int
remote_grant_page(struct session *s, char cursor[24],
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "next", .type = OBJECT_TEXT },
		{ .name = "grants", .type = OBJECT_TEXTS },
	};
	struct object_array array;
	struct str element;
	struct grant g;
	int got, result;

	if (session_read(s, buf_str(&s->body), f, 2, fault) < 0)
		return -1;
	if (f[1].value.p == NULL || f[0].value.n >= 24 ||
	    (f[0].value.n > 0 && str_eq(f[0].value, str_z(cursor))))
		return session_unexpected(s, "a list of grants", fault);
	snprintf(cursor, 24, "%.*s", STR_ARG(f[0].value));
	object_array_init(&array, f[1].value, &s->scratch);
	while ((got = object_array_next(&array, &element)) > 0) {
		if (remote_grant_read(s, element, &g, fault) < 0)
			return -1;
		if ((result = each(arg, &g, fault)) != 0)
			return result;
	}
	return got == 0 ? 0 : session_unexpected(s, "a list of grants",
	    fault);
}

int
remote_grant_each(struct client *c, enum grant_side side,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *fault)
{
	static const char *const sides[] = { "", "&side=given",
	    "&side=received" };
	char path[GRANTS_PATH_MAX], cursor[24] = "";
	struct ask ask = { .path = path, .limit = GRANTS_BYTES_MAX };
	struct session *s = c->session;
	int result;

	do {
		/* the cursor is the server's: only digits go into the path */
		if (strspn(cursor, "0123456789") != strlen(cursor))
			return session_unexpected(s, "a cursor", fault);
		snprintf(path, sizeof path, "/grants?limit=100&cursor=%s%s",
		    cursor, sides[side]);
		result = session_ask(s, &ask, fault);
		if (result == 0)
			result = remote_grant_page(s, cursor, each, arg,
			    fault);
	} while (result == 0 && cursor[0] != '\0');
	return result < 0 ? -1 : 0;
}
