/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_FORWARD_H
#define MFX_API_FORWARD_H

#include "api/request_ctx.h"
#include "base/fault.h"

/* Is it a change that another machine makes?  Then it is passed on: true. */
bool forward_change(struct request_ctx *);
int forwards_open(struct api *, struct fault *);
/* answers what waited until the registry here has the change */
void forwards_turn(struct api *);
bool forwards_wait(const struct api *);
/* those under way have a few seconds, or no time */
void forwards_stop(struct api *), forwards_cut(struct api *);
void forwards_close(struct api *);
/* a request that was passed on has it; and the answer, the number of the last
 * entry of the primary's log, which is that change or a later one */
#define FORWARD_PASSED "Mfx-Forwarded"
#define FORWARD_ENTRY "Mfx-Entry"
/* so many wait at most */
#define FORWARDS_MAX 512

#endif
