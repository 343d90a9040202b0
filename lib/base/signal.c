/* SPDX-License-Identifier: Apache-2.0 */
#include "base/signal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/os.h"

static const int signal_ours[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };
#define SIGNALS (sizeof signal_ours / sizeof *signal_ours)

/* a signal may come to any thread */
static atomic_bool signal_stopped, signal_reload_due;
static bool signal_reloads;
static void (*signal_before_exit)(void);
static _Thread_local bool signal_not_here;
static sigset_t signal_open_mask, signal_handled;

void
signal_at_second(void (*call)(void))
{
	signal_before_exit = call;
}

static void
signal_caught(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (sig == SIGUSR1 || sig == SIGUSR2) {
		diag_verbosity(sig == SIGUSR1 ? 1 : -1);
	} else if (sig == SIGHUP && os_from_process(info)) {
		signal_reload_due = signal_reloads;
	} else {
		if (signal_stopped) {
			if (signal_before_exit != NULL)
				signal_before_exit();
			_exit(128 + sig);
		}
		signal_stopped = true;
	}
}

void
signal_catch(bool with_reload)
{
	struct sigaction sa = {
		.sa_sigaction = signal_caught, .sa_flags = SA_SIGINFO
	};
	size_t i;

	signal_reloads = with_reload;
	sigemptyset(&signal_handled);
	for (i = 0; i < SIGNALS; i++) {
		struct sigaction old;

		sigaction(signal_ours[i], NULL, &old);
		/* nohup and shell scripts in the background ignore some */
		if (old.sa_handler != SIG_IGN)
			sigaddset(&signal_handled, signal_ours[i]);
	}
	sa.sa_mask = signal_handled;
	for (i = 0; i < SIGNALS; i++)
		if (sigismember(&signal_handled, signal_ours[i]))
			sigaction(signal_ours[i], &sa, NULL);
	sigprocmask(SIG_BLOCK, &signal_handled, &signal_open_mask);
	for (i = 0; i < SIGNALS; i++)
		sigdelset(&signal_open_mask, signal_ours[i]);
}

/* Lets pending signals in. */
static void
signal_take(void)
{
	sigset_t pending, old;
	size_t i;

	if (sigpending(&pending) < 0)
		return;
	for (i = 0; i < SIGNALS; i++)
		if (sigismember(&pending, signal_ours[i]) &&
		    sigismember(&signal_handled, signal_ours[i]))
			break;
	if (i == SIGNALS)
		return;
	pthread_sigmask(SIG_UNBLOCK, &signal_handled, &old);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

bool
signal_stop(void)
{
	if (!signal_stopped)
		signal_take();
	return signal_stopped;
}

bool
signal_reload(void)
{
	return atomic_exchange(&signal_reload_due, false);
}

const sigset_t *
signal_mask(void)
{
	return &signal_open_mask;
}

void
signal_none_here(void)
{
	signal_not_here = true;
}

int
signal_start_thread(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	/* it comes to whoever caused it (run.c), and ends the process when
	 * that is blocked */
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = pthread_create(thread, attr, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int
signal_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000L };
	const sigset_t *mask = signal_not_here ? NULL : &signal_open_mask;
	int64_t end = timeout > 0 ? clock_ms() + timeout : 0;
	int r;

	/* a signal that only changes the verbosity does not end the wait */
	while ((r = os_poll(fds, n, timeout < 0 ? NULL : &ts, mask)) < 0 &&
	    errno == EINTR && !signal_stopped && !signal_reload_due) {
		int64_t left = timeout > 0 ? end - clock_ms() : 0;

		left = left > 0 ? left : 0;
		ts = (struct timespec){ left / 1000, left % 1000 * 1000000L };
	}
	return r;
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
		if (signal_stopped)
			return -1;
		n = signal_poll(fds, 2, timeout);
	} while (n < 0 && errno == EINTR);
	if (signal_stopped || n == 0)
		return signal_stopped ? -1 : 0;
	if (n > 0 && fds[0].revents == 0 && (fds[1].revents & POLLERR)) {
		errno = EPIPE;
		return -1;
	}
	/* an fd that can't be polled is read, and read(2) says why */
	return 1;
}
