/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_WS_SETUP_H
#define MFX_HTTP_WS_SETUP_H

#include "http/admin.h"
#include "http/setup.h"
#include "http/ws.h"

/*
 * A server of WebSockets from the options of http/setup.h: as
 * http_setup_open.  What --max-body limits is a message.
 */
int ws_setup_open(struct http_setup *, struct ws_options *, struct ws **,
    struct fault *);

/* what the server counts */
void ws_metrics_put(struct buf *, const struct service *, const struct ws *);

#endif
