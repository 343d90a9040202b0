/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_BOOTSTRAP_NOTES_H
#define MFX_REGISTRY_BOOTSTRAP_NOTES_H

#include "base/address.h"
#include "net/rate_limit.h"
#include "registry/bootstrap.h"

/* What is noted of a device that has asked for its configuration
 * (bootstrap.h). */
struct bootstrap_note {
	/* private */
	char owner[ID_TEXT + 1];
	char address[ADDRESS_TEXT];
	bool success, tell, remember;
	size_t n;
	char external_id[EXTERNAL_ID_MAX];
};

/* `owner` as bootstrap_prove() has it.  False when there is nothing to note: as
 * often as bootstrap_limit.h allows. */
bool bootstrap_note_init(struct bootstrap_note *, struct rate_limit *,
    const char *owner, struct str external_id, const char *address,
    bool success, int64_t now);
/* within a transaction */
int bootstrap_note_make(struct registry *, const struct bootstrap_note *,
    struct fault *);

/* notes that wait; more are dropped */
#define NOTES_MAX 1024

/*
 * The notes of a program that only reads the registry otherwise: a thread
 * writes them, some at a time, after the device has been answered.  All are
 * dropped when the registry can't be written, as on a replica.
 *
 *	bootstrap_notes_open(&notes, &fault);
 *	bootstrap_notes_add(notes, limits, owner, id, address, true, now);
 *	if (bootstrap_notes_fault(notes, &fault)) ...
 */
struct bootstrap_notes;

int bootstrap_notes_open(struct bootstrap_notes **, struct fault *);
/* writes what waits, for a few seconds at most; NULL is fine */
void bootstrap_notes_close(struct bootstrap_notes *);

/* as bootstrap_note_init() */
void bootstrap_notes_add(struct bootstrap_notes *, struct rate_limit *,
    const char *owner, struct str external_id, const char *address,
    bool success, int64_t now);

/* Why notes have been lost, once for each reason: true. */
bool bootstrap_notes_fault(struct bootstrap_notes *, struct fault *);

#endif
