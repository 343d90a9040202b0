/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_UNDO_H
#define MFX_CMD_SITE_UNDO_H

#include "cmd/site/history.h"

/* What undo.c does for one change, and what undo_groups.c has of it. */
struct undo {
	struct client client;
	struct out out;
	struct arena keep, scratch;
	struct fault *fault;
	/* the change in hand */
	uint64_t seq;
	bool found;
	struct event_record record;
	struct event_fields is;
	enum item_kind kind;
};

/* the fault that this change can't be undone, and why; -1 */
int undo_refuse(struct undo *, const char *why);

/* what this member was before; false when it was changed since */
bool undo_member(struct str was, struct str is, struct str now,
    struct str *to);

/* makes one change, as the user of the change in hand; 0, -1 */
int undo_change(struct undo *, enum change_verb, enum item_kind,
    const struct change *);

/* There again is what was once in a group, or was the group: puts it into it,
 * if both are still there and were not removed in between. */
int undo_place(struct undo *, const struct history_pair *);

/* Is there such a thing or channel, still the same since this event?
 * 1, 0, -1.  A warning says what it was, when it was removed later. */
int undo_remains(struct undo *, enum item_kind, struct str id, uint64_t since,
    const char *was);

/* changes of groups, of what is in them, and of grants */
int undo_group_create(struct undo *), undo_group_update(struct undo *),
    undo_group_remove(struct undo *), undo_assign(struct undo *),
    undo_grant_create(struct undo *), undo_grant_update(struct undo *),
    undo_grant_remove(struct undo *), undo_grant_accept(struct undo *);

#endif
