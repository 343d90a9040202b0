/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_PIPE_PROCESS_H
#define MFX_STORE_PIPE_PROCESS_H

#include <sys/types.h>

#include "store/store.h"

#define PROCESS_MAX 24	/* in all */

/* A process of mfx-read-NAME --batch, from the pool of all (pipe.h). */
struct process {
	int in, out;		/* to it, from it */
	bool used;		/* it has answered before */
	/* private */
	struct process *next;
	pid_t pid;
	char *place;
	int64_t since;		/* it waits for a query */
};

/* one that waits, or a new one; NULL and a fault.  `fresh`: a new one. */
struct process *process_take(const char *place, bool fresh,
    const struct store_watch *, struct fault *);
/* it may answer again; or it is ended at once */
void process_give(struct process *, bool sound);

/* the path of its program; false: there is none */
bool process_program(const char *place, char *path, char *name, size_t n);

#endif
