/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_DECISION_H
#define MFX_CLIENT_DECISION_H

#include "client/client.h"

/* A decision and its reason as a line for people, "yes: ..." or "no: ...";
 * nothing for DECISION_FAULT.  `verb`: "publish" or "subscribe". */
void decision_put(struct buf *, enum decision, const struct question *,
    const char *verb);

#endif
