/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_EXPORT_SERVE_H
#define MFX_CMD_EXPORT_SERVE_H

#include "cmd/export/collect.h"

/*
 * GET /metrics, until SIGTERM.  A thread collects, as that may wait for a
 * server: requests that come meanwhile get what it finds.  The exit status.
 */
int serve(const char *address, const struct collect_options *,
    int64_t ready_fd);

#endif
