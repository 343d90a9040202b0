/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_REFUSAL_LOG_H
#define MFX_MQTT_REFUSAL_LOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Which refused connections are logged.  A client with a right key is let in,
 * however many wrong ones were shown: behind a proxy all clients have one
 * address, and a wrong key costs no more than a right one.  What is limited
 * is the log: for each address and user name `limit` at once, and as many a
 * minute; for each address ten times that.  An IPv6 /64 is one address, and
 * IPv4 is the same however it is written.  Memory is fixed (rate_limit.h).
 */
struct refusal_log;

/* limit 0: all are logged */
struct refusal_log *refusal_log_open(unsigned limit);
void refusal_log_close(struct refusal_log *);

/* Counts one: is it logged?  *last: the next one would not be.  `now` is
 * monotonic, in milliseconds. */
bool refusal_log_wants(struct refusal_log *, const char *address,
    const char *name, int64_t now, bool *last);

#endif
