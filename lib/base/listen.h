/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_LISTEN_H
#define MFX_BASE_LISTEN_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Sockets to serve on, however they come:
 *	ADDR:PORT, [v6]:PORT, :PORT (all addresses), unix:/path with or
 *	without ",mode=660"
 *	inherited from systemd (LISTEN_FDS, LISTEN_PID)
 *	fd 0, from inetd: listening (wait) or connected (nowait)
 * All are non-blocking and close-on-exec when they come back.
 */

/*
 * New listening stream sockets, one for each address that the text stands for
 * (all addresses: 0.0.0.0 and [::]; a name may have several), at most max:
 * how many, or -1.  `option` is for messages: "--listen".  A unix socket's
 * mode is 0600 when none is given.
 */
#define LISTEN_OPEN_MAX 8
int listen_open(const char *option, const char *address, int *fds, int max,
    struct fault *);

/*
 * What was inherited: number of listening fds put into fds (at most max).
 * *connected is fd 0 when that is a connected socket, else -1.
 */
int listen_inherited(int *fds, int max, int *connected);

/*
 * The same for a program that serves datagrams as well: all inherited
 * sockets that listen or are bound datagram ones, with the name that systemd
 * gave each (FileDescriptorName=), "" without one.  Returns how many.
 */
struct listen_socket {
	int fd;
	bool datagram;
	char name[32];
};

int listen_inherited_any(struct listen_socket *, int max);

/* the address that "ADDR:PORT" and so on stand for, unix:/path not; for all
 * addresses it is the one of IPv6, where there is any */
struct sockaddr_storage;
int listen_resolve(const char *option, const char *address,
    struct sockaddr_storage *, unsigned *size, struct fault *);

/* "127.0.0.1:8185" of a bound socket, for messages and tests that asked
 * for port 0; into a buffer of LISTEN_TEXT bytes */
#define LISTEN_TEXT 128
const char *listen_print(int fd, char *to);

#endif
