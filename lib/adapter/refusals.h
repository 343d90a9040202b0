/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_ADAPTER_REFUSALS_H
#define MFX_ADAPTER_REFUSALS_H

#include <stdint.h>

#include "base/address.h"
#include "base/diag_about.h"
#include "base/str.h"

/*
 * Clients that were refused, for the log: REFUSALS_MAX of them in
 * REFUSALS_TIME as warnings, so that no client can fill it; how many more there
 * were is said with the first one after that.  With -v all are shown.  A
 * struct of zeros has had none.
 */
#define REFUSAL_REASON 40
#define REFUSAL_REASONS 12

struct refusals {
	int64_t since;		/* ns, of clock_ns(); 0: none yet */
	unsigned told;
	uint64_t unlogged;
	/* all of them, by reason; the last one is for all others, and those
	 * after the first that is 0 are not used */
	struct {
		char why[REFUSAL_REASON];
		uint64_t n;
	} reasons[REFUSAL_REASONS];
};

#define REFUSALS_MAX 10
#define REFUSALS_TIME (INT64_C(60000000000))	/* ns */

/* `client` NULL: over a unix socket; `place` says what it asked for; of `about`
 * (base/diag_about.h) all but the peer is taken */
void refusals_tell(struct refusals *, const struct address *client,
    struct str place, const char *why, const struct diag_about *about);

#endif
