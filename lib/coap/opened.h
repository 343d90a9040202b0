/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_OPENED_H
#define MFX_COAP_OPENED_H

#include <stdbool.h>

/*
 * Which socket libcoap has just opened: it does not tell the descriptors of
 * its listeners.
 *
 *	opened_note(&before);
 *	coap_new_endpoint(...);
 *	fd = opened_since(&before, SOCK_DGRAM);
 *
 * Of the first OPENED_MAX descriptors: listeners are opened at the start.
 */
#define OPENED_MAX 1024

struct opened {
	bool is[OPENED_MAX];
};

void opened_note(struct opened *);
/* a socket of this type that was not there before; -1: none */
int opened_since(const struct opened *, int type);

#endif
