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
 * What POSIX.1-2008 lacks, or Linux does better.  The sources of these, and of
 * os_lock.h, os_turn.h and os_watch.h, hold both ways side by side: OS_LINUX is
 * 1 on Linux, and 0 elsewhere or after ./configure --enable-posix-only, which
 * is how the portable ways are tested on Linux.
 *
 * Outside of lib/base only sources that say so (lib/http and the rooms above
 * it) use Linux directly.
 */

/* socket(2), close-on-exec and, when asked, non-blocking */
int os_socket(int domain, int type, int protocol, bool nonblocking);

/* ppoll(2).  The portable one takes descriptors below FD_SETSIZE only, and
 * notices errors of those without events within a tenth of a second. */
int os_poll(struct pollfd *, nfds_t, const struct timespec *,
    const sigset_t *);

/* did a process send this signal, rather than the kernel? */
bool os_from_process(const siginfo_t *);

/* text that identifies this boot of the machine; returns its length, 0 when
 * the system has none */
size_t os_boot_id(char *to, size_t size);

/* the path of this program's executable; returns its length, or 0 when it
 * is not known */
size_t os_program_path(const char *argv0, char *to, size_t size);

/* does the machine have IPv6 at all? */
bool os_has_ipv6(void);

/* columns of the terminal that fd is, or 0 when it is not one; and its rows,
 * unless NULL */
int os_terminal_width(int fd, int *rows);

/* keeps the memory of this process from debuggers and core files */
void os_hide_memory(void);

/* unpredictable bytes; false, without waiting, when the system has none yet */
bool os_random(void *to, size_t n);

/* reserves disk space after the end of a file without changing its size: 0,
 * or -1 with EOPNOTSUPP where that can't be done */
int os_reserve(int fd, off_t from, off_t n);
/* all that was written to the file system of this file or directory comes to
 * the disk */
int os_sync_all(int fd);

/* memmem(3), memrchr(3), explicit_bzero(3) */
void *os_find(const void *in, size_t n, const void *what, size_t what_n);
void *os_find_last(const void *in, int c, size_t n);
void os_wipe(void *, size_t n);

#endif
