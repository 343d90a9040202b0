/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_CERTS_MANY_H
#define MFX_CMD_CERTS_MANY_H

#include "cmd/certs/give.h"
#include "registry/changes.h"

/*
 * Certificates for many things.  Keys are made and certificates signed by a
 * thread for each processor; one adds them to the registry, some hundred in a
 * transaction, and hands them out.  A fault ends it: what was handed out until
 * then is issued, in order of the things.
 */
int many_issue(struct registry *, const struct signer *, const struct order *,
    const struct changes *things, struct give *, struct fault *);

#endif
