/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_INTERPOSE_H
#define MFX_COAP_INTERPOSE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Interposed functions: all that libcoap reads is sanitized here first
 * (coap/sanitize.h).  libcoap has no hook for that.  interpose.c defines
 * accept, recv, recvmsg, SSL_read and SSL_write, which take the place of those
 * of the libraries when the program is linked.  For sockets other than those
 * below, and outside of interpose_begin and interpose_end, they do what the
 * originals do.  Datagrams are read many at a time; no write ends a session.
 * One server in a process.
 *
 * interpose.c is not in libmfx.a: every program that calls recv would get the
 * recv of this file, before that of the C library.  The Makefile links it into
 * mfx-adapt-coap alone.
 */

/* A socket of datagrams: plain ones are sanitized as they arrive, those of
 * DTLS after libcoap has decrypted them. */
void interpose_datagrams(int fd, bool plain);
/* A listening socket: connections that it accepts are sanitized as streams of
 * at most `max` bytes a message, those of TLS after decryption. */
void interpose_streams(int fd, bool plain, size_t max);
/* Forgets all sockets: they have been closed. */
void interpose_reset(void);

/* How many datagrams libcoap may read from this socket now: tell it of each. */
unsigned interpose_ready(int fd);
/* May it read more datagrams from some socket now? */
bool interpose_pending(void);

/* around calls in which libcoap reads */
void interpose_begin(void);
void interpose_end(void);

#endif
