/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_CERTS_SHOW_H
#define MFX_CMD_CERTS_SHOW_H

#include "base/listing.h"
#include "registry/issued.h"

/*
 * Certificates as lines of a listing:
 *
 *	show_begin(&s)
 *	issued_each(registry, &query, show_one, &s, &fault)
 *	listing_finish(&s.listing)
 */
struct show {
	struct listing listing;
	int64_t now;		/* seconds since 1970; the caller's */
	uint64_t n;		/* how many were shown */
};

void show_begin(struct show *);
/* 1 when stdout can't be written */
int show_one(void *show, const struct issued *, struct fault *);

#endif
