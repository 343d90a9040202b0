/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_BOOTSTRAP_STATE_H
#define MFX_REGISTRY_BOOTSTRAP_STATE_H

#include "registry/direction.h"
#include "registry/user.h"

/*
 * The state of a configuration (bootstrap.h): active when its thing is
 * connected to its channels.
 */

/* begins an event of this user's, with the time of Mainflux' events */
void bootstrap_event(struct registry *, const char *owner);

/* notes another state of the configuration of a thing, with its event: 1; 0
 * when that was its state; -1 */
int bootstrap_note_state(struct registry *, const struct user *owner,
    struct str thing, bool active, struct fault *);

/* This thing was disconnected from this channel: when that is one of its
 * configuration's, it is not active any more, and keeps the direction.  0,
 * -1 */
int bootstrap_disconnected(struct registry *, const struct user *owner,
    struct str channel, struct str thing, unsigned direction, struct fault *);
/* takes what item_connect is to be told when it is connected again */
int bootstrap_take_direction(struct registry *, struct str channel,
    struct str thing, unsigned *direction, struct fault *);

#endif
