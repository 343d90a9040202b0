/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_PLOT_STORE_H
#define MFX_CMD_PLOT_STORE_H

#include "base/child.h"
#include "line/match.h"

/*
 * A store as the standard input: mfx-read-STORE runs with the conditions that
 * were given, so the store picks the readings.  The place goes to it in
 * $MFX_STORE, as it may hold a password.
 */
struct plot_store {
	struct child child;
	char name[64];
	int status;		/* after -1; the reason has been reported */
};

/* "sqlite:messages.db"; without a place $MFX_STORE is that */
int plot_store_open(struct plot_store *, const char *store,
    const struct match_texts *, const struct match *);
/* the exit status of the reader: 0, 1 when there were no readings */
int plot_store_close(struct plot_store *);

#endif
