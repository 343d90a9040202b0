/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/out.h"
#include "base/signal.h"
#include "base/spawn.h"

#define TIMEOUT (60 * CLOCK_SECOND)
#define LOOK_MS 20

/* a file without a name that holds the input: nobody has to wait for one that
 * does not read it */
static int
command_input(struct str input)
{
	char path[] = "/tmp/mfx-alarm-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		return -1;
	unlink(path);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    write_all(fd, input.p, input.n) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -1;
}

/* true and its status when it has ended in time */
static bool
command_wait(const struct delivery *d, pid_t pid, int *status)
{
	int64_t end = clock_ns() + TIMEOUT;
	pid_t r;

	while ((r = waitpid(pid, status, WNOHANG)) == 0 && clock_ns() < end &&
	    !d->stop(d->arg))
		signal_poll(NULL, 0, LOOK_MS);
	if (r > 0)
		return true;
	kill(-pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return false;
}

enum delivered
command_run(struct delivery *d, char **argv, struct str input)
{
	int fd = command_input(input), e, status = 0;
	pid_t pid;

	if (fd < 0) {
		snprintf(d->why, sizeof d->why, "a temporary file: %s",
		    strerror(errno));
		return DELIVER_AGAIN;
	}
	/* with its output where our messages go: stdout is for events */
	e = spawn_program(&(struct spawn){ .path = argv[0], .argv = argv,
	    .in = fd, .out = STDERR_FILENO, .group = true }, &pid);
	close(fd);
	if (e != 0) {
		snprintf(d->why, sizeof d->why, "%.100s: %s", argv[0],
		    strerror(e));
		return DELIVER_AGAIN;
	}
	if (!command_wait(d, pid, &status))
		snprintf(d->why, sizeof d->why, "%.100s: it took too long",
		    argv[0]);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return DELIVERED;
	else if (WIFEXITED(status))
		snprintf(d->why, sizeof d->why, "%.100s: status %d", argv[0],
		    WEXITSTATUS(status));
	else
		snprintf(d->why, sizeof d->why, "%.100s: killed by signal %d",
		    argv[0], WTERMSIG(status));
	return DELIVER_AGAIN;
}

enum delivered
command_deliver(struct delivery *d)
{
	char path[4096], *argv[] = { path, NULL };

	snprintf(path, sizeof path, "%s", d->target->to.p);
	return command_run(d, argv, d->line);
}
