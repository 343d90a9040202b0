/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_BOOTSTRAP_FETCH_COAP_H
#define MFX_CMD_BOOTSTRAP_FETCH_COAP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"
#include "client/setup.h"

/*
 * What a device does that fetches its configuration from a mfx-adapt-coap(1)
 * with --bootstrap: as device_fetch (client/device.h), over
 *
 *	coap:// coap+tcp://	on this machine, or with setup->sealed
 *	coaps:// coaps+tcp://	by the external id and key as a pre-shared key,
 *				by which the server proves itself, too
 *
 * The answer may come in blocks; each has setup->timeout.  Faults: 1, that is
 * nobody's id, or not its key; EX_TEMPFAIL, no answer in time, too many
 * attempts, or a handshake that failed; EX_NOPERM; EX_UNAVAILABLE, also when
 * the program was built without libcoap.
 */
bool fetch_is_coap(const char *url);
int fetch_coap(const struct remote_setup *, struct str external_id,
    struct str external_key, struct buf *json, struct fault *);

#endif
