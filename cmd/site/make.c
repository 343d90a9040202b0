/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/make.h"

#include <sysexits.h>

#include "base/diag.h"
#include "base/file.h"
#include "cmd/site/refs.h"

/* answers to one batch: ids, names and keys */
#define MAKE_ANSWER_MAX ((size_t)1 << 28)

bool make_new_keys;

/* ---- users ---- */

int
make_users(struct client *c, struct site_row *const *v, size_t n, size_t *at,
    struct buf *made, struct fault *fault)
{
	(void)made;
	for (*at = 0; *at < n; ++*at) {
		const struct str *m = v[*at]->v;
		const struct client_user user = {
			.id = m[SITE_ID], .email = m[SITE_EMAIL],
			.metadata = m[SITE_METADATA],
			.hash = m[SITE_PASSWORD]
		};

		if (c->backend->user_restore(c, &user, fault) < 0)
			return -1;
	}
	return 0;
}

int
make_user_updates(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	(void)made;
	for (*at = 0; *at < n; ++*at) {
		const struct site_row *row = v[*at];

		if (row->differs & SITE_BIT(SITE_METADATA) &&
		    c->backend->user_set_metadata(c, row->v[SITE_METADATA],
		    fault) < 0)
			return -1;
		if (row->differs & SITE_BIT(SITE_PASSWORD) &&
		    c->backend->user_set_hash(c, row->v[SITE_PASSWORD],
		    fault) < 0)
			return -1;
	}
	return 0;
}

/* what they had has been removed by then */
int
make_user_removals(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	struct client_removal removal = { .all = false };

	(void)v;
	(void)made;
	for (*at = 0; *at < n; ++*at)
		if (c->backend->user_remove(c, &removal, fault) < 0)
			return -1;
	return 0;
}

/* ---- things, channels and connections ---- */

/* a change of these members */
static void
make_fill(struct change *change, const struct site_row *row, unsigned members)
{
	static const struct {
		enum site_member from;
		enum change_member to;
	} same[] = {
		{ SITE_ID, MEMBER_ID }, { SITE_NAME, MEMBER_NAME },
		{ SITE_METADATA, MEMBER_METADATA }, { SITE_TAGS, MEMBER_TAGS },
		{ SITE_STATUS, MEMBER_STATUS }, { SITE_KEY, MEMBER_KEY },
		{ SITE_CHANNEL, MEMBER_CHANNEL }, { SITE_THING, MEMBER_THING },
		{ SITE_GROUP, MEMBER_GROUP }, { SITE_PARENT, MEMBER_PARENT },
		{ SITE_DESCRIPTION, MEMBER_DESCRIPTION },
	};
	size_t i;

	for (i = 0; i < sizeof same / sizeof *same; i++)
		if (members & SITE_BIT(same[i].from))
			change->given |= same[i].to;
	change->id = row->v[SITE_ID];
	change->name = row->v[SITE_NAME];
	change->metadata = row->v[SITE_METADATA];
	change->tags = row->v[SITE_TAGS];
	change->disabled = str_eq(row->v[SITE_STATUS], item_status(true));
	change->key = members & SITE_BIT(SITE_KEY) ? row->v[SITE_KEY] :
	    STR_NONE;
	change->channel = row->v[SITE_CHANNEL];
	change->thing = row->v[SITE_THING];
	change->direction = direction_parse(row->v[SITE_DIRECTION]);
	change->group = row->v[SITE_GROUP];
	change->description = row->v[SITE_DESCRIPTION];
	change->parent = members & SITE_BIT(SITE_PARENT) ?
	    row->v[SITE_PARENT] : STR_NONE;
}

static unsigned
make_members(const struct site_row *row, enum change_verb verb)
{
	switch (verb) {
	case CHANGE_CREATE:
		return (row->given | (make_new_keys ? 0 :
		    SITE_BIT(SITE_KEY))) & row->kind->may;
	case CHANGE_UPDATE:
		return row->differs | SITE_BIT(SITE_ID);
	default:
		return row->kind->identity;
	}
}

/* the answer of a creation has the keys */
static void
make_keep_keys(struct site_row *const *v, size_t n, struct str answer,
    struct buf *made)
{
	struct str line;
	size_t i;

	for (i = 0; i < n && str_take_line(&answer, &line); i++)
		if (!(v[i]->given & SITE_BIT(SITE_KEY))) {
			buf_put_str(made, line);
			buf_putc(made, '\n');
		}
}

static int
make_changes(struct client *c, enum change_verb verb,
    struct site_row *const *v, size_t n, size_t *at, struct buf *made,
    struct fault *fault)
{
	struct changes changes;
	struct buf answer;
	int result;
	size_t i;

	changes_init(&changes);
	changes.verb = verb;
	changes.kind = v[0]->kind->item == ITEM_THING ? ITEM_THING :
	    ITEM_CHANNEL;
	for (i = 0; i < n; i++)
		make_fill(changes_add(&changes), v[i],
		    make_members(v[i], verb));
	buf_init(&answer, MAKE_ANSWER_MAX);
	result = c->backend->change(c, &changes, &answer, fault);
	*at = changes.at;
	if (result == 0 && verb == CHANGE_CREATE && make_new_keys &&
	    changes.kind == ITEM_THING)
		make_keep_keys(v, n, buf_str(&answer), made);
	secret_release(&answer);
	changes_release(&changes);
	return result;
}

int
make_items(struct client *c, struct site_row *const *v, size_t n, size_t *at,
    struct buf *made, struct fault *fault)
{
	return make_changes(c, CHANGE_CREATE, v, n, at, made, fault);
}

int
make_item_updates(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	return make_changes(c, CHANGE_UPDATE, v, n, at, made, fault);
}

int
make_item_removals(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	return make_changes(c, CHANGE_REMOVE, v, n, at, made, fault);
}

int
make_connections(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	return make_changes(c, CHANGE_CONNECT, v, n, at, made, fault);
}

int
make_disconnections(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	return make_changes(c, CHANGE_DISCONNECT, v, n, at, made, fault);
}

/* ---- groups ---- */

/* one change of each row, of these members of it */
static int
make_group_changes(struct client *c, enum change_verb verb,
    struct site_row *const *v, size_t n, unsigned (*members)(
    const struct site_row *), size_t *at, struct fault *fault)
{
	struct changes changes;
	struct buf answer;
	int result;
	size_t i;

	changes_init(&changes);
	changes.verb = verb;
	for (i = 0; i < n; i++)
		make_fill(changes_add(&changes), v[i], members(v[i]));
	buf_init(&answer, MAKE_ANSWER_MAX);
	result = c->backend->change(c, &changes, &answer, fault);
	*at = changes.at;
	buf_release(&answer);
	changes_release(&changes);
	return result;
}

static unsigned
make_group_new(const struct site_row *row)
{
	return row->given & row->kind->may & ~SITE_BIT(SITE_PARENT);
}

static unsigned
make_group_parent(const struct site_row *row)
{
	(void)row;
	return SITE_BIT(SITE_ID) | SITE_BIT(SITE_PARENT);
}

static unsigned
make_group_differs(const struct site_row *row)
{
	return SITE_BIT(SITE_ID) | row->differs;
}

static unsigned
make_group_identity(const struct site_row *row)
{
	return row->kind->identity & row->given;
}

/* all are made at the top, and then put into their parents, as these may come
 * later */
int
make_groups(struct client *c, struct site_row *const *v, size_t n, size_t *at,
    struct buf *made, struct fault *fault)
{
	(void)made;
	return make_group_changes(c, CHANGE_GROUP_CREATE, v, n,
	    make_group_new, at, fault) < 0 ? -1 : make_group_changes(c,
	    CHANGE_GROUP_UPDATE, v, n, make_group_parent, at, fault);
}

int
make_group_updates(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	(void)made;
	return make_group_changes(c, CHANGE_GROUP_UPDATE, v, n,
	    make_group_differs, at, fault);
}

/* They come each after its parent, and go the other way.  What of a group
 * stays, while its parent goes, is a fault of the registry. */
int
make_group_removals(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	(void)made;
	for (*at = n; *at > 0; --*at)
		if (make_group_changes(c, CHANGE_GROUP_REMOVE, v + *at - 1, 1,
		    make_group_identity, &(size_t){ 0 }, fault) < 0)
			return -1;
	*at = n;
	return 0;
}

int
make_places(struct client *c, struct site_row *const *v, size_t n, size_t *at,
    struct buf *made, struct fault *fault)
{
	(void)made;
	return make_group_changes(c, CHANGE_ASSIGN, v, n,
	    make_group_identity, at, fault);
}

int
make_place_removals(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	(void)made;
	return make_group_changes(c, CHANGE_UNASSIGN, v, n,
	    make_group_identity, at, fault);
}

/* ---- grants ---- */

static void
make_fill_grant(struct grant *g, const struct site_row *row)
{
	bool thing = row->given & SITE_BIT(SITE_THING);
	bool channel = row->given & SITE_BIT(SITE_CHANNEL);

	*g = (struct grant){
		.kind = thing ? GRANT_THING : channel ? GRANT_CHANNEL :
		    GRANT_GROUP,
		.item = row->v[thing ? SITE_THING : channel ? SITE_CHANNEL :
		    SITE_GROUP],
		.email = row->v[SITE_EMAIL],
		.level = grant_level_parse(row->v[SITE_LEVEL]),
	};
}

/* The other user has accepted it, as the file says: only whoever may write the
 * registry itself may say so, and at a mfx-api it is the user's own to do. */
static int
make_accepted(struct client *c, const struct site_row *row, struct str id,
    struct fault *fault)
{
	const char *email = row->v[SITE_EMAIL].p;

	if (!c->backend->transactions) {
		diag_warning("'%s' has still to accept grant '%.*s'", email,
		    STR_ARG(id));
		return 0;
	}
	if (c->backend->act_as(c, email, fault) < 0)
		return fault->status != 1 ? -1 : fault_set(fault, 1, "no user "
		    "'%s', who could have accepted it: \"accepted\":false "
		    "invites", email);
	return c->backend->grant_accept(c, id, fault) < 0 ? -1 :
	    c->backend->act_as(c, row->v[SITE_OWNER].p, fault);
}

static int
make_grant(struct client *c, const struct site_row *row, struct fault *fault)
{
	bool accepted = str_eq(row->v[SITE_ACCEPTED], STR("true"));
	char id[ID_TEXT + 1];
	struct grant g;

	make_fill_grant(&g, row);
	if (c->backend->grant_make(c, &g, id, fault) < 0)
		return -1;
	if (row->was != NULL && !(row->differs & SITE_BIT(SITE_ACCEPTED)))
		return 0;
	if (accepted)
		return make_accepted(c, row, str_z(id), fault);
	/* it waits again */
	return row->was == NULL ? 0 :
	    c->backend->grant_end(c, str_z(id), fault) < 0 ? -1 :
	    c->backend->grant_make(c, &g, id, fault);
}

int
make_grants(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	(void)made;
	for (*at = 0; *at < n; ++*at)
		if (make_grant(c, v[*at], fault) < 0)
			return -1;
	return 0;
}

/* one that is there is made again, which only tells its id */
int
make_grant_removals(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	char id[ID_TEXT + 1];
	struct grant g;

	(void)made;
	for (*at = 0; *at < n; ++*at) {
		make_fill_grant(&g, v[*at]);
		if (c->backend->grant_make(c, &g, id, fault) < 0 ||
		    c->backend->grant_end(c, str_z(id), fault) < 0)
			return -1;
	}
	return 0;
}

/* ---- configurations ---- */

/* a change of these members; false: too much */
static bool
make_fill_config(struct bootstrap_changes *all, const struct site_row *row,
    unsigned members)
{
	struct bootstrap_change *c = bootstrap_changes_add(all);
	const struct {
		enum site_member from;
		enum bootstrap_member to;
		struct str *value;
	} same[] = {
		{ SITE_THING, BOOTSTRAP_THING, &c->thing },
		{ SITE_EXTERNAL_ID, BOOTSTRAP_EXTERNAL_ID, &c->external_id },
		{ SITE_EXTERNAL_KEY, BOOTSTRAP_EXTERNAL_KEY,
		    &c->external_key },
		{ SITE_NAME, BOOTSTRAP_NAME, &c->name },
		{ SITE_CONTENT, BOOTSTRAP_CONTENT, &c->content },
		{ SITE_CLIENT_CERT, BOOTSTRAP_CLIENT_CERT, &c->client_cert },
		{ SITE_CLIENT_KEY, BOOTSTRAP_CLIENT_KEY, &c->client_key },
		{ SITE_CA_CERT, BOOTSTRAP_CA_CERT, &c->ca_cert },
	};
	size_t i;
	int n;

	for (i = 0; i < sizeof same / sizeof *same; i++)
		if (members & SITE_BIT(same[i].from)) {
			c->given |= same[i].to;
			*same[i].value = row->v[same[i].from];
		}
	if (members & SITE_BIT(SITE_STATE)) {
		c->given |= BOOTSTRAP_STATE;
		c->active = str_eq(row->v[SITE_STATE], STR("active"));
	}
	if (!(members & SITE_BIT(SITE_CHANNELS)))
		return true;
	c->given |= BOOTSTRAP_CHANNELS;
	c->channels = arena_alloc(&all->keep, REFS_MAX * sizeof *c->channels);
	if (c->channels == NULL)
		return false;
	n = refs_take(row->v[SITE_CHANNELS], c->channels, &all->keep);
	c->n_channels = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

static int
make_config_changes(struct client *c, enum bootstrap_verb verb,
    struct site_row *const *v, size_t n, size_t *at, struct fault *fault)
{
	struct bootstrap_changes changes;
	struct buf answer;
	int result = 0;
	size_t i;

	bootstrap_changes_init(&changes);
	changes.verb = verb;
	/* it may have gone with its thing */
	changes.if_exists = true;
	for (i = 0; i < n && result == 0; i++)
		if (!make_fill_config(&changes, v[i], SITE_BIT(SITE_THING) |
		    (verb == BOOTSTRAP_ADD ? v[i]->given :
		    verb == BOOTSTRAP_UPDATE ? v[i]->differs : 0)))
			result = fault_set(fault, EX_DATAERR,
			    "too much for one transaction");
	buf_init(&answer, MAKE_ANSWER_MAX);
	if (result == 0) {
		result = c->backend->bootstrap_change(c, &changes, &answer,
		    fault);
		*at = changes.at;
	}
	secret_release(&answer);
	bootstrap_changes_release(&changes);
	return result;
}

int
make_configs(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	(void)made;
	return make_config_changes(c, BOOTSTRAP_ADD, v, n, at, fault);
}

int
make_config_updates(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	(void)made;
	return make_config_changes(c, BOOTSTRAP_UPDATE, v, n, at, fault);
}

int
make_config_removals(struct client *c, struct site_row *const *v, size_t n,
    size_t *at, struct buf *made, struct fault *fault)
{
	(void)made;
	return make_config_changes(c, BOOTSTRAP_REMOVE, v, n, at, fault);
}
