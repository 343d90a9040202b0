/* SPDX-License-Identifier: Apache-2.0 */
#include "base/signal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

/* a signal may come to any thread */
static atomic_bool stopped;
static sigset_t open_mask;

static void
on_signal(int sig)
{
	if (stopped)
		_exit(128 + sig);
	stopped = true;
}

void
signal_catch(void)
{
	static const int caught[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t block;
	size_t i;

	sigemptyset(&block);
	for (i = 0; i < sizeof caught / sizeof *caught; i++) {
		struct sigaction old;

		sigaction(caught[i], NULL, &old);
		/* nohup and shell scripts in the background ignore some */
		if (old.sa_handler == SIG_IGN)
			continue;
		sigaction(caught[i], &sa, NULL);
		sigaddset(&block, caught[i]);
	}
	sigprocmask(SIG_BLOCK, &block, &open_mask);
	for (i = 0; i < sizeof caught / sizeof *caught; i++)
		sigdelset(&open_mask, caught[i]);
}

bool
signal_stop(void)
{
	sigset_t pending;

	if (!stopped && sigpending(&pending) == 0 &&
	    (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) ||
	    sigismember(&pending, SIGHUP)))
		return true;
	return stopped;
}

const sigset_t *
signal_mask(void)
{
	return &open_mask;
}

int
signal_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec ts = {
		.tv_sec = timeout / 1000,
		.tv_nsec = timeout % 1000 * 1000000L,
	};

	return ppoll(fds, n, timeout < 0 ? NULL : &ts, &open_mask);
}

int
signal_wait_input(int fd, int out, int timeout)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN }, { .fd = out, .events = 0 },
	};
	int n;

	do {
		errno = EINTR;
		if (stopped)
			return -1;
		n = signal_poll(fds, 2, timeout);
	} while (n < 0 && errno == EINTR);
	if (stopped || n == 0)
		return stopped ? -1 : 0;
	if (n > 0 && fds[0].revents == 0 && (fds[1].revents & POLLERR)) {
		errno = EPIPE;
		return -1;
	}
	/* an fd that can't be polled is read, and read(2) says why */
	return 1;
}
