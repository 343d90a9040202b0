/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/bus/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* how long a command may take to end */
#define GRACE_MS 5000
/* how often the guard looks whether it has */
#define LOOK_MS 100
#define FDS_MAX 4096

/* Between fork and exec, of a program that has threads: only what is safe
 * there. */
static _Noreturn void
pipeline_exec(char **argv)
{
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Reaps what has ended: true when the command has, with its status. */
static bool
pipeline_reap(pid_t pid, int *status)
{
	bool ended = false;
	int s;
	pid_t r;

	while ((r = waitpid(-1, &s, WNOHANG)) > 0)
		if (r == pid) {
			*status = s;
			ended = true;
		}
	return ended;
}

/* Until nothing of the group is there: a shell ends before what it has started
 * does, and a second SIGTERM would not let that finish. */
static int
pipeline_watch(pid_t pid, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int status = 0, left = GRACE_MS;
	bool ended = false, asked = false;
	char c;

	while (left > -GRACE_MS && !(ended && kill(-pid, 0) < 0)) {
		poll(&p, asked ? 0 : 1, LOOK_MS);
		ended |= pipeline_reap(pid, &status);
		if (asked)
			left -= LOOK_MS;
		if (!asked && (p.revents != 0 || ended)) {
			asked = true;
			if (p.revents != 0 && read(fd, &c, 1) == 1)
				left = 0;
			kill(-pid, SIGTERM);
			/* one that is stopped */
			kill(-pid, SIGCONT);
		}
		if (left <= 0)
			kill(-pid, SIGKILL);
	}
	return status;
}

static _Noreturn void
pipeline_guard(int fd, char **argv)
{
	int status, null, i;
	pid_t pid;

	null = open("/dev/null", O_RDONLY);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	for (i = STDERR_FILENO + 1; i < FDS_MAX; i++)
		if (i != fd)
			close(i);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
#ifdef PR_SET_CHILD_SUBREAPER
	/* what its shell leaves behind */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
	if ((pid = fork()) < 0)
		_exit(EX_TEMPFAIL);
	if (pid == 0) {
		close(fd);
		pipeline_exec(argv);
	}
	setpgid(pid, pid);
	status = pipeline_watch(pid, fd);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status));
}

int
pipeline_start(struct pipeline *p, char **argv, struct fault *fault)
{
	int fds[2];

	if (pipe(fds) < 0)
		return fault_errno(fault, EX_OSERR, "pipe");
	/* nothing else here makes a process meanwhile */
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	p->pid = fork();
	if (p->pid == 0)
		pipeline_guard(fds[0], argv);
	close(fds[0]);
	p->hold = fds[1];
	p->ending = false;
	if (p->pid > 0)
		return 0;
	p->pid = 0;
	close(fds[1]);
	return fault_errno(fault, EX_OSERR, "fork");
}

void
pipeline_end(struct pipeline *p, bool at_once)
{
	if (p->pid == 0 || p->ending)
		return;
	if (at_once && write(p->hold, "k", 1) < 0)
		errno = 0;	/* the guard has ended */
	close(p->hold);
	p->ending = true;
}

bool
pipeline_ended(struct pipeline *p, bool wait, int *status)
{
	pid_t r;

	do
		r = waitpid(p->pid, status, wait ? 0 : WNOHANG);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return false;
	if (!p->ending)
		close(p->hold);
	p->pid = 0;
	return true;
}
