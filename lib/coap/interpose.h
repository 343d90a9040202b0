/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_INTERPOSE_H
#define MFX_COAP_INTERPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Interposed functions: all that libcoap reads is sanitized here first
 * (coap/sanitize.h), and what a client does not read is noticed.  libcoap has
 * no hook for that.  interpose.c defines accept, recv, recvmsg, send, SSL_read
 * and SSL_write, which take the place of those of the libraries when the
 * program is linked.  For sockets other than those below, and recv outside of
 * interpose_begin and interpose_end, they do what the originals do.  Datagrams
 * are read many at a time; a connection has its part of each turn; no write
 * ends a session.  One server in a process.
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

/*
 * A connection of TCP or TLS.  libcoap tells of a new one within the call that
 * has accepted it: then interpose_accepted() is that one, which the server owns
 * until interpose_forget().
 */
struct interpose_stream;
struct ssl_st;
struct sanitize_memory;

/* NULL when nothing has been accepted; `ssl` NULL: it is not of TLS */
struct interpose_stream *interpose_accepted(struct ssl_st *ssl,
    const struct sanitize_memory *, void *owner);
void interpose_forget(struct interpose_stream *);	/* NULL is fine */
/* hears nothing more of it */
void interpose_deafen(struct interpose_stream *);

/* The message that has begun and is not all there: false when there is none.
 * Which one of the connection, and how much of it has come. */
bool interpose_unfinished(const struct interpose_stream *, unsigned *message,
    size_t *received);
/* has its client sent a CSM, as the first message of all? */
bool interpose_begun(const struct interpose_stream *);

/* Does libcoap keep what it could not send, as the client does not read?
 * *sent is all that has been sent.  NULL: no. */
bool interpose_blocked(const struct interpose_stream *, uint64_t *sent);
/* Has some connection ceased to be blocked since the last call? */
bool interpose_unblocked(void);

/* How many datagrams libcoap may read from this socket now: tell it of each. */
unsigned interpose_ready(int fd);
/* May it read more datagrams from some socket now? */
bool interpose_pending(void);

/* around calls in which libcoap reads */
void interpose_begin(void);
void interpose_end(void);

#endif
