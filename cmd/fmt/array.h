/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_FMT_ARRAY_H
#define MFX_CMD_FMT_ARRAY_H

#include "line/route.h"
#include "senml/pack.h"

/*
 * All records as one JSON array, an element a line: those of mfx-line(5), so
 * with a channel each.  A caller that drops what it has put since gives
 * `begun` its former value.
 */
void array_put(struct buf *, const struct route *, const struct record *,
    bool *begun);
/* "[]" when there were none */
void array_end(struct buf *, bool begun);

#endif
