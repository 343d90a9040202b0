/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os_turn.h"

#include <sys/file.h>

#if OS_LINUX

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TURN_MAX_NS 50000000

/* The kernel's own struct timespec: on a 32-bit machine the C library's may
 * have a wider time_t than this call takes. */
#ifdef SYS_futex
#define FUTEX SYS_futex
struct turn_time {
	long sec, nsec;
};
#else
#define FUTEX SYS_futex_time64
struct turn_time {
	int64_t sec, nsec;
};
#endif

void
os_turn_wait(int fd, _Atomic uint32_t *turns, uint32_t seen)
{
	struct turn_time most = { 0, TURN_MAX_NS };

	(void)fd;
	syscall(FUTEX, turns, FUTEX_WAIT, seen, &most, NULL, 0);
}

/* The count also changes after the unlock, so that a process that has just
 * failed to get the lock does not sleep with nobody left to wake it. */
void
os_turn_end(int fd, _Atomic uint32_t *turns)
{
	flock(fd, LOCK_UN);
	atomic_fetch_add(turns, 2);
	syscall(FUTEX, turns, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

#else

/* Waits for the lock itself, which the kernel takes from a process that is
 * killed. */
void
os_turn_wait(int fd, _Atomic uint32_t *turns, uint32_t seen)
{
	(void)turns;
	(void)seen;
	if (flock(fd, LOCK_EX) == 0)
		flock(fd, LOCK_UN);
}

void
os_turn_end(int fd, _Atomic uint32_t *turns)
{
	flock(fd, LOCK_UN);
	atomic_fetch_add(turns, 2);
}

#endif
