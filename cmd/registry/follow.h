/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_REGISTRY_FOLLOW_H
#define MFX_CMD_REGISTRY_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

struct registry;

/* Applies the log until a signal comes, or with `once` until all of it that
 * is there was applied; says on ready_fd when it was. */
int follow_log(struct registry *, bool once, int64_t ready_fd, struct fault *);

#endif
