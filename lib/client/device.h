/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_DEVICE_H
#define MFX_CLIENT_DEVICE_H

#include "base/buf.h"
#include "base/fault.h"
#include "client/setup.h"

/*
 * What a device does that fetches its configuration: it asks the mfx-api of
 * the setup, and appends the JSON object that this has sent.  With
 * setup->sealed it proves its key without showing it, and the answer is sealed
 * (bootstrap_secure.h).  Faults are those of session.h: 1, that is nobody's
 * id, or not its key.
 */
int device_fetch(const struct remote_setup *, struct str external_id,
    struct str external_key, struct buf *json, struct fault *);

#endif
