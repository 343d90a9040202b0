/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_HISTORY_H
#define MFX_COAP_HISTORY_H

#include "base/fault.h"
#include "bus/inlet.h"

/*
 * The last messages of a channel that a subscription has, from a place of
 * a stream (bus_where_parse) on, as one pack of resolved SenML JSON: those
 * in the last HISTORY_SCAN bytes of the stream, and of them the last that
 * go into `to`, which is empty and has a maximum.  An answer to one who
 * waits is read at once, so both are bounded.
 */
#define HISTORY_SCAN ((uint64_t)4 << 20)

enum history_result {
	HISTORY_OK,
	HISTORY_BAD_PLACE,	/* `from` is none */
	HISTORY_ERROR,		/* the stream can't be read; a fault */
};

enum history_result history_put(struct buf *to, const char *stream,
    struct str from, struct str channel, struct str subscription,
    struct pack *, struct fault *);

#endif
