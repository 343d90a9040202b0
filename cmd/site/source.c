/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/signal.h"
#include "cmd/site/refs.h"

/* text of all users */
#define KEEP_MAX ((size_t)1 << 30)

/* ---- users ---- */

struct site_user *
source_user(const struct site_source *s, struct str email)
{
	uint64_t h = row_hash_email(s->seed, email);
	struct hash_node *n;

	for (n = hash_first(&s->by_email, h); n != NULL; n = hash_next(n))
		if (email_same(((struct site_user *)n)->row.v[SITE_EMAIL],
		    email))
			return (struct site_user *)n;
	return NULL;
}

static struct site_user *
source_new_user(struct site_source *s)
{
	struct site_user *u = arena_alloc(&s->keep, sizeof *u);

	if (u != NULL) {
		*u = (struct site_user){ .there = false };
		u->row.kind = &site_kinds[KIND_USER];
	}
	return u;
}

struct site_user *
source_add_user(struct site_source *s, const struct site_row *row)
{
	struct site_user *u = source_new_user(s);

	if (u != NULL) {
		u->row.given = row->given;
		memcpy(u->row.v, row->v, sizeof u->row.v);
		hash_table_add(&s->by_email, &u->node,
		    row_hash_email(s->seed, row->v[SITE_EMAIL]));
	}
	return u;
}

static int
source_keep_user(void *arg, const struct user *user, struct str metadata)
{
	struct site_source *s = arg;
	struct site_user *u = source_new_user(s);
	struct str *v;

	if (u == NULL)
		return 1;
	v = u->row.v;
	u->there = true;
	u->row.given = SITE_BIT(SITE_ID) | SITE_BIT(SITE_EMAIL) |
	    SITE_BIT(SITE_METADATA);
	v[SITE_ID] = arena_str(&s->keep, str_z(user->id));
	v[SITE_EMAIL] = arena_str(&s->keep, str_z(user->email));
	v[SITE_METADATA] = arena_str(&s->keep, metadata);
	if (v[SITE_ID].p == NULL || v[SITE_EMAIL].p == NULL ||
	    v[SITE_METADATA].p == NULL)
		return 1;
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->users = memory_resize(s->users, s->cap * sizeof *s->users);
	}
	s->users[s->n++] = u;
	hash_table_add(&s->by_email, &u->node,
	    row_hash_email(s->seed, v[SITE_EMAIL]));
	return 0;
}

static int
source_compare_users(const void *a, const void *b)
{
	const struct site_user *const *x = a, *const *y = b;

	return strcmp((*x)->row.v[SITE_EMAIL].p, (*y)->row.v[SITE_EMAIL].p);
}

static int
source_keep_only(struct site_source *s, const char *only, struct fault *fault)
{
	struct site_user *u = source_user(s, str_z(only));

	if (u == NULL)
		return fault_set(fault, 1, "no user '%s'", only);
	s->users[0] = u;
	s->n = 1;
	return 0;
}

int
source_open(struct site_source *s, struct client *client, const char *only,
    bool secrets, struct fault *fault)
{
	*s = (struct site_source){ .client = client, .secrets = secrets };
	s->seed = hash_seed();
	arena_init(&s->keep, KEEP_MAX);
	hash_table_init(&s->by_email, 64);
	*fault = (struct fault){ .status = 0 };
	if (client->backend->user_each(client, source_keep_user, s,
	    fault) != 0)
		return fault->status != 0 ? -1 :
		    fault_set(fault, EX_DATAERR, "too many users");
	if (s->n > 1)
		qsort(s->users, s->n, sizeof *s->users, source_compare_users);
	return only != NULL ? source_keep_only(s, only, fault) : 0;
}

void
source_close(struct site_source *s)
{
	free(s->users);
	hash_table_release(&s->by_email);
	arena_release(&s->keep);
}

int
source_act_as(struct site_source *s, struct site_user *u, struct fault *fault)
{
	if (s->acting == u)
		return 0;
	s->acting = NULL;
	if (s->client->backend->act_as(s->client, u->row.v[SITE_EMAIL].p,
	    fault) < 0)
		return -1;
	s->acting = u;
	return 0;
}

int
source_each(struct site_source *s, const struct site_kind *kind, bool named,
    const struct site_give *give, struct fault *fault)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (signal_stop())
			return fault_set(fault, EX_TEMPFAIL, "stopped");
		if (named && !s->users[i]->named)
			continue;
		if (source_act_as(s, s->users[i], fault) < 0 ||
		    kind->each(s, s->users[i], give, fault) < 0)
			return -1;
	}
	return 0;
}

/* ---- what they have ---- */

int
source_each_user(struct site_source *s, struct site_user *u,
    const struct site_give *give, struct fault *fault)
{
	struct site_row row = u->row;
	struct buf hash;
	int result = 0;

	row.user = u;
	buf_init(&hash, PASSWORD_HASH_TEXT);
	if (s->secrets) {
		result = s->client->backend->user_hash(s->client, &hash,
		    fault);
		if (hash.n > 0)
			row.given |= SITE_BIT(SITE_PASSWORD);
		row.v[SITE_PASSWORD] = buf_str(&hash);
	}
	if (result == 0)
		result = give->row(give->arg, &row, fault);
	secret_release(&hash);
	return result;
}

struct source_items {
	struct site_row row;
	const struct site_give *give;
	bool keys;
};

static int
source_give_item(void *arg, const struct item *item, struct str key,
    struct fault *fault)
{
	struct source_items *in = arg;
	struct site_row *row = &in->row;

	row->v[SITE_ID] = item->id;
	row->v[SITE_NAME] = item->name;
	row->v[SITE_METADATA] = item->metadata;
	row->v[SITE_TAGS] = item->tags;
	row->v[SITE_STATUS] = item_status(item->disabled);
	row->v[SITE_KEY] = key;
	return in->give->row(in->give->arg, row, fault);
}

static int
source_each_item(struct site_source *s, struct site_user *u, int kind,
    const struct site_give *give, struct fault *fault)
{
	struct source_items in = { .give = give };
	struct client_query query = {
		.kind = (enum item_kind)site_kinds[kind].item,
		.show = source_give_item, .arg = &in, .order = PAGE_ID,
		.keys = s->secrets && kind == KIND_THING
	};

	in.row.kind = &site_kinds[kind];
	in.row.user = u;
	in.row.given = in.row.kind->shown |
	    (query.keys ? SITE_BIT(SITE_KEY) : 0);
	in.row.v[SITE_OWNER] = u->row.v[SITE_EMAIL];
	return s->client->backend->list(s->client, &query, fault);
}

int
source_each_channel(struct site_source *s, struct site_user *u,
    const struct site_give *give, struct fault *fault)
{
	return source_each_item(s, u, KIND_CHANNEL, give, fault);
}

int
source_each_thing(struct site_source *s, struct site_user *u,
    const struct site_give *give, struct fault *fault)
{
	return source_each_item(s, u, KIND_THING, give, fault);
}

static int
source_give_pair(void *arg, const struct item_pair *pair,
    struct fault *fault)
{
	struct source_items *in = arg;

	in->row.v[SITE_CHANNEL] = pair->channel;
	in->row.v[SITE_THING] = pair->thing;
	in->row.v[SITE_DIRECTION] = direction_word(pair->direction);
	return in->give->row(in->give->arg, &in->row, fault);
}

static void
source_begin(struct source_items *in, struct site_user *u, int kind)
{
	in->row.kind = &site_kinds[kind];
	in->row.user = u;
	in->row.given = in->row.kind->shown;
	in->row.v[SITE_OWNER] = u->row.v[SITE_EMAIL];
}

int
source_each_connection(struct site_source *s, struct site_user *u,
    const struct site_give *give, struct fault *fault)
{
	struct source_items in = { .give = give };

	source_begin(&in, u, KIND_CONNECTION);
	return s->client->backend->connections(s->client, source_give_pair,
	    &in, fault);
}

int
source_each_guest(struct site_source *s, struct site_user *u,
    const struct site_give *give, struct fault *fault)
{
	struct source_items in = { .give = give };

	source_begin(&in, u, KIND_GUEST);
	return s->client->backend->guests(s->client, source_give_pair, &in,
	    fault);
}

static int
source_give_group(void *arg, const struct group *group, struct fault *fault)
{
	struct source_items *in = arg;
	struct str *v = in->row.v;

	v[SITE_ID] = group->id;
	/* null would be none */
	v[SITE_NAME] = group->name.n > 0 ? group->name : STR("");
	v[SITE_DESCRIPTION] = group->description.n > 0 ?
	    group->description : STR("");
	v[SITE_METADATA] = group->metadata;
	v[SITE_PARENT] = group->parent;
	return in->give->row(in->give->arg, &in->row, fault);
}

/* each follows its parent */
int
source_each_group(struct site_source *s, struct site_user *u,
    const struct site_give *give, struct fault *fault)
{
	const struct group_query query = {
		.which = GROUPS_TREE, .limit = INT64_MAX
	};
	struct source_items in = { .give = give };

	source_begin(&in, u, KIND_GROUP);
	return s->client->backend->group_list(s->client, &query,
	    source_give_group, &in, fault);
}

static int
source_give_place(void *arg, const struct group_place *place,
    struct fault *fault)
{
	bool thing = place->kind == ITEM_THING;
	struct source_items *in = arg;
	struct site_row *row = &in->row;

	row->v[SITE_GROUP] = place->group;
	row->v[SITE_THING] = thing ? place->item : STR_NONE;
	row->v[SITE_CHANNEL] = thing ? STR_NONE : place->item;
	row->given = row->kind->shown &
	    ~SITE_BIT(thing ? SITE_CHANNEL : SITE_THING);
	return in->give->row(in->give->arg, row, fault);
}

int
source_each_place(struct site_source *s, struct site_user *u,
    const struct site_give *give, struct fault *fault)
{
	const struct client_backend *b = s->client->backend;
	struct source_items in = { .give = give };

	source_begin(&in, u, KIND_PLACE);
	return b->places(s->client, ITEM_THING, source_give_place, &in,
	    fault) < 0 || b->places(s->client, ITEM_CHANNEL,
	    source_give_place, &in, fault) < 0 ? -1 : 0;
}

/* ---- grants, which come in order of creation, by whom they are for ---- */

struct source_grants {
	struct arena keep;
	struct grant v[GRANTS_MAX];
	size_t n;
};

static int
source_keep_grant(void *arg, const struct grant *g, struct fault *fault)
{
	struct source_grants *all = arg;
	struct grant *to = &all->v[all->n];

	if (all->n == GRANTS_MAX)
		return fault_set(fault, EX_UNAVAILABLE, "more than %d grants "
		    "of one user", GRANTS_MAX);
	*to = *g;
	to->email = arena_str(&all->keep, g->email);
	to->item = arena_str(&all->keep, g->item);
	all->n++;
	return to->email.p != NULL && to->item.p != NULL ? 0 :
	    fault_set(fault, EX_DATAERR, "too many grants");
}

static int
source_compare_grants(const void *a, const void *b)
{
	const struct grant *x = a, *y = b;
	int c = strcmp(x->email.p, y->email.p);

	if (c == 0)
		c = (x->kind > y->kind) - (x->kind < y->kind);
	return c != 0 ? c : strcmp(x->item.p, y->item.p);
}

static int
source_give_grant(struct source_items *in, const struct grant *g,
    struct fault *fault)
{
	static const enum site_member is[GRANT_KINDS] = {
		SITE_THING, SITE_CHANNEL, SITE_GROUP
	};
	struct site_row *row = &in->row;

	row->v[SITE_EMAIL] = g->email;
	row->v[is[g->kind]] = g->item;
	row->v[SITE_LEVEL] = grant_level_word(g->level);
	row->v[SITE_ACCEPTED] = g->accepted ? STR("true") : STR("false");
	row->given = (row->kind->shown & ~(SITE_BIT(SITE_THING) |
	    SITE_BIT(SITE_CHANNEL) | SITE_BIT(SITE_GROUP))) |
	    SITE_BIT(is[g->kind]);
	return in->give->row(in->give->arg, row, fault);
}

/* those that the user gave */
int
source_each_grant(struct site_source *s, struct site_user *u,
    const struct site_give *give, struct fault *fault)
{
	struct source_grants *all = memory_zero(1, sizeof *all);
	struct source_items in;
	int result;
	size_t i;

	arena_init(&all->keep, KEEP_MAX);
	result = s->client->backend->grant_each(s->client, GRANTS_GIVEN,
	    source_keep_grant, all, fault);
	qsort(all->v, all->n, sizeof *all->v, source_compare_grants);
	for (i = 0; i < all->n && result == 0; i++) {
		in = (struct source_items){ .give = give };
		source_begin(&in, u, KIND_GRANT);
		result = source_give_grant(&in, &all->v[i], fault);
	}
	arena_release(&all->keep);
	free(all);
	return result;
}

static int
source_give_certificate(void *arg, const struct issued *c,
    struct fault *fault)
{
	struct source_items *in = arg;
	struct str *v = in->row.v;
	char times[3][24];

	snprintf(times[0], sizeof times[0], "%" PRId64, c->issued);
	snprintf(times[1], sizeof times[1], "%" PRId64, c->expires);
	snprintf(times[2], sizeof times[2], "%" PRId64, c->revoked);
	v[SITE_THING] = c->thing;
	v[SITE_SERIAL] = c->serial;
	v[SITE_AUTHORITY] = c->authority;
	v[SITE_ISSUED] = str_z(times[0]);
	v[SITE_EXPIRES] = str_z(times[1]);
	v[SITE_REVOKED] = str_z(times[2]);
	return in->give->row(in->give->arg, &in->row, fault);
}

int
source_each_certificate(struct site_source *s, struct site_user *u,
    const struct site_give *give, struct fault *fault)
{
	struct source_items in = { .give = give };

	in.row.kind = &site_kinds[KIND_CERTIFICATE];
	in.row.user = u;
	in.row.given = in.row.kind->shown;
	in.row.v[SITE_OWNER] = u->row.v[SITE_EMAIL];
	return s->client->backend->certificates(s->client,
	    source_give_certificate, &in, fault) < 0 ? -1 : 0;
}

/* ---- configurations, which come in order of creation, by their things ---- */

struct source_configs {
	struct arena keep;
	struct source_config {
		struct str thing, line;
	} *v;
	size_t n, cap;
};

static int
source_keep_config(void *arg, const struct bootstrap_shown *shown,
    struct fault *fault)
{
	struct source_configs *all = arg;
	struct source_config *c;

	if (all->n == all->cap) {
		all->cap = all->cap ? 2 * all->cap : 64;
		all->v = memory_resize(all->v, all->cap * sizeof *all->v);
	}
	c = &all->v[all->n++];
	c->thing = arena_str(&all->keep, shown->thing);
	c->line = arena_str(&all->keep, shown->line);
	return c->thing.p != NULL && c->line.p != NULL ? 0 :
	    fault_set(fault, EX_DATAERR, "too many configurations");
}

static int
source_compare_configs(const void *a, const void *b)
{
	const struct source_config *x = a, *y = b;

	return strcmp(x->thing.p, y->thing.p);
}

/* a line of bootstrap_change.h as a row */
static bool
source_read_config(struct site_row *row, struct str line, bool secrets,
    struct arena *scratch)
{
	static const enum site_member is[] = {
		SITE_EXTERNAL_ID, SITE_NAME, SITE_CHANNELS, SITE_CONTENT,
		SITE_CLIENT_CERT, SITE_CA_CERT, SITE_EXTERNAL_KEY,
		SITE_CLIENT_KEY
	};
	enum { TEXTS = sizeof is / sizeof *is, STATE = TEXTS, FIELDS };
	struct object_field f[FIELDS] = {
		[STATE] = { .name = "state", .type = OBJECT_NUMBER },
	};
	struct str channels[REFS_MAX];
	int i, n;

	for (i = 0; i < TEXTS; i++)
		f[i] = (struct object_field){ .name = member_name(is[i]),
		    .type = member_type(is[i]) };
	if (object_read(line, f, FIELDS, scratch) != NULL)
		return false;
	for (i = 0; i < TEXTS; i++)
		row->v[is[i]] = f[i].value.p == NULL &&
		    is[i] != SITE_CLIENT_KEY ? STR("") : f[i].value;
	row->given = row->kind->shown | (secrets ?
	    SITE_BIT(SITE_EXTERNAL_KEY) | SITE_BIT(SITE_CLIENT_KEY) : 0);
	row->v[SITE_STATE] = str_eq(f[STATE].value, STR("1")) ?
	    STR("active") : STR("inactive");
	n = refs_take(f[2].value, channels, scratch);
	return n >= 0 && refs_put(channels, (size_t)n, scratch,
	    &row->v[SITE_CHANNELS]);
}

static int
source_give_configs(struct site_source *s, struct site_user *u,
    const struct source_configs *all, const struct site_give *give,
    struct fault *fault)
{
	struct site_row row = { .kind = &site_kinds[KIND_CONFIG], .user = u };
	struct arena scratch;
	int result = 0;
	size_t i;

	arena_init(&scratch, (size_t)4 << 20);
	for (i = 0; i < all->n && result == 0; i++) {
		arena_reset(&scratch);
		row.v[SITE_OWNER] = u->row.v[SITE_EMAIL];
		row.v[SITE_THING] = all->v[i].thing;
		result = source_read_config(&row, all->v[i].line, s->secrets,
		    &scratch) ? give->row(give->arg, &row, fault) :
		    fault_set(fault, EX_UNAVAILABLE, "the configuration of "
		    "'%.*s' is damaged", STR_ARG(all->v[i].thing));
	}
	arena_release(&scratch);
	return result;
}

int
source_each_config(struct site_source *s, struct site_user *u,
    const struct site_give *give, struct fault *fault)
{
	const struct bootstrap_query query = { .limit = INT64_MAX };
	struct source_configs all = { .n = 0 };
	const struct bootstrap_view view = {
		.keys = s->secrets, .show = source_keep_config, .arg = &all
	};
	int result;

	arena_init(&all.keep, KEEP_MAX);
	result = s->client->backend->bootstrap_list(s->client, &view, &query,
	    fault);
	/* one that does not give them */
	if (result < 0 && !s->client->backend->transactions &&
	    fault->status == EX_UNAVAILABLE) {
		diag_warning("%s", fault->text);
		result = 0;
	} else if (result == 0) {
		if (all.n > 1)
			qsort(all.v, all.n, sizeof *all.v,
			    source_compare_configs);
		result = source_give_configs(s, u, &all, give, fault);
	}
	free(all.v);
	arena_release(&all.keep);
	return result;
}
