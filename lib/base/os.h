/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OS_H
#define MFX_BASE_OS_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/*
 * What POSIX.1-2008 lacks, or what Linux does better.  Each of these, and
 * os_lock.h, os_turn.h and os_watch.h, has both ways beside each other in
 * its source: OS_LINUX is 1 where the system has what Linux has, and 0
 * elsewhere or after ./configure --enable-posix-only, with which the
 * portable ways are tested on Linux.
 *
 * Only the sources above lib/base that say so (lib/http and what stands on
 * it) use Linux directly.
 */

/* socket(2), closed on exec, and with `nonblocking` so */
int os_socket(int domain, int type, int protocol, bool nonblocking);

/* poll(2) with another signal mask, both at once.  The portable one takes
 * descriptors below FD_SETSIZE, and sees within a tenth of a second what
 * happens to those of no event. */
int os_poll(struct pollfd *, nfds_t, const struct timespec *,
    const sigset_t *);

/* did a process send it, not the kernel? */
bool os_from_process(const siginfo_t *);

/* CLOCK_MONOTONIC to within some milliseconds */
void os_clock_coarse(struct timespec *);

/* text that another run of the machine does not have; returns its length,
 * 0 when none is known */
size_t os_boot_id(char *to, size_t size);

/* the path of this program's file, argv[0] being what it was called by; its
 * length, or 0 when it is not known */
size_t os_program_path(const char *argv0, char *to, size_t size);

/* does the machine have IPv6 at all? */
bool os_has_ipv6(void);

/* what debuggers and core files must not show */
void os_hide_memory(void);

/* unpredictable bytes; false, at once, when there are none yet */
bool os_random(void *to, size_t n);

/* asks for disk space behind the end of a file, whose size stays: 0, or -1
 * with EOPNOTSUPP where that can't be done */
int os_reserve(int fd, off_t from, off_t n);

/* memmem(3), memrchr(3), explicit_bzero(3) */
void *os_find(const void *in, size_t n, const void *what, size_t what_n);
void *os_find_last(const void *in, int c, size_t n);
void os_wipe(void *, size_t n);

#endif
