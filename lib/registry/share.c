/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/share.h"

#include <sysexits.h>

#include "json/json.h"
#include "registry/event.h"
#include "registry/grant_sql.h"
#include "registry/item_row.h"

/* ---- items ---- */

void
share_put(struct buf *b, const struct item *item)
{
	if (item->owner.p == NULL)
		return;
	buf_puts(b, ",\"owner\":");
	json_put_string(b, item->owner);
	if (item->level > 0) {
		buf_puts(b, ",\"level\":");
		json_put_string(b, grant_level_word(item->level));
	}
}

/* as ITEM_ROWS, with the owner's address and the level after that */
#define SHARE_ROW(table, grants)					\
	"SELECT t.id, t.name, t.metadata, t.tags, t.disabled, NULL, NULL," \
	" t.n, u.email, " GRANT_SQL_LEVEL(grants) " FROM " table " t"	\
	" JOIN users u ON u.n = t.owner"				\
	" WHERE t.id = ?2 AND EXISTS(SELECT 1 FROM " grants ")"
static const char *const share_sql_row[] = {
	SHARE_ROW("things", GRANT_SQL_OF_THING("t.n")),
	SHARE_ROW("channels", GRANT_SQL_OF_CHANNEL("t.n")),
};

int
share_find(struct registry *r, enum item_kind kind, const struct user *user,
    struct str id, struct item *item, void **found, struct fault *fault)
{
	sqlite3_stmt *st;

	if (item_find(r, kind, user, id, item, found, fault) == 0)
		return 0;
	if (fault->status != 1)
		return -1;
	st = statement_of(r, share_sql_row[kind], user->rowid, id, fault);
	/* the fault may still be that there is none */
	if (statement_step(r, st, fault) <= 0)
		return -1;
	item_fill(item, st);
	item_fill_shared(item, st);
	*found = st;
	return 0;
}

/* after a function found no item of the user's own: as its owner, if a grant
 * allows this; else -1, with the fault that there was or EX_NOPERM */
static int
share_owner(struct registry *r, enum item_kind kind, const struct user *user,
    struct str id, enum grant_level need, struct user *owner,
    struct fault *fault)
{
	return fault->status == 1 && grant_allows(r, (enum grant_kind)kind,
	    user, id, need, owner, fault) > 0 ? 0 : -1;
}

int
share_update(struct registry *r, enum item_kind kind, const struct user *user,
    const struct change *change, struct fault *fault)
{
	struct user owner;
	int result;

	if (item_update(r, kind, user, change, fault) == 0)
		return 0;
	if (share_owner(r, kind, user, change->id, change->given & MEMBER_KEY ?
	    GRANT_OWNER : GRANT_MANAGE, &owner, fault) < 0)
		return -1;
	event_by(r, user->email);
	result = item_update(r, kind, &owner, change, fault);
	event_by(r, NULL);
	return result;
}

int
share_remove(struct registry *r, enum item_kind kind, const struct user *user,
    struct str id, struct fault *fault)
{
	struct user owner;

	return item_remove(r, kind, user, id, fault) == 0 ? 0 :
	    share_owner(r, kind, user, id, GRANT_OWNER, &owner, fault);
}

/* ---- connections ---- */

/* one end of a connection, as far as the user is concerned */
struct share_end {
	long long n, owner;
	char owner_id[ID_TEXT + 1];
	bool own;
	int level;			/* of the best grant; 0: none */
	long long granted;		/* that grant */
};

#define SHARE_END(table, grants)					\
	"SELECT t.n, t.owner, u.id, t.owner = ?1,"			\
	" " GRANT_SQL_LEVEL(grants) ", " GRANT_SQL_BEST(grants)		\
	" FROM " table " t JOIN users u ON u.n = t.owner WHERE t.id = ?2"
static const char *const share_sql_end[] = {
	SHARE_END("things", GRANT_SQL_OF_THING("t.n")),
	SHARE_END("channels", GRANT_SQL_OF_CHANNEL("t.n")),
};

/* also of an item that does not exist for the user: 1; 0: there is none; -1 */
static int
share_find_end(struct registry *r, enum item_kind kind,
    const struct user *user, struct str id, struct share_end *end,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, share_sql_end[kind], user->rowid,
	    id, fault);
	int got = statement_step(r, st, fault);

	*end = (struct share_end){ .n = 0 };
	if (got <= 0)
		return got;
	end->n = sqlite3_column_int64(st, 0);
	end->owner = sqlite3_column_int64(st, 1);
	snprintf(end->owner_id, sizeof end->owner_id, "%.*s",
	    STR_ARG(db_column(st, 2)));
	end->own = sqlite3_column_int(st, 3) != 0;
	end->level = sqlite3_column_int(st, 4);
	end->granted = sqlite3_column_int64(st, 5);
	db_reset(st);
	return 1;
}

struct share_pair {
	struct str channel, thing;	/* ids */
	struct share_end at_channel, at_thing;
};

static bool
share_sees(const struct share_end *end)
{
	return end->own || end->level > 0;
}

/* Finds both ends; and does the user see them?  Else it is as if they did not
 * exist: 0. */
static int
share_find_pair(struct registry *r, const struct user *user,
    struct share_pair *p, struct fault *fault)
{
	if (share_find_end(r, ITEM_CHANNEL, user, p->channel, &p->at_channel,
	    fault) < 0 || share_find_end(r, ITEM_THING, user, p->thing,
	    &p->at_thing, fault) < 0)
		return -1;
	if (!share_sees(&p->at_channel)) {
		item_unknown(ITEM_CHANNEL, p->channel, fault);
		return 0;
	}
	if (share_sees(&p->at_thing))
		return 1;
	item_unknown(ITEM_THING, p->thing, fault);
	return 0;
}

/* the owner of both, as whom the user may manage them: 1; 0: they are not
 * another's; -1, also when a grant is not enough */
static int
share_pair_owner(struct registry *r, const struct user *user,
    const struct share_pair *p, struct user *owner, struct fault *fault)
{
	if (p->at_channel.own || p->at_channel.owner != p->at_thing.owner)
		return 0;
	return grant_allows(r, GRANT_CHANNEL, user, p->channel, GRANT_MANAGE,
	    owner, fault) <= 0 || grant_allows(r, GRANT_THING, user, p->thing,
	    GRANT_MANAGE, owner, fault) <= 0 ? -1 : 1;
}

/* an event of the user who shares, whichever user it is that connects or
 * disconnects a guest */
static int
share_event(struct registry *r, const char *operation, const char *owner,
    const struct user *user, const struct share_pair *p, unsigned direction,
    struct fault *fault)
{
	struct user host = { .rowid = 0 };
	int result;

	memcpy(host.id, owner, sizeof host.id);
	event_by(r, strcmp(owner, user->id) == 0 ? NULL : user->email);
	item_event_pair(r, &host, p->channel, p->thing);
	if (direction != 0)
		event_text(r, "direction", direction_word(direction));
	result = event_append(r, operation, fault);
	event_by(r, NULL);
	return result;
}

/* 1; 0 when nothing had to be changed; -1 */
static int
share_add_guest(struct registry *r, const struct user *user,
    const struct share_pair *p, const struct share_end *other,
    unsigned direction, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "INSERT INTO guests"
	    "(channel, thing, granted, direction)"
	    " VALUES(?1, ?2, ?3, coalesce(?4, 3))"
	    " ON CONFLICT(channel, thing) DO UPDATE SET direction = ?4"
	    " WHERE ?4 IS NOT NULL AND direction <> ?4", fault);
	int n;

	sqlite3_bind_int64(st, 1, p->at_channel.n);
	sqlite3_bind_int64(st, 2, p->at_thing.n);
	sqlite3_bind_int64(st, 3, other->granted);
	if (direction != 0)
		sqlite3_bind_int(st, 4, (int)direction);
	if ((n = statement_run(r, st, fault)) <= 0)
		return n;
	return share_event(r, "thing.connect", other->owner_id, user, p,
	    direction, fault) < 0 ? -1 : 1;
}

static int
share_connect_guest(struct registry *r, const struct user *user,
    const struct share_pair *p, unsigned direction, struct fault *fault)
{
	bool mine = p->at_channel.own;
	const struct share_end *other = mine ? &p->at_thing : &p->at_channel;
	struct user owner;

	if (!mine && !p->at_thing.own)
		return fault_set(fault, EX_NOPERM, "channel '%.*s' and thing "
		    "'%.*s' are of two other users: one has to be your own",
		    STR_ARG(p->channel), STR_ARG(p->thing));
	if (other->level < GRANT_USE)
		return grant_allows(r, mine ? GRANT_THING : GRANT_CHANNEL, user,
		    mine ? p->thing : p->channel, GRANT_USE, &owner, fault);
	return share_add_guest(r, user, p, other, direction, fault);
}

int
share_connect(struct registry *r, const struct user *user, struct str channel,
    struct str thing, unsigned direction, struct fault *fault)
{
	struct share_pair p = { .channel = channel, .thing = thing };
	struct user owner;
	int got = item_connect(r, user, channel, thing, direction, fault);

	if (got >= 0 || fault->status != 1)
		return got;
	if (share_find_pair(r, user, &p, fault) <= 0)
		return -1;
	if ((got = share_pair_owner(r, user, &p, &owner, fault)) < 0)
		return -1;
	if (got == 0)
		return share_connect_guest(r, user, &p, direction, fault);
	event_by(r, user->email);
	got = item_connect(r, &owner, channel, thing, direction, fault);
	event_by(r, NULL);
	return got;
}

/* The guest connection of these two: its direction, 0 when there is none, or
 * -1; and the id of the user who shares what it needs. */
static int
share_find_guest(struct registry *r, const struct share_pair *p,
    char owner[ID_TEXT + 1], struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT direction, u.id"
	    " FROM guests x JOIN grants g ON g.n = x.granted"
	    " JOIN users u ON u.n = g.owner"
	    " WHERE x.channel = ?1 AND x.thing = ?2", fault);
	int got, direction = 0;

	sqlite3_bind_int64(st, 1, p->at_channel.n);
	sqlite3_bind_int64(st, 2, p->at_thing.n);
	if ((got = statement_step(r, st, fault)) > 0) {
		direction = sqlite3_column_int(st, 0);
		snprintf(owner, ID_TEXT + 1, "%.*s",
		    STR_ARG(db_column(st, 1)));
	}
	db_reset(st);
	return got < 0 ? -1 : direction;
}

static bool
share_may_end(const struct share_pair *p)
{
	return p->at_channel.own || p->at_thing.own ||
	    p->at_channel.level >= GRANT_MANAGE ||
	    p->at_thing.level >= GRANT_MANAGE;
}

static int
share_drop_guest(struct registry *r, const struct user *user,
    const struct share_pair *p, const char *owner, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "DELETE FROM guests"
	    " WHERE channel = ?1 AND thing = ?2", fault);

	sqlite3_bind_int64(st, 1, p->at_channel.n);
	sqlite3_bind_int64(st, 2, p->at_thing.n);
	if (statement_run(r, st, fault) < 0)
		return -1;
	return share_event(r, "thing.disconnect", owner, user, p, 0,
	    fault) < 0 ? -1 : 1;
}

/* of two that are not both the user's own, and no guest connection */
static int
share_disconnect_other(struct registry *r, const struct user *user,
    struct share_pair *p, unsigned *direction, struct fault *fault)
{
	struct user owner;
	int got = share_find_pair(r, user, p, fault);

	if (got <= 0 || (got = share_pair_owner(r, user, p, &owner,
	    fault)) < 0)
		return -1;
	/* they are not connected */
	if (got == 0)
		return 0;
	event_by(r, user->email);
	got = item_disconnect(r, &owner, p->channel, p->thing, direction,
	    fault);
	event_by(r, NULL);
	return got;
}

int
share_disconnect(struct registry *r, const struct user *user,
    struct str channel, struct str thing, unsigned *direction,
    struct fault *fault)
{
	struct share_pair p = { .channel = channel, .thing = thing };
	int got = item_disconnect(r, user, channel, thing, direction, fault);
	char owner[ID_TEXT + 1];
	int seen, guest;

	if (got >= 0 || fault->status != 1)
		return got;
	if ((seen = share_find_pair(r, user, &p, fault)) < 0)
		return -1;
	/* a host knows what is connected, though not whose it is */
	if ((guest = share_find_guest(r, &p, owner, fault)) < 0)
		return -1;
	if (guest == 0)
		return share_disconnect_other(r, user, &p, direction, fault);
	if (share_may_end(&p)) {
		*direction = (unsigned)guest;
		return share_drop_guest(r, user, &p, owner, fault);
	}
	return seen == 0 ? -1 : fault_set(fault, EX_NOPERM,
	    "only the owners of channel '%.*s' and thing '%.*s', and who "
	    "manages one of them, may disconnect them", STR_ARG(channel),
	    STR_ARG(thing));
}

int
share_connected(struct registry *r, const struct user *user,
    struct str channel, struct str thing, struct fault *fault)
{
	struct share_pair p = { .channel = channel, .thing = thing };
	char sharer[ID_TEXT + 1];
	struct user owner;
	int seen, got = item_connected(r, user, channel, thing, fault);

	if (got != 0)
		return got;
	if ((seen = share_find_pair(r, user, &p, fault)) < 0)
		return -1;
	if ((got = share_find_guest(r, &p, sharer, fault)) != 0)
		return got < 0 ? -1 : seen > 0 || share_may_end(&p);
	if (seen == 0 || p.at_channel.owner != p.at_thing.owner ||
	    p.at_channel.own)
		return 0;
	owner = (struct user){ .rowid = p.at_channel.owner };
	return item_connected(r, &owner, channel, thing, fault);
}

int
share_guest_grant(struct registry *r, const struct user *user,
    struct str channel, struct str thing, char id[ID_TEXT + 1],
    struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "SELECT g.id FROM channels c"
	    " CROSS JOIN things t ON t.id = ?3 CROSS JOIN guests x"
	    " ON x.channel = c.n AND x.thing = t.n"
	    " JOIN grants g ON g.n = x.granted"
	    " WHERE c.id = ?2 AND (?1 = 0 OR ?1 IN (g.owner, g.grantee))",
	    user != NULL ? user->rowid : 0, channel, fault);
	int got;

	db_bind_str(st, 3, thing);
	if ((got = statement_step(r, st, fault)) > 0)
		snprintf(id, ID_TEXT + 1, "%.*s", STR_ARG(db_column(st, 0)));
	db_reset(st);
	return got;
}

/* rows of channel, thing and direction, and the rows of the first two */
#define SHARE_GUESTS							\
	"SELECT c.id, t.id, x.direction, x.channel, x.thing"		\
	" FROM grants g CROSS JOIN guests x ON x.granted = g.n"		\
	" CROSS JOIN channels c ON c.n = x.channel"			\
	" CROSS JOIN things t ON t.n = x.thing WHERE "

static int
share_give_guests(struct registry *r, sqlite3_stmt *st,
    struct guest_place *at, int (*each)(void *, const struct item_pair *,
    struct fault *), void *arg, struct fault *fault)
{
	struct item_pair pair;
	int got;

	while ((got = statement_step(r, st, fault)) > 0) {
		pair = (struct item_pair){ db_column(st, 0), db_column(st, 1),
		    (unsigned)sqlite3_column_int(st, 2) };
		at->channel = sqlite3_column_int64(st, 3);
		at->thing = sqlite3_column_int64(st, 4);
		if ((got = each(arg, &pair, fault)) != 0) {
			db_reset(st);
			return got;
		}
	}
	return got;
}

int
share_each_guest(struct registry *r, const struct user *user,
    int (*each)(void *, const struct item_pair *, struct fault *), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, SHARE_GUESTS
	    "g.grantee = ?1 ORDER BY c.id, t.id", fault);
	struct guest_place at;

	sqlite3_bind_int64(st, 1, user->rowid);
	return share_give_guests(r, st, &at, each, arg, fault);
}

static int
share_ignore_grant(void *arg, const struct grant *g, struct fault *fault)
{
	(void)arg;
	(void)g;
	(void)fault;
	return 0;
}

int
share_each_guest_of(struct registry *r, const struct user *user,
    struct str grant, struct guest_place *at,
    int (*each)(void *, const struct item_pair *, struct fault *), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st;

	if (grant_find(r, user, grant, share_ignore_grant, NULL, fault) < 0)
		return -1;
	st = statement_of(r, SHARE_GUESTS "g.id = ?2"
	    " AND ?1 IN (g.owner, g.grantee)"
	    " AND (x.channel, x.thing) > (?3, ?4)"
	    " ORDER BY x.channel, x.thing", user->rowid, grant, fault);
	sqlite3_bind_int64(st, 3, at->channel);
	sqlite3_bind_int64(st, 4, at->thing);
	return share_give_guests(r, st, at, each, arg, fault);
}
