/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_ADAPT_WS_HANDSHAKE_H
#define MFX_ADAPT_WS_HANDSHAKE_H

#include "adapter/adapter.h"
#include "ws/subscriber.h"

/* ws_options.on_handshake: a client that wants a WebSocket, or has come without
 * asking for one; it is counted, and a refusal is said. */
unsigned handshake(struct adapter *, struct subscribers *,
    struct http_request *, bool upgrade, void **owner, const char **why);

#endif
