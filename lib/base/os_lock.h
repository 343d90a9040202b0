/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OS_LOCK_H
#define MFX_BASE_OS_LOCK_H

#include <pthread.h>
#include <stdbool.h>

/*
 * A lock between processes.  When its holder is killed, it passes to the next.
 *
 * On Linux it is a robust mutex in memory that all of them map, which costs no
 * system call while it is free.  Elsewhere (os.h), and where the kernel does
 * not keep a list of a process's robust mutexes (qemu's user mode, for
 * example), it is an exclusive flock(2) on a descriptor that is used for
 * nothing else.  A mutex and an flock do not exclude each other: os_lock_kind()
 * names the kind that this process takes, and the C library that the mutex
 * belongs to.
 */
struct os_lock {
	pthread_mutex_t *mutex;	/* or NULL: */
	int fd;			/* of this process, not inherited */
};

const char *os_lock_kind(bool mutex);
/* can this process take the mutex? */
bool os_lock_has_mutex(void);

/* makes the mutex, in memory that no other process sees yet: 0 or an errno */
int os_lock_init(pthread_mutex_t *);

/* 0, or an errno */
int os_lock_take(const struct os_lock *);
void os_lock_drop(const struct os_lock *);

#endif
