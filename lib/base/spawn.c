/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spawn.h"

#include <spawn.h>
#include <unistd.h>

#include "base/signal.h"

extern char **environ;

static void
spawn_set_signals(posix_spawnattr_t *attr, bool group)
{
	sigset_t normal;

	sigemptyset(&normal);
	sigaddset(&normal, SIGPIPE);
	posix_spawnattr_setflags(attr, (short)(POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF | (group ? POSIX_SPAWN_SETPGROUP : 0)));
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setsigdefault(attr, &normal);
	posix_spawnattr_setsigmask(attr, signal_mask());
}

int
spawn_program(const struct spawn *s, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int e;

	posix_spawnattr_init(&attr);
	spawn_set_signals(&attr, s->group);
	posix_spawn_file_actions_init(&files);
	if (s->in != STDIN_FILENO)
		posix_spawn_file_actions_adddup2(&files, s->in, STDIN_FILENO);
	if (s->out != STDOUT_FILENO)
		posix_spawn_file_actions_adddup2(&files, s->out,
		    STDOUT_FILENO);
	e = posix_spawn(pid, s->path, &files, &attr, s->argv,
	    s->env != NULL ? s->env : environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return e;
}
