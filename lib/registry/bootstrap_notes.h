/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_BOOTSTRAP_NOTES_H
#define MFX_REGISTRY_BOOTSTRAP_NOTES_H

#include "net/rate_limit.h"
#include "registry/bootstrap.h"

/*
 * What is noted of devices that have asked for their configuration
 * (bootstrap.h), by a program that only reads the registry otherwise: a thread
 * writes it, some at a time, after the device has been answered.  At most
 * NOTES_MAX wait; more are dropped, and so are all when the registry can't be
 * written, as on a replica.
 *
 *	bootstrap_notes_open(&notes, &fault);
 *	bootstrap_notes_add(notes, limits, owner, id, address, true, now);
 *	if (bootstrap_notes_fault(notes, &fault)) ...
 */
#define NOTES_MAX 1024

struct bootstrap_notes;

int bootstrap_notes_open(struct bootstrap_notes **, struct fault *);
/* writes what waits, for a few seconds at most; NULL is fine */
void bootstrap_notes_close(struct bootstrap_notes *);

/* `owner` as bootstrap_prove() has it; as often as bootstrap_limit.h allows */
void bootstrap_notes_add(struct bootstrap_notes *, struct rate_limit *,
    const char *owner, struct str external_id, const char *address,
    bool success, int64_t now);

/* Why notes have been lost, once for each reason: true. */
bool bootstrap_notes_fault(struct bootstrap_notes *, struct fault *);

#endif
