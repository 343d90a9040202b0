/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_CHILD_H
#define MFX_BASE_CHILD_H

#include <sys/types.h>

#include "base/fault.h"

/*
 * A program at the other end of a pipe: one that says something, or one that
 * makes something of what we write.  argv[0] is looked up beside the
 * running program, then in $PATH.
 */
struct child {
	pid_t pid;
	int fd;			/* our end of the pipe */
};

enum child_end { CHILD_READ, CHILD_WRITE };	/* what we do */

int child_start(struct child *, char **argv, enum child_end, struct fault *);

/* Waits for it (fd is closed already); -1 and the fault unless it ended with
 * 0, or with `also`. */
int child_wait(struct child *, const char *name, int also, struct fault *);

#endif
