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

int
bootstrap_disconnected(struct registry *r, const struct user *owner,
    struct str channel, struct str thing, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "UPDATE bootstrap SET active = 0"
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
