/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/spawn.h"
#include "base/which.h"

int
child_start(struct child *s, char **argv, enum child_end end,
    struct fault *fault)
{
	int fds[2], ours = end == CHILD_READ ? 0 : 1, e;
	char path[PATH_MAX];

	if (!which("", argv[0], path))
		return fault_set(fault, EX_CONFIG, "no program %s in the PATH",
		    argv[0]);
	/* one that ends early says why, and that must be waited for */
	if (end == CHILD_WRITE)
		signal(SIGPIPE, SIG_IGN);
	if (pipe(fds) < 0)
		return fault_errno(fault, 0, "pipe");
	fcntl(fds[ours], F_SETFD, FD_CLOEXEC);
	fcntl(fds[!ours], F_SETFD, FD_CLOEXEC);
	e = spawn_program(&(struct spawn){ .path = path, .argv = argv,
	    .in = end == CHILD_READ ? STDIN_FILENO : fds[0],
	    .out = end == CHILD_READ ? fds[1] : STDOUT_FILENO }, &s->pid);
	close(fds[!ours]);
	s->fd = fds[ours];
	if (e == 0)
		return 0;
	close(s->fd);
	errno = e;
	return fault_errno(fault, 0, "%s", argv[0]);
}

int
child_wait(struct child *s, const char *name, int also, struct fault *fault)
{
	int status;

	while (waitpid(s->pid, &status, 0) < 0)
		if (errno != EINTR)
			return fault_errno(fault, 0, "%s", name);
	/* it wrote to nobody: we have read enough, or our reader has */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE)
		return 0;
	if (WIFSIGNALED(status))
		return fault_set(fault, EX_IOERR, "%s: killed by signal %d",
		    name, WTERMSIG(status));
	status = WEXITSTATUS(status);
	if (status != 0 && status != also)
		return fault_set(fault, status >= EX_USAGE ? status : EX_IOERR,
		    "%s: exit status %d", name, status);
	return status;
}
