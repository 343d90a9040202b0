/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_WIRE_H
#define MFX_COAP_WIRE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Everything that libcoap reads passes through here and is screened
 * (coap/screen.h).  libcoap has no hook for that: wire.c defines accept,
 * recv, recvmsg and SSL_read, which come before those of the libraries when
 * the program is linked, and do what those do for all but the sockets below
 * and outside of wire_begin and wire_end.  Datagrams are read many at a
 * time.  SSL_write is there too, so that no write ends a session.  One server
 * in a process.
 *
 * So wire.c is not in libmfx.a: there its recv would be found, before that of
 * the C library, by every program that calls one.  The Makefile links it into
 * mfx-adapt-coap alone.
 */

/* a socket of datagrams: plain ones are screened as they come, others
 * (DTLS) when libcoap has decrypted them */
void wire_datagrams(int fd, bool plain);
/* a listening socket: what it accepts is a stream of at most `max` bytes a
 * message, screened as it comes or, of TLS, decrypted */
void wire_streams(int fd, bool plain, size_t max);
/* all of them are closed */
void wire_forget(void);

/* how many datagrams libcoap may read from there now: it is to be told of
 * each */
unsigned wire_ready(int fd);
/* may it read more datagrams of some socket now? */
bool wire_left(void);

/* around calls in which libcoap reads */
void wire_begin(void);
void wire_end(void);

#endif
