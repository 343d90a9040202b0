/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_DIRECTION_H
#define MFX_REGISTRY_DIRECTION_H

#include "base/buf.h"

/* What a connection lets its thing do on the channel: bits. */
enum direction {
	DIRECTION_PUBLISH = 1,
	DIRECTION_SUBSCRIBE = 2,
	DIRECTION_BOTH = DIRECTION_PUBLISH | DIRECTION_SUBSCRIBE,
};

/* "publish", "subscribe" or "both"; `direction` is one of these */
struct str direction_word(unsigned direction);
/* 0: it is none of these words */
unsigned direction_parse(struct str word);

/* appends ,"direction":"publish" or the like to a JSON object; nothing for 0 */
void direction_put(struct buf *, unsigned direction);

#endif
