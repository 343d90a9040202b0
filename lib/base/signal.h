/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_SIGNAL_H
#define MFX_BASE_SIGNAL_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>

/*
 * Signals as every program treats them:
 *
 *	SIGTERM, SIGINT	set a flag, nothing more; a second one ends the
 *			process at once
 *	SIGHUP		from a process, never ends one: servers reload, the
 *			others go on.  From the kernel it says that the
 *			terminal has gone whose foreground the program is:
 *			as SIGTERM
 *	SIGUSR1, SIGUSR2	one step more, or fewer, messages (-v, -q)
 *
 * They are blocked except inside the waits below and in signal_stop(), so
 * none is missed between a look at the flag and a blocking call.  What is
 * ignored when a program starts (nohup) stays ignored.
 */
void signal_catch(bool reloads);
bool signal_stop(void);		/* one has come: stop input, finish, exit 0 */

/* a SIGHUP has come since the last call; only with `reloads` */
bool signal_reload(void);

/* what epoll_pwait(2) and ppoll(2) take: the mask with our signals open */
const sigset_t *signal_mask(void);

/* ppoll(2) that a signal to stop or to reload ends: -1 with EINTR;
 * milliseconds, -1 for ever */
int signal_poll(struct pollfd *, nfds_t, int timeout);

/* 1: fd can be read without blocking, 0: the time has passed, -1: asked to
 * stop; or, of `out` if it is not -1, nobody is left to read what would be
 * written there: -1 and errno is EPIPE */
int signal_wait_input(int fd, int out, int timeout);

#endif
