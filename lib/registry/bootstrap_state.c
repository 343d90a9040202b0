/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/bootstrap_state.h"

#include "registry/event.h"
#include "registry/statement.h"

void
bootstrap_event(struct registry *r, const char *owner)
{
	char seconds[24];

	event_begin(r, owner);
	snprintf(seconds, sizeof seconds, "%lld",
	    (long long)(stamp_now().ns / STAMP_SECOND));
	event_json(r, "timestamp", str_z(seconds));
}

/* one row was changed, or none */
static int
bootstrap_tell_state(struct registry *r, const struct user *owner,
    struct str thing, bool active, int changed, struct fault *fault)
{
	if (changed <= 0)
		return changed;
	bootstrap_event(r, owner->id);
	event_text(r, "thing_id", thing);
	event_json(r, "state", active ? STR("1") : STR("0"));
	return event_append(r, "thing.state_change", fault) < 0 ? -1 : 1;
}

int
bootstrap_note_state(struct registry *r, const struct user *owner,
    struct str thing, bool active, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "UPDATE bootstrap SET active = ?3"
	    " WHERE owner = ?1 AND active <> ?3"
	    " AND thing = (SELECT n FROM things WHERE id = ?2)",
	    owner->rowid, thing, fault);

	sqlite3_bind_int(st, 3, active);
	return bootstrap_tell_state(r, owner, thing, active,
	    statement_run(r, st, fault), fault);
}

/* of the row of a thing's configuration and this channel */
#define BOOTSTRAP_CHANNEL						\
	" WHERE channel = (SELECT n FROM channels WHERE id = ?1)"	\
	" AND config = (SELECT b.n FROM bootstrap b JOIN things t"	\
	" ON t.n = b.thing WHERE t.id = ?2)"

static int
bootstrap_keep_direction(struct registry *r, struct str channel,
    struct str thing, unsigned direction, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "UPDATE bootstrap_channels"
	    " SET direction = ?3" BOOTSTRAP_CHANNEL " AND direction <> ?3",
	    fault);

	db_bind_str(st, 1, channel);
	db_bind_str(st, 2, thing);
	sqlite3_bind_int(st, 3, (int)direction);
	return statement_done(r, st, fault);
}

int
bootstrap_take_direction(struct registry *r, struct str channel,
    struct str thing, unsigned *direction, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "SELECT direction FROM bootstrap_channels" BOOTSTRAP_CHANNEL,
	    fault);
	int got;

	db_bind_str(st, 1, channel);
	db_bind_str(st, 2, thing);
	if ((got = statement_step(r, st, fault)) < 0)
		return -1;
	*direction = got > 0 ? (unsigned)sqlite3_column_int(st, 0) : 0;
	db_reset(st);
	/* a connection that is there may go one way by now */
	if (*direction == DIRECTION_BOTH)
		*direction = 0;
	return *direction == 0 ? 0 : bootstrap_keep_direction(r, channel,
	    thing, DIRECTION_BOTH, fault);
}

int
bootstrap_disconnected(struct registry *r, const struct user *owner,
    struct str channel, struct str thing, unsigned direction,
    struct fault *fault)
{
	sqlite3_stmt *st;

	if (bootstrap_keep_direction(r, channel, thing, direction, fault) < 0)
		return -1;
	st = statement_of(r, "UPDATE bootstrap SET active = 0"
	    " WHERE owner = ?1 AND active = 1"
	    " AND thing = (SELECT n FROM things WHERE id = ?2)"
	    " AND EXISTS(SELECT 1 FROM bootstrap_channels"
	    " WHERE config = bootstrap.n"
	    " AND channel = (SELECT n FROM channels WHERE id = ?3))",
	    owner->rowid, thing, fault);

	db_bind_str(st, 3, channel);
	return bootstrap_tell_state(r, owner, thing, false,
	    statement_run(r, st, fault), fault) < 0 ? -1 : 0;
}
