/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_SIGNAL_H
#define MFX_BASE_SIGNAL_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>

/*
 * Signals as every program treats them: SIGTERM, SIGINT and SIGHUP set a
 * flag, nothing more; a second one ends the process at once.  They are
 * blocked except inside the two waits below, so none is missed between a
 * look at the flag and a blocking call.
 */
void signal_catch(void);
bool signal_stop(void);		/* one has come: stop input, finish, exit 0 */

/* what epoll_pwait(2) and ppoll(2) take: the mask with our signals open */
const sigset_t *signal_mask(void);

/* ppoll(2) that a signal ends: -1 with EINTR; milliseconds, -1 for ever */
int signal_poll(struct pollfd *, nfds_t, int timeout);

/* 1: fd can be read without blocking, 0: the time has passed, -1: asked to
 * stop; or, of `out` if it is not -1, nobody is left to read what would be
 * written there: -1 and errno is EPIPE */
int signal_wait_input(int fd, int out, int timeout);

#endif
