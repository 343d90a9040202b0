/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_SERIES_H
#define MFX_CMD_ALARM_SERIES_H

#include "cmd/alarm/engine.h"

/*
 * The series of a rule: found, made, put into the list of their state, and
 * forgotten.  For engine.c.
 */

/* the key of what a rule goes by, in e->key; false when it is too long */
bool series_key(struct engine *, const struct rule *, const struct subject *);
struct series *series_find(const struct engine *, const struct watch *);
/* makes one of e->key; NULL when there is no room */
struct series *series_make(struct engine *, struct watch *,
    struct str publisher);
/* from the list of its state to the end of that of another, or the same */
void series_move(struct watch *, struct series *, enum series_state);
void series_remove(struct engine *, struct watch *, struct series *);
void series_changed(struct engine *, struct watch *, struct series *);

void series_release_all(struct watch *);

#endif
