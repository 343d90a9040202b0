/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "client/client.h"
#include "client/session.h"

/* of a page */
#define GUESTS_BYTES_MAX ((size_t)1 << 20)
#define GUESTS_CURSOR_MAX 48

struct remote_guest {
	char channel[ID_TEXT + 1], thing[ID_TEXT + 1];
	unsigned direction;
};

struct remote_guests {
	char grants[GRANTS_MAX][ID_TEXT + 1];
	size_t n_grants;
	struct remote_guest *v;
	size_t n, cap;
};

static int
remote_keep_grant(void *arg, const struct grant *g, struct fault *fault)
{
	struct remote_guests *all = arg;

	if (!g->accepted)
		return 0;
	if (all->n_grants == GRANTS_MAX)
		return fault_set(fault, EX_UNAVAILABLE, "more than %d grants "
		    "of one user", GRANTS_MAX);
	snprintf(all->grants[all->n_grants++], ID_TEXT + 1, "%.*s",
	    STR_ARG(g->id));
	return 0;
}

static int
remote_keep_guest(struct session *s, struct remote_guests *all,
    struct str json, struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "channel_id", .type = OBJECT_TEXT },
		{ .name = "thing_id", .type = OBJECT_TEXT },
		{ .name = "direction", .type = OBJECT_TEXT },
	};
	struct remote_guest *to;

	if (session_read(s, json, f, 3, fault) < 0)
		return -1;
	if (!uuid_valid(f[0].value) || !uuid_valid(f[1].value) ||
	    direction_parse(f[2].value) == 0)
		return session_unexpected(s, "a guest connection", fault);
	if (all->n == all->cap) {
		all->cap = all->cap ? 2 * all->cap : 64;
		all->v = memory_resize(all->v, all->cap * sizeof *all->v);
	}
	to = &all->v[all->n++];
	snprintf(to->channel, sizeof to->channel, "%.*s",
	    STR_ARG(f[0].value));
	snprintf(to->thing, sizeof to->thing, "%.*s", STR_ARG(f[1].value));
	to->direction = direction_parse(f[2].value);
	return 0;
}

/* `cursor` becomes that of the next page, or "" */
static int
remote_guest_page(struct session *s, struct remote_guests *all,
    char cursor[GUESTS_CURSOR_MAX], struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "next", .type = OBJECT_TEXT },
		{ .name = "guests", .type = OBJECT_TEXTS },
	};
	struct object_array array;
	struct str element;
	int got;

	if (session_read(s, buf_str(&s->body), f, 2, fault) < 0)
		return -1;
	if (f[1].value.p == NULL || f[0].value.n >= GUESTS_CURSOR_MAX ||
	    (f[0].value.n > 0 && str_eq(f[0].value, str_z(cursor))))
		return session_unexpected(s, "a list of guests", fault);
	snprintf(cursor, GUESTS_CURSOR_MAX, "%.*s", STR_ARG(f[0].value));
	object_array_init(&array, f[1].value, &s->scratch);
	while ((got = object_array_next(&array, &element)) > 0)
		if (remote_keep_guest(s, all, element, fault) < 0)
			return -1;
	return got == 0 ? 0 : session_unexpected(s, "a list of guests",
	    fault);
}

static int
remote_guests_of(struct session *s, struct remote_guests *all,
    const char *grant, struct fault *fault)
{
	char path[ID_TEXT + GUESTS_CURSOR_MAX + 32];
	char cursor[GUESTS_CURSOR_MAX] = "";
	struct ask ask = { .path = path, .limit = GUESTS_BYTES_MAX };
	int result;

	do {
		/* the cursor is the server's */
		if (strspn(cursor, "0123456789.") != strlen(cursor))
			return session_unexpected(s, "a cursor", fault);
		snprintf(path, sizeof path, "/grants/%s/guests?cursor=%s",
		    grant, cursor);
		result = session_ask(s, &ask, fault);
		if (result == 0)
			result = remote_guest_page(s, all, cursor, fault);
	} while (result == 0 && cursor[0] != '\0');
	/* it has ended since */
	return result < 0 && fault->status == 1 ? 0 : result;
}

static int
remote_compare_guests(const void *a, const void *b)
{
	const struct remote_guest *x = a, *y = b;
	int c = strcmp(x->channel, y->channel);

	return c != 0 ? c : strcmp(x->thing, y->thing);
}

int
remote_guests(struct client *c, int (*each)(void *,
    const struct item_pair *, struct fault *), void *arg, struct fault *fault)
{
	struct remote_guests *all = memory_zero(1, sizeof *all);
	struct item_pair pair;
	int result;
	size_t i;

	result = remote_grant_each(c, GRANTS_RECEIVED, remote_keep_grant, all,
	    fault);
	for (i = 0; i < all->n_grants && result == 0; i++)
		result = remote_guests_of(c->session, all, all->grants[i],
		    fault);
	if (all->n > 1)
		qsort(all->v, all->n, sizeof *all->v, remote_compare_guests);
	for (i = 0; i < all->n && result == 0; i++) {
		pair = (struct item_pair){ str_z(all->v[i].channel),
		    str_z(all->v[i].thing), all->v[i].direction };
		result = each(arg, &pair, fault);
	}
	free(all->v);
	free(all);
	return result;
}
