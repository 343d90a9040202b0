/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_NET_RATE_LIMIT_H
#define MFX_NET_RATE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * How often each name (an address, an account tried from an address) may try:
 * a number of attempts at once, and as many again each period.  An attempt
 * that succeeds is given back where only failures are to count.
 *
 * The table has a fixed size.  Under a flood of names one takes the place
 * of another that was used longest ago among a few: it can be pushed out
 * by a client that has that many addresses, which the limit on each makes
 * slow.
 */
struct rate_limit;

struct rate {
	unsigned n;
	int64_t period;			/* ns */
};

/* room for four times as many names as there are sets, 24 bytes each */
struct rate_limit *rate_limit_open(size_t sets);
void rate_limit_close(struct rate_limit *);

/* 0, or how many seconds from now (ns, monotonic) it has to wait;
 * `kind` keeps names of different kinds apart */
unsigned rate_limit_take(struct rate_limit *, char kind, struct str name,
    struct rate, int64_t now);
void rate_limit_give_back(struct rate_limit *, char kind, struct str name,
    struct rate, int64_t now);
/* Would the next attempt have to wait?  Takes none. */
bool rate_limit_spent(struct rate_limit *, char kind, struct str name,
    struct rate, int64_t now);

#endif
