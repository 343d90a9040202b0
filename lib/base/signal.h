/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_SIGNAL_H
#define MFX_BASE_SIGNAL_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/*
 * Signals as every program treats them:
 *
 *	SIGTERM, SIGINT	set a flag, nothing more; a second one ends the
 *			process at once
 *	SIGHUP		sent by a process, never ends a program: servers
 *			reload, others go on.  Sent by the kernel it means
 *			that the terminal is gone: as SIGTERM
 *	SIGUSR1, SIGUSR2	one level more, or less, of messages (-v, -q)
 *
 * They are blocked except in the waits below and in signal_stop(), so none is
 * missed between a check of the flag and a blocking call.  A signal that is
 * ignored when a program starts (nohup) stays ignored.
 */
void signal_catch(bool reloads);
/* Before a second SIGTERM or SIGINT ends the process: for what is to be put
 * back, such as the state of a terminal.  It is called by a signal handler. */
void signal_at_second(void (*call)(void));
bool signal_stop(void);		/* asked to stop: end input, finish, exit 0 */

/* has a SIGHUP come since the last call?  Only with `reloads`. */
bool signal_reload(void);

/* the mask for epoll_pwait(2) and ppoll(2): our signals are not blocked */
const sigset_t *signal_mask(void);

/* For a thread beside the one with the program's loop: no signal comes to it,
 * and none ends its waits. */
void signal_none_here(void);
/* pthread_create(3) of a thread to which no signal of the program comes, from
 * its first instruction on: 0 or an errno.  The attributes may be NULL. */
int signal_start_thread(pthread_t *, const pthread_attr_t *,
    void *(*run)(void *), void *arg);

/* poll(2), interrupted by a signal to stop or to reload: -1 with EINTR; timeout
 * in milliseconds, -1 to wait for ever */
int signal_poll(struct pollfd *, nfds_t, int timeout);

/* 1: fd can be read without blocking; 0: the time has passed; -1: asked to
 * stop; -1 with errno EPIPE: the reader of `out` is gone, which is checked
 * unless `out` is -1 */
int signal_wait_input(int fd, int out, int timeout);

#endif
