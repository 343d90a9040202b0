/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_ADAPTER_REQUEST_LOG_H
#define MFX_ADAPTER_REQUEST_LOG_H

#include "http/request.h"

/*
 * With -v: one message for a request that has been answered, with its client,
 * its sender, the channel in its path, its status and its size as fields
 * (base/diag_about.h).  No query is written down: there may be anything in it.
 */
void request_log(const struct http_request *);

#endif
