/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_WHOSE_H
#define MFX_REGISTRY_WHOSE_H

#include "registry/change.h"

struct registry;

/*
 * What an administrator is shown in place of an id: the name of a thing or a
 * channel and the email address of its owner, put at the end of the buffers.
 * They are of their users' choice, and so not fit for a terminal.  1; 0: there
 * is nothing with this id; -1.
 */
int registry_whose(struct registry *, enum item_kind, struct str id,
    struct buf *name, struct buf *email, struct fault *);

#endif
