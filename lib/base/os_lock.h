/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OS_LOCK_H
#define MFX_BASE_OS_LOCK_H

#include <pthread.h>
#include <stdbool.h>

/*
 * A lock between processes.  When its holder is killed the next one gets it.
 *
 * On Linux it is a robust mutex in memory that all of them map, which costs
 * no system call while nobody else wants it.  Elsewhere (os.h), and where
 * the kernel keeps no account of a process's robust mutexes, as an emulator
 * of another machine's programs does not, it is the exclusive flock(2) of a
 * descriptor that serves nothing else.  The two exclude nobody of the other
 * kind: os_lock_kind() says which one this process takes, and of whose C
 * library the mutex is.
 */
struct os_lock {
	pthread_mutex_t *mutex;	/* or NULL: */
	int fd;			/* of this process, not inherited */
};

const char *os_lock_kind(bool mutex);
/* can it be the mutex? */
bool os_lock_has_mutex(void);

/* makes the mutex, where nobody else sees it yet: 0, or an errno */
int os_lock_init(pthread_mutex_t *);

/* 0, or an errno */
int os_lock_take(const struct os_lock *);
void os_lock_drop(const struct os_lock *);

#endif
