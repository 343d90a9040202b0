/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/plot/spawn.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/signal.h"
#include "base/which.h"

extern char **environ;

static int
spawn_with(pid_t *pid, const char *path, char **argv, int fd, int as)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t normal;
	int e;

	sigemptyset(&normal);
	sigaddset(&normal, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigdefault(&attr, &normal);
	posix_spawnattr_setsigmask(&attr, signal_mask());
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fd, as);
	e = posix_spawn(pid, path, &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return e;
}

int
spawn_start(struct spawned *s, char **argv, enum spawn_end end,
    struct fault *fault)
{
	int fds[2], ours = end == SPAWN_READ ? 0 : 1, e;
	char path[PATH_MAX];

	if (!which("", argv[0], path))
		return fault_set(fault, EX_CONFIG, "no program %s in the PATH",
		    argv[0]);
	/* one that ends early says why, and that must be waited for */
	if (end == SPAWN_WRITE)
		signal(SIGPIPE, SIG_IGN);
	if (pipe(fds) < 0)
		return fault_errno(fault, 0, "pipe");
	fcntl(fds[ours], F_SETFD, FD_CLOEXEC);
	fcntl(fds[!ours], F_SETFD, FD_CLOEXEC);
	e = spawn_with(&s->pid, path, argv, fds[!ours],
	    end == SPAWN_READ ? STDOUT_FILENO : STDIN_FILENO);
	close(fds[!ours]);
	s->fd = fds[ours];
	if (e == 0)
		return 0;
	close(s->fd);
	errno = e;
	return fault_errno(fault, 0, "%s", argv[0]);
}

int
spawn_wait(struct spawned *s, const char *name, int also, struct fault *fault)
{
	int status;

	while (waitpid(s->pid, &status, 0) < 0)
		if (errno != EINTR)
			return fault_errno(fault, 0, "%s", name);
	if (WIFSIGNALED(status))
		return fault_set(fault, EX_IOERR, "%s: killed by signal %d",
		    name, WTERMSIG(status));
	status = WEXITSTATUS(status);
	if (status != 0 && status != also)
		return fault_set(fault, status >= EX_USAGE ? status : EX_IOERR,
		    "%s: exit status %d", name, status);
	return status;
}
