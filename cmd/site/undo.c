/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo: makes the opposite of changes, the last one first, in one transaction.
 * A change can be undone when it is known what was before it, and when what it
 * made is still so.
 */
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "cmd/site/log.h"
#include "cmd/site/undo.h"
#include "cmd/site/verbs.h"

/* texts of all changes, and of events while they are read */
#define UNDO_KEEP_MAX ((size_t)256 << 20)
#define UNDO_OUT_MAX ((size_t)256 << 20)

int
undo_refuse(struct undo *u, const char *why)
{
	return fault_set(u->fault, EX_DATAERR, "%llu, %.*s, can't be undone: "
	    "%s", (unsigned long long)u->seq, STR_ARG(u->record.operation),
	    why);
}

/* ---- what there is ---- */

struct undo_item {
	bool found;
	struct arena *keep;
	struct str name, metadata, tags;
	bool disabled;
};

static int
undo_keep_item(void *arg, const struct item *item, struct str key,
    struct fault *fault)
{
	struct undo_item *i = arg;

	(void)key;
	(void)fault;
	i->found = true;
	i->name = arena_str(i->keep, item->name);
	i->metadata = arena_str(i->keep, item->metadata);
	i->tags = arena_str(i->keep, item->tags);
	i->disabled = item->disabled;
	return 0;
}

/* 0, found or not; -1 */
static int
undo_find(struct undo *u, enum item_kind kind, struct str id,
    struct undo_item *item)
{
	struct client_query query = {
		.kind = kind, .show = undo_keep_item, .arg = item
	};

	*item = (struct undo_item){ .keep = &u->keep };
	return u->client.backend->find(&u->client, &query, id, u->fault) < 0 &&
	    u->fault->status != 1 ? -1 : 0;
}

struct undo_partner {
	struct str id;		/* p NULL: any */
	unsigned direction;		/* 0: not found */
};

static int
undo_note_partner(void *arg, const struct item *item, struct str key,
    struct fault *fault)
{
	struct undo_partner *p = arg;

	(void)key;
	(void)fault;
	if (p->id.p == NULL || str_eq(p->id, item->id))
		p->direction = item->direction ? item->direction :
		    DIRECTION_BOTH;
	return p->direction != 0;
}

/* How is this thing or channel connected to that one, or to any?  0: it is
 * not.  As a `guest`: to what another user has. */
static int
undo_connected(struct undo *u, enum item_kind kind, struct str id,
    struct str other, bool guest, unsigned *direction)
{
	struct undo_partner p = { .id = other };
	struct client_query query = {
		.kind = kind == ITEM_THING ? ITEM_CHANNEL : ITEM_THING,
		.show = undo_note_partner, .arg = &p, .connected = id,
		.shared = guest
	};
	int result = u->client.backend->list(&u->client, &query, u->fault);

	*direction = p.direction;
	return result;
}

/* ---- changes ---- */

int
undo_change(struct undo *u, enum change_verb verb, enum item_kind kind,
    const struct change *change)
{
	struct changes changes;
	struct buf answer;
	int result;

	changes_init(&changes);
	changes.verb = verb;
	changes.kind = kind;
	*changes_add(&changes) = *change;
	buf_init(&answer, 2 * METADATA_BYTES_MAX);
	result = u->client.backend->change(&u->client, &changes, &answer,
	    u->fault);
	buf_release(&answer);
	changes_release(&changes);
	return result;
}

/* connects them so; 0: disconnects them */
static int
undo_pair(struct undo *u, unsigned direction, struct str channel,
    struct str thing)
{
	const struct change change = {
		.given = MEMBER_CHANNEL | MEMBER_THING | MEMBER_DIRECTION,
		.channel = channel, .thing = thing, .direction = direction
	};

	return undo_change(u, direction != 0 ? CHANGE_CONNECT :
	    CHANGE_DISCONNECT, ITEM_CHANNEL, &change);
}

static int
undo_create(struct undo *u)
{
	const struct change change = { .given = MEMBER_ID, .id = u->is.id };
	struct undo_item item;
	unsigned connected;

	if (undo_find(u, u->kind, u->is.id, &item) < 0)
		return -1;
	if (!item.found)
		return undo_refuse(u, "it was removed since");
	if (undo_connected(u, u->kind, u->is.id, STR_NONE, false,
	    &connected) < 0)
		return -1;
	if (connected)
		return undo_refuse(u, "it is connected: undo that, too");
	return undo_change(u, CHANGE_REMOVE, u->kind, &change);
}

bool
undo_member(struct str was, struct str is, struct str now, struct str *to)
{
	if (is.p == NULL)
		return true;
	*to = was;
	return str_eq(is, now);
}

static int
undo_update(struct undo *u)
{
	struct change change = { .given = MEMBER_ID, .id = u->is.id };
	struct undo_item now;
	struct history was;
	int result;

	if (undo_find(u, u->kind, u->is.id, &now) < 0)
		return -1;
	if (!now.found)
		return undo_refuse(u, "it was removed since");
	if (!undo_member(STR("."), u->is.name, now.name, &change.name) ||
	    !undo_member(STR("."), u->is.metadata, now.metadata,
	    &change.metadata) ||
	    !undo_member(STR("."), u->is.tags, now.tags, &change.tags))
		return undo_refuse(u, "it was changed again since");
	result = history_before(&u->client, u->is.id, u->seq, &was, &u->keep,
	    u->fault);
	undo_member(was.name, u->is.name, now.name, &change.name);
	undo_member(was.metadata, u->is.metadata, now.metadata,
	    &change.metadata);
	undo_member(was.tags, u->is.tags, now.tags, &change.tags);
	change.given |= (u->is.name.p != NULL ? MEMBER_NAME : 0) |
	    (u->is.metadata.p != NULL ? MEMBER_METADATA : 0) |
	    (u->is.tags.p != NULL ? MEMBER_TAGS : 0);
	if (result == 0 && (!was.there ||
	    (u->is.name.p != NULL && was.name.p == NULL) ||
	    (u->is.metadata.p != NULL && was.metadata.p == NULL) ||
	    (u->is.tags.p != NULL && was.tags.p == NULL)))
		result = undo_refuse(u, "what it was before is not known");
	history_end(&was);
	return result < 0 ? -1 : undo_change(u, CHANGE_UPDATE, u->kind,
	    &change);
}

static int
undo_switch(struct undo *u)
{
	bool disabled = u->record.operation.p[u->record.operation.n - 7] ==
	    'd';
	const struct change change = {
		.given = MEMBER_ID, .id = u->is.id
	};
	struct undo_item now;

	if (undo_find(u, u->kind, u->is.id, &now) < 0)
		return -1;
	if (!now.found)
		return undo_refuse(u, "it was removed since");
	if (now.disabled != disabled)
		return undo_refuse(u, "it was changed again since");
	return undo_change(u, disabled ? CHANGE_ENABLE : CHANGE_DISABLE,
	    u->kind, &change);
}

/* ---- connections ---- */

/* with what another user has: to this one it is there as a guest, if at all */
static int
undo_guest(struct undo *u, bool connected, bool thing)
{
	unsigned now;

	if (undo_connected(u, thing ? ITEM_THING : ITEM_CHANNEL, thing ?
	    u->is.thing : u->is.channel, thing ? u->is.channel : u->is.thing,
	    true, &now) < 0)
		return -1;
	if (connected && now != 0)
		return undo_pair(u, 0, u->is.channel, u->is.thing);
	return undo_refuse(u, connected ? "one of the two was removed, or "
	    "disconnected, since" : "one of the two was removed since, or is "
	    "of another user, who alone connects it");
}

static int
undo_connection(struct undo *u)
{
	unsigned became = str_eq(u->record.operation,
	    STR("thing.disconnect")) ? 0 : event_direction(&u->is);
	struct undo_item thing, channel;
	unsigned now, before;
	struct history was;
	int result;

	if (undo_find(u, ITEM_THING, u->is.thing, &thing) < 0 ||
	    undo_find(u, ITEM_CHANNEL, u->is.channel, &channel) < 0)
		return -1;
	if (thing.found != channel.found)
		return undo_guest(u, became != 0, thing.found);
	if (!thing.found)
		return undo_refuse(u, "one of the two was removed since");
	if (undo_connected(u, ITEM_THING, u->is.thing, u->is.channel, false,
	    &now) < 0)
		return -1;
	if (now != became)
		return undo_refuse(u, "it was changed again since");
	result = history_before(&u->client, u->is.thing, u->seq, &was,
	    &u->keep, u->fault);
	before = history_direction(&was, u->is.channel);
	if (result == 0 && became == 0 && before == 0)
		result = undo_refuse(u, "what it was before is not known");
	history_end(&was);
	return result < 0 ? -1 :
	    undo_pair(u, before, u->is.channel, u->is.thing);
}

struct undo_removal {
	struct str id;
	uint64_t before;
	bool removed;
	struct arena *scratch;
};

static int
undo_note_removal(void *arg, const struct event_record *record,
    struct fault *fault)
{
	struct undo_removal *r = arg;
	struct event_fields e;

	(void)fault;
	if (record->seq >= r->before)
		return 1;
	arena_reset(r->scratch);
	if (history_read(record, &e, r->scratch) && str_eq(e.id, r->id) &&
	    (str_eq(record->operation, STR("thing.remove")) ||
	    str_eq(record->operation, STR("channel.remove"))))
		r->removed = true;
	return r->removed;
}

int
undo_remains(struct undo *u, enum item_kind kind, struct str id,
    uint64_t since, const char *was)
{
	struct undo_removal r = {
		.id = id, .before = u->seq, .scratch = &u->scratch
	};
	struct undo_item item;

	/* no event tells of what ends with it */
	if (u->client.backend->history(&u->client, since, id,
	    undo_note_removal, &r, u->fault) < 0 ||
	    undo_find(u, kind, id, &item) < 0)
		return -1;
	if (!r.removed && !item.found)
		diag_warning("%llu: it was %s %.*s, which was removed since",
		    (unsigned long long)u->seq, was, STR_ARG(id));
	return !r.removed && item.found;
}

/* connects what has come back as it was, if the other one is still there */
static int
undo_reconnect(struct undo *u, const struct history_pair *pair)
{
	bool thing = u->kind == ITEM_THING;
	int got;

	if (pair->place)
		return undo_place(u, pair);
	got = undo_remains(u, thing ? ITEM_CHANNEL : ITEM_THING, pair->other,
	    pair->seq, "connected to");
	return got <= 0 ? got : undo_pair(u, pair->direction,
	    thing ? pair->other : u->is.id, thing ? u->is.id : pair->other);
}

static int
undo_remove(struct undo *u)
{
	struct change change = {
		.given = MEMBER_ID | MEMBER_NAME | MEMBER_METADATA |
		    MEMBER_TAGS | MEMBER_STATUS |
		    (u->kind == ITEM_THING ? MEMBER_KEY : 0), .id = u->is.id
	};
	struct undo_item now;
	struct history was;
	int result;
	size_t i;

	if (undo_find(u, u->kind, u->is.id, &now) < 0)
		return -1;
	if (now.found)
		return undo_refuse(u, "it was made again since");
	result = history_before(&u->client, u->is.id, u->seq, &was, &u->keep,
	    u->fault);
	if (result == 0 && (!was.there || was.name.p == NULL ||
	    was.metadata.p == NULL || was.tags.p == NULL))
		result = undo_refuse(u, "what it was is not known");
	change.name = was.name;
	change.metadata = was.metadata;
	change.tags = was.tags;
	change.disabled = was.disabled;
	if (result == 0)
		result = undo_change(u, CHANGE_CREATE, u->kind, &change);
	for (i = 0; i < was.n && result == 0; i++)
		result = undo_reconnect(u, &was.pairs[i]);
	history_end(&was);
	if (result == 0 && u->kind == ITEM_THING)
		diag_warning("%llu: thing %.*s is back without its key: "
		    "'mfx-things key --new' makes one",
		    (unsigned long long)u->seq, STR_ARG(u->is.id));
	return result;
}

/* ---- one change, and all ---- */

static int
undo_no_key(struct undo *u)
{
	return undo_refuse(u, "keys that were are not kept");
}

static int
undo_no_user(struct undo *u)
{
	return undo_refuse(u, "it is a change of a user");
}

static const struct {
	const char *operation;
	int (*undo)(struct undo *);
	enum item_kind kind;
} undo_table[] = {
	{ "thing.create", undo_create, ITEM_THING },
	{ "thing.update", undo_update, ITEM_THING },
	{ "thing.enable", undo_switch, ITEM_THING },
	{ "thing.disable", undo_switch, ITEM_THING },
	{ "thing.remove", undo_remove, ITEM_THING },
	{ "thing.connect", undo_connection, ITEM_THING },
	{ "thing.disconnect", undo_connection, ITEM_THING },
	{ "thing.key", undo_no_key, ITEM_THING },
	{ "channel.create", undo_create, ITEM_CHANNEL },
	{ "channel.update", undo_update, ITEM_CHANNEL },
	{ "channel.enable", undo_switch, ITEM_CHANNEL },
	{ "channel.disable", undo_switch, ITEM_CHANNEL },
	{ "channel.remove", undo_remove, ITEM_CHANNEL },
	{ "group.create", undo_group_create, ITEM_THING },
	{ "group.update", undo_group_update, ITEM_THING },
	{ "group.remove", undo_group_remove, ITEM_THING },
	{ "group.assign", undo_assign, ITEM_THING },
	{ "group.unassign", undo_assign, ITEM_THING },
	{ "grant.create", undo_grant_create, ITEM_THING },
	{ "grant.update", undo_grant_update, ITEM_THING },
	{ "grant.remove", undo_grant_remove, ITEM_THING },
	{ "grant.accept", undo_grant_accept, ITEM_THING },
	{ "user.create", undo_no_user, ITEM_THING },
	{ "user.update", undo_no_user, ITEM_THING },
	{ "user.remove", undo_no_user, ITEM_THING },
};
#define UNDO_TABLE (sizeof undo_table / sizeof *undo_table)

/* keeps the event that was asked for, which is the first one */
static int
undo_give(void *arg, const struct event_record *record, struct fault *fault)
{
	struct undo *u = arg;
	struct event_record *to = &u->record;

	if (record->seq != u->seq)
		return 1;
	*to = *record;
	to->operation = arena_str(&u->keep, record->operation);
	to->fields = arena_str(&u->keep, record->fields);
	to->user = arena_str(&u->keep, record->user);
	if (to->operation.p == NULL || to->fields.p == NULL ||
	    to->user.p == NULL || !history_read(to, &u->is, &u->keep))
		return fault_set(fault, EX_IOERR, "event %llu is damaged",
		    (unsigned long long)u->seq);
	u->found = true;
	return 1;
}

static int
undo_one(struct undo *u, uint64_t seq)
{
	const struct client_backend *b = u->client.backend;
	size_t i;

	u->seq = seq;
	u->found = false;
	if (b->history(&u->client, seq - 1, STR_NONE, undo_give, u,
	    u->fault) < 0)
		return -1;
	if (!u->found)
		return fault_set(u->fault, 1, "no change %llu",
		    (unsigned long long)seq);
	for (i = 0; i < UNDO_TABLE; i++)
		if (str_eq(u->record.operation,
		    str_z(undo_table[i].operation)))
			break;
	if (i == UNDO_TABLE)
		return undo_refuse(u, "it is of another kind");
	u->kind = undo_table[i].kind;
	if (b->act_as(&u->client, u->record.user.p, u->fault) < 0)
		return u->fault->status != 1 ? -1 : fault_set(u->fault,
		    EX_DATAERR, "%llu, %.*s, can't be undone: its user was "
		    "removed since, '%.*s'", (unsigned long long)seq,
		    STR_ARG(u->record.operation), STR_ARG(u->record.user));
	if (undo_table[i].undo(u) < 0)
		return -1;
	return log_put(&u->out.b, &u->record, site_opt.json, &u->scratch,
	    u->fault);
}

static int
undo_later_first(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x < y) - (x > y);
}

static int
undo_all(struct undo *u, const uint64_t *seqs, size_t n)
{
	const struct client_backend *b = u->client.backend;
	size_t i;

	if (site_opt.dry_run && !b->transactions)
		program_misuse("--dry-run: not with --url");
	if (b->begin(&u->client, CLIENT_WRITE, u->fault) < 0)
		return -1;
	for (i = 0; i < n; i++)
		if ((i == 0 || seqs[i] != seqs[i - 1]) &&
		    undo_one(u, seqs[i]) < 0)
			return -1;
	return b->end(&u->client, !site_opt.dry_run, u->fault);
}

/* the operands are checked by the time that anything is opened */
static uint64_t *
undo_seqs(char **operands, size_t *n)
{
	uint64_t *seqs;
	size_t i;

	for (*n = 0; operands[*n] != NULL; ++*n)
		;
	seqs = memory_zero(*n, sizeof *seqs);
	for (i = 0; i < *n; i++)
		if (!number_digits(str_z(operands[i]), INT64_MAX, &seqs[i]) ||
		    seqs[i] == 0)
			program_misuse("'%s': not the seq of a change, as "
			    "'mfx-site log' prints it", operands[i]);
	qsort(seqs, *n, sizeof *seqs, undo_later_first);
	return seqs;
}

int
site_verb_undo(char **operands)
{
	static struct undo u;
	struct fault fault;
	uint64_t *seqs;
	int status = 0;
	size_t n;

	u.fault = &fault;
	seqs = undo_seqs(operands, &n);
	out_init(&u.out, STDOUT_FILENO, "<stdout>", UNDO_OUT_MAX);
	arena_init(&u.keep, UNDO_KEEP_MAX);
	arena_init(&u.scratch, 8 * EVENT_MAX);
	if (client_open(&u.client, &site_setup, CLIENT_WRITE, &fault) < 0 ||
	    undo_all(&u, seqs, n) < 0) {
		status = diag_fault(&fault);
		out_cancel(&u.out);
	}
	out_end(&u.out);
	client_close(&u.client);
	status = out_finish(&u.out, status);
	out_release(&u.out);
	arena_release(&u.keep);
	arena_release(&u.scratch);
	free(seqs);
	return status;
}
