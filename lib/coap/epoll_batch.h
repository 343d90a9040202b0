/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_EPOLL_BATCH_H
#define MFX_COAP_EPOLL_BATCH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * libcoap reads one datagram each time that it goes through all of its
 * sessions.  When one call tells it several times that a socket is readable,
 * it reads as many.  For that one must know the data under which its epoll has
 * the socket, which only the kernel tells, in /proc/self/fdinfo.
 *
 * No header promises either.  epoll_batch_works tries both with a context of
 * its own on 127.0.0.1; it is asked once, before the first listener is opened.
 * Where it is false, libcoap is told of one datagram at a time, which its
 * headers do promise: slower, but correct with any 4.3.
 */
bool epoll_batch_works(void);

/* The data under which an epoll has the descriptor; false if it can't be
 * found. */
bool epoll_batch_data(int epoll_fd, int fd, uint64_t *data);

#endif
