/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OS_PROCESS_H
#define MFX_BASE_OS_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What the system knows of another process: on Linux from proc(5).  Elsewhere
 * (os.h) nothing is known, and all of these are false.
 */
struct os_usage {
	int64_t cpu;		/* ns, user and system */
	uint64_t resident;	/* bytes */
	char state;		/* as ps(1) shows it: 'R', 'S', 'T' … */
};

bool os_process_usage(uint64_t pid, struct os_usage *);

/* how much of the pipe that a process has as stdin waits to be read, and how
 * much fits in; needs the permission to trace it */
bool os_process_pipe(uint64_t pid, uint64_t *held, uint64_t *room);

/* the directory in which it finds files; needs the same permission */
bool os_process_directory(uint64_t pid, char to[PATH_MAX]);

#endif
