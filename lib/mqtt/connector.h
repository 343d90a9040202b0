/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_CONNECTOR_H
#define MFX_MQTT_CONNECTOR_H

#include <mosquitto.h>
#include <stdbool.h>

/*
 * mosquitto_connect_bind_async(3) in a thread of its own, as it looks up the
 * broker's name first and waits for the resolver, which can take minutes.
 * Until connector_is_done() nobody else may call anything with this `m`.
 *
 *	c = connector_start(m, host, port, keepalive);
 *	... connector_fd(c) is readable, connector_is_done(c)
 *	connector_result(c, &rc, &err)		c is gone
 */
struct connector;

/* Does this host have to be looked up, as it is not an address? */
bool connector_resolves(const char *host);

/* `host` is copied; NULL with errno: no thread can be had */
struct connector *connector_start(struct mosquitto *m, const char *host,
    int port, int keepalive);
int connector_fd(const struct connector *);

bool connector_is_done(struct connector *);
/* what it has come back with, and errno */
void connector_result(struct connector *, int *rc, int *err);

/* For the end, when it may not be waited for: `m` is destroyed, now or as soon
 * as the call comes back. */
void connector_abandon(struct connector *);

#endif
