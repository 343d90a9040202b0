/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_ITEM_JSON_H
#define MFX_API_ITEM_JSON_H

#include "api/request_ctx.h"
#include "registry/item.h"

/* Keys of things are shown to those who may see them, unless keys=false.  With
 * keys=true the others are refused: the scope that this takes, or 0. */
bool item_json_keys(struct request_ctx *, const struct principal *);
unsigned item_json_scope(struct request_ctx *);

/* {"id":…,"name":…,"key":…,"metadata":…} as Mainflux has it; `keys`: are
 * they shown?  One is opened in `key`. */
int item_json_put(struct buf *key, struct registry *, struct buf *,
    enum item_kind, const struct item *, bool keys, struct fault *);

#endif
