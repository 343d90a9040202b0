/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_CLAIM_H
#define MFX_REGISTRY_CLAIM_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * What the label of a device says, as a QR code that a telephone reads: a URI
 * (RFC 3986) of the scheme mfx, which is not case-sensitive before its '?',
 *
 *	mfx:claim?id=EXTERNAL-ID&key=EXTERNAL-KEY&name=NAME
 *
 * with its values percent-encoded ('+' is a plus): an id, a key, and perhaps a
 * name, in any order; nothing else, and nothing twice.  White space around it
 * is passed over.  Whoever has read it can claim the device.
 */
struct claim {
	struct str id, key;
	struct str name;	/* p NULL: none */
};

/* does it look like one? */
bool claim_is(struct str);
/* NULL, or why it is not one; the values are in the arena, decoded, and not
 * checked any further */
const char *claim_parse(struct str, struct claim *, struct arena *);

#endif
