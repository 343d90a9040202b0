/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_RUNNING_H
#define MFX_STORE_RUNNING_H

#include <limits.h>
#include <stdbool.h>

#include "base/run_read.h"

/*
 * The store of a sink that runs, as store_find() takes it: "sqlite:/var/m.db".
 * A file that it was given from its directory has its path in front.  False:
 * it is no sink, or its place can't be told: one that may hold a password, or
 * is too long, is not in its run file, and the directory of a process is shown
 * only to its user.
 */
#define STORE_RUNNING_MAX (PATH_MAX + 128)
bool store_running(const struct run_process *, char to[STORE_RUNNING_MAX]);

#endif
