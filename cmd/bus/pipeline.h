/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_BUS_PIPELINE_H
#define MFX_CMD_BUS_PIPELINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/fault.h"

/*
 * A command, and whatever it starts, which ends with us however we end: a
 * process of ours in front of it, the guard, has a pipe to us, and when that is
 * closed it sends SIGTERM to all of them, and some seconds later SIGKILL.
 */
struct pipeline {
	pid_t pid;		/* of the guard; 0: there is none */
	int hold;		/* our end of the pipe */
	bool ending;
};

/* stdin is /dev/null; the environment is ours */
int pipeline_start(struct pipeline *, char **argv, struct fault *);
/* asks it to end; at once: kills it */
void pipeline_end(struct pipeline *, bool at_once);
/* true when it has ended, with *status as of waitpid(2); with `wait` it waits
 * for that */
bool pipeline_ended(struct pipeline *, bool wait, int *status);

#endif
