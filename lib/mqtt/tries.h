/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_TRIES_H
#define MFX_MQTT_TRIES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Wrong tries to connect, by address.  So many are free at once, and as
 * many a minute; whoever goes on beyond that is not listened to.  A right
 * one costs nothing.  All of an IPv6 /64 is one address, and IPv4 is the
 * same however it is written; the memory is fixed, and of very many
 * addresses those that tried least are forgotten first.
 */
struct tries;

/* limit 0: there is none */
struct tries *tries_open(unsigned limit);
void tries_close(struct tries *);

/* `now` is monotonic, in milliseconds */
bool tries_left(struct tries *, const char *address, int64_t now);
/* counts one; true when it was the last that is listened to */
bool tries_wrong(struct tries *, const char *address, int64_t now);

#endif
