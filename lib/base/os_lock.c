/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os_lock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/file.h>

#ifdef __GLIBC__
#define LIBRARY "glibc"
#else
#define LIBRARY "another"
#endif

const char *
os_lock_kind(bool mutex)
{
	return mutex ? LIBRARY : "flock";
}

#if OS_LINUX

#include <sys/syscall.h>
#include <unistd.h>

/* The C library has told the kernel where the list of them is; only asking
 * shows whether the kernel will use it. */
bool
os_lock_has_mutex(void)
{
	void *head;
	size_t size;

	return syscall(SYS_get_robust_list, 0, &head, &size) == 0;
}

int
os_lock_init(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;
	int r;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	r = pthread_mutex_init(mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return r;
}

static int
os_lock_take_mutex(pthread_mutex_t *mutex)
{
	int r = pthread_mutex_lock(mutex);

	return r == EOWNERDEAD ? pthread_mutex_consistent(mutex) : r;
}

#else

bool
os_lock_has_mutex(void)
{
	return false;
}

int
os_lock_init(pthread_mutex_t *mutex)
{
	(void)mutex;
	return ENOTSUP;
}

static int
os_lock_take_mutex(pthread_mutex_t *mutex)
{
	(void)mutex;
	return ENOTSUP;
}

#endif

int
os_lock_take(const struct os_lock *lock)
{
	int r;

	if (lock->mutex != NULL)
		return os_lock_take_mutex(lock->mutex);
	do
		r = flock(lock->fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	return r < 0 ? errno : 0;
}

void
os_lock_drop(const struct os_lock *lock)
{
	if (lock->mutex != NULL)
		pthread_mutex_unlock(lock->mutex);
	else
		flock(lock->fd, LOCK_UN);
}
