/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of this machine, where file permissions say who may do what. */
#include <sysexits.h>

#include "base/file.h"
#include "base/glob.h"
#include "base/ready.h"
#include "base/signal.h"
#include "client/client.h"
#include "registry/access.h"
#include "registry/event.h"
#include "registry/share.h"

#define EVENTS_BATCH 256
#define POLL_MS 100
/* polls between two looks whether the file is still the same */
#define REPLACED_POLLS 10

/* ---- beginning and end ---- */

static int
local_open(struct client *c, enum client_access access, struct fault *fault)
{
	static const enum registry_mode modes[] = {
		[CLIENT_READ] = REGISTRY_READ, [CLIENT_WRITE] = REGISTRY_WRITE,
		[CLIENT_MAKE] = REGISTRY_MAKE
	};

	return access == CLIENT_LATER ? 0 : registry_open(&c->registry, NULL,
	    modes[access], fault);
}

static void
local_close(struct client *c)
{
	if (c->registry != NULL)
		registry_rollback(c->registry);
	registry_close(c->registry);
}

static int
local_act_as(struct client *c, const char *email, struct fault *fault)
{
	email = setup_value(email, "MFX_USER");
	if (email == NULL)
		return fault_set(fault, EX_USAGE,
		    "which user? give --user EMAIL or set MFX_USER");
	return user_find(c->registry, str_z(email), &c->user, fault);
}

/* a transaction, in which the user still exists; that of begin, if there is
 * one */
static int
local_begin(struct client *c, struct fault *fault)
{
	return (!c->begun && registry_begin(c->registry, fault) < 0) ? -1 :
	    user_find(c->registry, str_z(c->user.email), &c->user, fault);
}

static int
local_commit(struct client *c, struct fault *fault)
{
	return c->begun ? 0 : registry_commit(c->registry, fault);
}

static int
local_begin_all(struct client *c, enum client_access access,
    struct fault *fault)
{
	if ((access == CLIENT_READ ? registry_read_begin :
	    registry_begin)(c->registry, fault) < 0)
		return -1;
	c->begun = true;
	return 0;
}

static int
local_end_all(struct client *c, bool keep, struct fault *fault)
{
	c->begun = false;
	if (keep)
		return registry_commit(c->registry, fault);
	registry_rollback(c->registry);
	return 0;
}

/* ---- things and channels ---- */

struct local_show {
	const struct registry *registry;
	const struct client_query *query;
	struct buf key;
};

static int
local_show(void *arg, const struct item *item, struct fault *fault)
{
	struct local_show *s = arg;
	struct str key = STR_NONE;

	buf_clear(&s->key);
	if (s->query->keys && item->box.p != NULL) {
		if (!keyring_unseal(registry_keyring(s->registry),
		    item->box.p, item->box.n, &s->key))
			return fault_set(fault, EX_IOERR,
			    "the key of %.*s is damaged", STR_ARG(item->id));
		key = buf_str(&s->key);
	}
	return s->query->show(s->query->arg, item, key, fault);
}

static int
local_find(struct client *c, const struct client_query *query, struct str id,
    struct fault *fault)
{
	struct local_show show = { .registry = c->registry, .query = query };
	struct item item;
	void *row;
	int result;

	if (share_find(c->registry, query->kind, &c->user, id, &item, &row,
	    fault) < 0)
		return -1;
	buf_init(&show.key, KEY_BOX_MAX);
	result = local_show(&show, &item, fault);
	item_found_end(row);
	secret_release(&show.key);
	return result < 0 ? -1 : 0;
}

/* is there what they are to be connected to? */
static int
local_find_other(struct client *c, const struct client_query *query,
    struct fault *fault)
{
	struct item item;
	void *row;

	if (share_find(c->registry, query->kind == ITEM_THING ? ITEM_CHANNEL :
	    ITEM_THING, &c->user, query->connected, &item, &row, fault) < 0)
		return -1;
	item_found_end(row);
	return 0;
}

/* all steps see the registry as it is at the first */
static int
local_show_page(struct client *c, const struct client_query *query,
    struct page *page, struct fault *fault)
{
	struct local_show show = { .registry = c->registry, .query = query };
	int got;

	if (!c->begun && registry_read_begin(c->registry, fault) < 0)
		return -1;
	buf_init(&show.key, KEY_BOX_MAX);
	while ((got = page_step(page, fault)) > 0)
		;
	if (got == 0)
		got = page_give(page, local_show, &show, fault);
	page_end(page);
	if (!c->begun)
		registry_read_end(c->registry);
	secret_release(&show.key);
	return got < 0 ? -1 : 0;
}

static int
local_list(struct client *c, const struct client_query *query,
    struct fault *fault)
{
	struct page page = {
		.registry = c->registry, .kind = query->kind,
		.owner = c->user, .connected = query->connected,
		.group = query->group, .recursive = query->recursive,
		.shared = query->shared,
		.tags = query->tags, .status = query->status,
		.order = query->order, .desc = query->desc, .limit = INT64_MAX
	};
	struct glob *glob = NULL;
	const char *why;
	int result;

	if ((query->connected.p != NULL &&
	    local_find_other(c, query, fault) < 0) ||
	    (query->group.p != NULL && group_exists(c->registry, &c->user,
	    query->group, fault) < 0))
		return -1;
	/* the caller has checked its form */
	if (query->glob.p != NULL)
		page.glob = glob = glob_compile(query->glob, &why);
	if (query->metadata.p != NULL)
		page.metadata = metadata_want_new(query->metadata);
	result = local_show_page(c, query, &page, fault);
	glob_free(glob);
	metadata_want_free(page.metadata);
	return result;
}

static int
local_change(struct client *c, struct changes *changes, struct buf *answer,
    struct fault *fault)
{
	if (changes_prepare(changes, registry_keyring(c->registry), answer,
	    fault) < 0 || local_begin(c, fault) < 0 ||
	    changes_make(changes, c->registry, &c->user, answer, fault) < 0)
		return -1;
	changes->at = changes->n;
	return changes->dry_run ? 0 : local_commit(c, fault);
}

/* is there what they are in, beneath, or contain? */
static int
local_find_of(struct client *c, const struct group_query *query,
    struct fault *fault)
{
	bool thing = query->which == GROUPS_OF_THING;
	struct item item;
	void *row;

	if (query->of.p == NULL)
		return 0;
	if (!thing && query->which != GROUPS_OF_CHANNEL)
		return group_exists(c->registry, &c->user, query->of, fault);
	if (item_find(c->registry, thing ? ITEM_THING : ITEM_CHANNEL,
	    &c->user, query->of, &item, &row, fault) < 0)
		return -1;
	item_found_end(row);
	return 0;
}

static int
local_group_list(struct client *c, const struct group_query *query,
    int (*show)(void *, const struct group *, struct fault *), void *arg,
    struct fault *fault)
{
	int result;

	if (!c->begun && registry_read_begin(c->registry, fault) < 0)
		return -1;
	result = local_find_of(c, query, fault);
	if (result == 0)
		result = group_each(c->registry, &c->user, query, show, arg,
		    fault);
	if (!c->begun)
		registry_read_end(c->registry);
	return result < 0 ? -1 : 0;
}

static int
local_group_find(struct client *c, struct str id, int (*show)(void *,
    const struct group *, struct fault *), void *arg, struct fault *fault)
{
	return group_find(c->registry, &c->user, id, show, arg, fault) < 0 ?
	    -1 : 0;
}

static int
local_places(struct client *c, enum item_kind kind, int (*each)(void *,
    const struct group_place *, struct fault *), void *arg,
    struct fault *fault)
{
	return group_each_place(c->registry, &c->user, kind, each, arg,
	    fault) < 0 ? -1 : 0;
}

static int
local_connections(struct client *c, int (*each)(void *,
    const struct item_pair *, struct fault *), void *arg, struct fault *fault)
{
	return item_each_connection(c->registry, &c->user, each, arg, fault);
}

static int
local_guests(struct client *c, int (*each)(void *,
    const struct item_pair *, struct fault *), void *arg, struct fault *fault)
{
	return share_each_guest(c->registry, &c->user, each, arg, fault);
}

static int
local_certificates(struct client *c, int (*each)(void *,
    const struct issued *, struct fault *), void *arg, struct fault *fault)
{
	/* those of servers and CAs are of no user */
	const struct issued_query query = {
		.owner = &c->user, .things = true
	};

	return issued_each(c->registry, &query, each, arg, fault);
}

/* ---- decisions ---- */

static enum access_result
local_ask(struct access *a, struct question *q)
{
	enum access_result result;
	struct str thing = STR_NONE;

	if (q->key.p == NULL)
		return access_check_id(a, q->thing, q->channel, q->use);
	result = access_check(a, q->key, q->channel, q->use, &thing);
	if (thing.n == ID_TEXT) {
		memcpy(q->id, thing.p, ID_TEXT);
		q->thing = (struct str){ q->id, ID_TEXT };
	}
	return result;
}

/* the reason for a no */
static enum decision
local_explain(const struct question *q, enum access_result result,
    struct fault *fault)
{
	bool thing_off, channel_off;
	struct registry *r;
	int thing, channel;

	if (result == ACCESS_NO_KEY && q->key.p != NULL)
		return DECISION_NOBODY;
	if (result == ACCESS_OTHER_WAY)
		return q->use == DIRECTION_PUBLISH ? DECISION_SUBSCRIBE_ONLY :
		    DECISION_PUBLISH_ONLY;
	if (registry_open(&r, NULL, REGISTRY_READ, fault) < 0)
		return DECISION_FAULT;
	thing = item_exists(r, ITEM_THING, q->thing, &thing_off, fault);
	channel = item_exists(r, ITEM_CHANNEL, q->channel, &channel_off,
	    fault);
	registry_close(r);
	if (thing < 0 || channel < 0)
		return DECISION_FAULT;
	if (thing == 0)
		return DECISION_NO_THING;
	if (result == ACCESS_NO_KEY)
		return thing_off ? DECISION_THING_DISABLED : DECISION_NO_KEY;
	return channel == 0 ? DECISION_NO_CHANNEL : channel_off ?
	    DECISION_CHANNEL_DISABLED : DECISION_NOT_CONNECTED;
}

/* the reason for a yes */
static enum decision
local_explain_guest(struct question *q, struct fault *fault)
{
	struct registry *r;
	int got;

	if (registry_open(&r, NULL, REGISTRY_READ, fault) < 0)
		return DECISION_FAULT;
	got = share_guest_grant(r, NULL, q->channel, q->thing, q->grant,
	    fault);
	registry_close(r);
	return got < 0 ? DECISION_FAULT : DECISION_YES;
}

static enum decision
local_decide(struct client *c, struct question *q, struct fault *fault)
{
	enum access_result result;
	struct access *a;

	(void)c;
	if (access_open(&a, NULL, fault) < 0)
		return DECISION_FAULT;
	result = local_ask(a, q);
	if (result == ACCESS_ERROR)
		fault_set(fault, EX_TEMPFAIL, "%s", access_fault(a));
	access_close(a);
	if (result == ACCESS_ERROR)
		return DECISION_FAULT;
	return result == ACCESS_YES ? local_explain_guest(q, fault) :
	    local_explain(q, result, fault);
}

/* ---- events ---- */

static int
local_find_start(struct client *c, struct client_events *e,
    struct fault *fault)
{
	int r = 0;

	if (e->from == EVENTS_FROM_END)
		r = event_last(c->registry, &e->seq, fault);
	else if (e->from == EVENTS_SINCE)
		r = event_seek(c->registry, e->since, &e->seq, fault);
	if (r == 0)
		e->from = EVENTS_AFTER;
	return r;
}

/* all that there are now: 1 when that is enough, 0, -1 */
static int
local_write_events(struct client *c, struct client_events *e,
    struct fault *fault)
{
	int got, want;

	do {
		want = EVENTS_BATCH;
		if (e->count > 0 && e->count < want)
			want = (int)e->count;
		got = event_read(c->registry, &e->seq, want, &c->out->b,
		    fault);
		if (got < 0)
			return -1;
		if (out_end(c->out) < 0)
			return 1;
		if (e->count > 0 && (e->count -= got) == 0)
			return 1;
	} while (got == want && !signal_stop());
	return out_flush(c->out) < 0;
}

/* 1: the registry has changed; 0: a signal came, or the reader of `out` is
 * gone; -1 */
static int
local_wait(struct client *c, struct fault *fault)
{
	int turns, changed;

	for (turns = 1; ; turns++) {
		if (signal_wait_input(-1, c->out->fd, POLL_MS) < 0 ||
		    out_flush(c->out) < 0)
			return 0;
		if ((changed = registry_changed(c->registry)) < 0)
			return fault_set(fault, EX_TEMPFAIL,
			    "the registry can't be read any more");
		if (changed)
			return 1;
		/* the numbers of another file mean other events */
		if (turns % REPLACED_POLLS == 0 &&
		    registry_replaced(c->registry))
			return fault_set(fault, EX_TEMPFAIL,
			    "the registry was replaced by another");
	}
}

static int
local_events(struct client *c, struct client_events *e, struct fault *fault)
{
	int got;

	if (local_find_start(c, e, fault) < 0)
		return -1;
	ready_tell(e->ready_fd);
	while ((got = local_write_events(c, e, fault)) == 0 && e->follow)
		if ((got = local_wait(c, fault)) <= 0)
			break;
	return got < 0 ? -1 : 0;
}

static int
local_history(struct client *c, uint64_t seq, struct str about,
    int (*each)(void *, const struct event_record *, struct fault *),
    void *arg, struct fault *fault)
{
	return event_each(c->registry, seq, about, each, arg, fault);
}

/* ---- users ---- */

/* makes the registry if need be, but not for a user who is refused */
static int
local_user_create(struct client *c, struct str email, struct str password,
    struct str metadata, struct fault *fault)
{
	char hash[PASSWORD_HASH_TEXT];

	if (password_hash(password, PASSWORD_MIN, hash, fault) < 0 ||
	    registry_open(&c->registry, NULL, REGISTRY_MAKE, fault) < 0 ||
	    registry_begin(c->registry, fault) < 0 ||
	    user_create(c->registry, email, hash, metadata, &c->user,
	    fault) < 0)
		return -1;
	return registry_commit(c->registry, fault);
}

static int
local_user_restore(struct client *c, const struct client_user *u,
    struct fault *fault)
{
	struct user user;

	return user_restore(c->registry, u->id, u->email, u->hash,
	    u->metadata, &user, fault);
}

static int
local_user_set_hash(struct client *c, struct str hash, struct fault *fault)
{
	char text[PASSWORD_HASH_TEXT];

	snprintf(text, sizeof text, "%.*s", STR_ARG(hash));
	if (local_begin(c, fault) < 0 ||
	    user_set_password(c->registry, &c->user, text, fault) < 0)
		return -1;
	return local_commit(c, fault);
}

static int
local_user_hash(struct client *c, struct buf *to, struct fault *fault)
{
	char hash[PASSWORD_HASH_TEXT];
	struct user user;

	if (user_find_hash(c->registry, str_z(c->user.email), &user, hash,
	    fault) < 0)
		return -1;
	buf_puts(to, hash);
	return 0;
}

static int
local_user_verify(struct client *c, struct str email, struct str password,
    struct fault *fault)
{
	return user_verify(c->registry, email, password, fault);
}

static int
local_user_each(struct client *c, int (*each)(void *, const struct user *,
    struct str), void *arg, struct fault *fault)
{
	return user_each(c->registry, each, arg, fault) < 0 ? -1 : 0;
}

static int
local_user_set_password(struct client *c, struct str old,
    struct str password, struct fault *fault)
{
	char hash[PASSWORD_HASH_TEXT];

	(void)old;
	if (password_hash(password, PASSWORD_MIN, hash, fault) < 0 ||
	    local_begin(c, fault) < 0 ||
	    user_set_password(c->registry, &c->user, hash, fault) < 0)
		return -1;
	return local_commit(c, fault);
}

static int
local_user_set_metadata(struct client *c, struct str metadata,
    struct fault *fault)
{
	if (local_begin(c, fault) < 0 ||
	    user_set_metadata(c->registry, &c->user, metadata, fault) < 0)
		return -1;
	return local_commit(c, fault);
}

static int
local_user_remove(struct client *c, struct client_removal *removal,
    struct fault *fault)
{
	/* a dry run is the same without the commit */
	if (local_begin(c, fault) < 0 ||
	    user_items(c->registry, &c->user, ITEM_THING, &removal->things,
	    fault) < 0 || user_items(c->registry, &c->user, ITEM_CHANNEL,
	    &removal->channels, fault) < 0 || (removal->all &&
	    items_remove_all(c->registry, &c->user, fault) < 0) ||
	    user_remove(c->registry, &c->user, fault) < 0)
		return -1;
	return removal->dry_run ? 0 : local_commit(c, fault);
}

/* ---- lasting tokens ---- */

static int
local_token_create(struct client *c, struct lasting *l, struct arena *keep,
    struct buf *token, struct fault *fault)
{
	char id[ID_TEXT + 1];

	uuid_make(id);
	l->id = arena_str(keep, str_z(id));
	l->created = stamp_now().ns / STAMP_SECOND;
	if (local_begin(c, fault) < 0 ||
	    lasting_create(c->registry, &c->user, l, token, fault) < 0)
		return -1;
	return local_commit(c, fault);
}

static int
local_token_each(struct client *c, struct str id,
    void (*each)(void *, const struct lasting *), void *arg,
    struct fault *fault)
{
	int n = lasting_each(c->registry, &c->user, id, each, arg, fault);

	if (n == 0 && id.p != NULL)
		return fault_set(fault, 1, "no token '%.*s'", STR_ARG(id));
	return n < 0 ? -1 : 0;
}

static int
local_token_remove(struct client *c, char **ids, struct fault *fault)
{
	if (local_begin(c, fault) < 0)
		return -1;
	for (; *ids != NULL; ids++)
		if (lasting_remove(c->registry, &c->user, str_z(*ids),
		    fault) < 0)
			return -1;
	return local_commit(c, fault);
}

const struct client_backend client_local = {
	.open = local_open, .close = local_close, .act_as = local_act_as,
	.find = local_find, .list = local_list, .change = local_change,
	.decide = local_decide, .events = local_events,
	.history = local_history,
	.certificates = local_certificates,
	.group_find = local_group_find, .group_list = local_group_list,
	.places = local_places,
	.connections = local_connections, .guests = local_guests,
	.transactions = true,
	.begin = local_begin_all, .end = local_end_all,
	.user_restore = local_user_restore,
	.user_set_hash = local_user_set_hash, .user_hash = local_user_hash,
	.user_create = local_user_create, .user_verify = local_user_verify,
	.user_each = local_user_each,
	.user_set_password = local_user_set_password,
	.user_set_metadata = local_user_set_metadata,
	.user_remove = local_user_remove,
	.token_create = local_token_create,
	.token_each = local_token_each, .token_remove = local_token_remove,
	.bootstrap_find = local_bootstrap_find,
	.bootstrap_list = local_bootstrap_list,
	.bootstrap_change = local_bootstrap_change,
	.bootstrap_unknown = local_bootstrap_unknown,
	.grant_make = local_grant_make, .grant_accept = local_grant_accept,
	.grant_end = local_grant_end, .grant_each = local_grant_each,
	.grant_find = local_grant_find,
};
