/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_SPAWN_H
#define MFX_BASE_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Another program, with signals as a program expects them: none of ours is
 * blocked, and SIGPIPE ends it.  It has our descriptors 0 to 2, unless said
 * otherwise, and none that are closed on exec.
 */
struct spawn {
	const char *path;
	char **argv;
	char **env;		/* NULL: ours */
	int in, out;		/* its stdin and stdout; 0 and 1 for ours */
	bool group;		/* the leader of a process group of its own */
};

/* 0, or why not, as errno says it */
int spawn_program(const struct spawn *, pid_t *);

#endif
