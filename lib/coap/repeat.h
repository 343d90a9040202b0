/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_REPEAT_H
#define MFX_COAP_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * libcoap reads one datagram for each look at all of its sessions.  When it is
 * told several times in one call that a socket is readable, it reads as many;
 * for that one must know under which data its epoll has the socket, which only
 * the kernel tells, in /proc/self/fdinfo.
 *
 * No header promises either.  repeat_works tries both, with a context of its
 * own on 127.0.0.1, and is asked once before the first listener is opened.
 * Where it is false, libcoap is told of one datagram at a time, which its
 * headers do promise: slower, and right with any 4.3.
 */
bool repeat_works(void);

/* The data under which an epoll has the descriptor; false when it can't be
 * known. */
bool repeat_data(int epoll_fd, int fd, uint64_t *data);

#endif
