/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_DECISION_REMOTE_H
#define MFX_CLIENT_DECISION_REMOTE_H

#include "client/decision.h"
#include "client/session.h"

/*
 * The same, asked of a mfx-api(1).  By a key whoever has it may ask; why
 * not is for the owner of the thing only, with their token, and to others
 * each reason is that the two are not connected.  By a thing's id only its
 * owner may ask.
 */
enum decision decide_there(struct session *, struct question *,
    struct fault *);

#endif
