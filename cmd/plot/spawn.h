/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_PLOT_SPAWN_H
#define MFX_CMD_PLOT_SPAWN_H

#include <sys/types.h>

#include "base/fault.h"

/*
 * A program at the other end of a pipe: one that reads a store for us, or one
 * that makes an image of what we write.  argv[0] is looked up beside the
 * running program, then in $PATH.
 */
struct spawned {
	pid_t pid;
	int fd;			/* our end of the pipe */
};

enum spawn_end { SPAWN_READ, SPAWN_WRITE };	/* what we do */

int spawn_start(struct spawned *, char **argv, enum spawn_end, struct fault *);

/* Waits for it (fd is closed already); -1 and the fault unless it ended with
 * 0, or with `also`. */
int spawn_wait(struct spawned *, const char *name, int also, struct fault *);

#endif
