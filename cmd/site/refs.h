/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_REFS_H
#define MFX_CMD_SITE_REFS_H

#include "base/arena.h"
#include "registry/bootstrap_change.h"

/* Lists of ids or names, as a JSON array of texts in order of their bytes,
 * each once: so two lists are the same when their texts are. */
#define REFS_MAX BOOTSTRAP_CHANNELS_MAX

/* sorts them, and makes the text in the arena; false: too long */
bool refs_put(struct str *v, size_t n, struct arena *, struct str *to);
/* reads such a text: how many there are; -1 when it is not one */
int refs_take(struct str json, struct str v[REFS_MAX], struct arena *);

#endif
