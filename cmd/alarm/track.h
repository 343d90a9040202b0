/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_TRACK_H
#define MFX_CMD_ALARM_TRACK_H

#include "cmd/alarm/engine.h"

/*
 * The series of a rule: found, made, put into the list of their state, and
 * forgotten.  For engine.c.
 */

/* the key of what a rule goes by, in e->key; false when it is too long */
bool track_key(struct engine *, const struct rule *, const struct subject *);
struct series *track_find(const struct engine *, const struct watch *);
/* makes one of e->key; NULL when there is no room */
struct series *track_make(struct engine *, struct watch *,
    struct str publisher);
/* from the list of its state to the end of that of another, or the same */
void track_move(struct watch *, struct series *, enum series_state);
void track_remove(struct engine *, struct watch *, struct series *);
void track_changed(struct engine *, struct watch *, struct series *);

void track_release_all(struct watch *);

#endif
