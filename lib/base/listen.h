/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_LISTEN_H
#define MFX_BASE_LISTEN_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Sockets to serve on, from any of these sources:
 *	ADDR:PORT, [v6]:PORT, :PORT (all addresses), unix:/path with or
 *	without ",mode=660"
 *	inherited from systemd (LISTEN_FDS, LISTEN_PID)
 *	fd 0, from inetd: listening (wait) or connected (nowait)
 * All are returned non-blocking and close-on-exec.
 */

/*
 * Opens listening stream sockets, one for each address that the text stands
 * for (all addresses: 0.0.0.0 and [::]; a name may have several), at most
 * max.  Returns their number, or -1.  `option` is for messages: "--listen".
 * The mode of a unix socket is 0600 unless the text says otherwise.
 */
#define LISTEN_OPEN_MAX 8
int listen_open(const char *option, const char *address, int *fds, int max,
    struct fault *);

/*
 * Puts the inherited listening sockets into fds, at most max, and returns
 * their number.  *connected is 0 when fd 0 is a connected socket, else -1.
 */
int listen_inherited(int *fds, int max, int *connected);

/*
 * The same for a program that serves datagrams as well: all inherited
 * sockets that listen or are bound datagram sockets, each with the name that
 * systemd gave it (FileDescriptorName=) or "".  Returns their number.
 */
struct listen_socket {
	int fd;
	bool datagram;
	char name[32];
};

int listen_inherited_any(struct listen_socket *, int max);

/* the address that a text as above stands for, except unix:/path; all
 * addresses become [::] if the machine has IPv6, else 0.0.0.0 */
struct sockaddr_storage;
int listen_resolve(const char *option, const char *address,
    struct sockaddr_storage *, unsigned *size, struct fault *);

/* "127.0.0.1:8185" of a bound socket, for messages and tests that asked
 * for port 0; into a buffer of LISTEN_TEXT bytes */
#define LISTEN_TEXT 128
const char *listen_print(int fd, char *to);

#endif
