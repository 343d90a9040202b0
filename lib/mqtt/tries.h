/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_TRIES_H
#define MFX_MQTT_TRIES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Wrong tries to connect, by address and user name: which of them are told.
 * A right key is let in, however many wrong ones there were: behind a proxy
 * all clients have one address, and a wrong key costs no more than a right
 * one.  What is limited is the log: so many of each address and name at once,
 * and as many a minute, and ten times that of each address.  All of an IPv6
 * /64 is one address, and IPv4 is the same however it is written; the memory
 * is fixed, and of very many addresses those that tried least are forgotten
 * first.
 */
struct tries;

/* limit 0: there is none */
struct tries *tries_open(unsigned limit);
void tries_close(struct tries *);

/* Counts one: is it told?  *last: it is the last one for a while.  `now` is
 * monotonic, in milliseconds. */
bool tries_wrong(struct tries *, const char *address, const char *name,
    int64_t now, bool *last);

#endif
