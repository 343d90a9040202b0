/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_BOOTSTRAP_LIMIT_H
#define MFX_REGISTRY_BOOTSTRAP_LIMIT_H

#include "net/rate_limit.h"
#include "registry/bootstrap.h"

/*
 * How often devices that ask for their configuration (bootstrap.h) may fail:
 * some attempts a minute for an external id from one network, and ten times as
 * many for that network.  An unknown id and a wrong key count alike; an attempt
 * that succeeds is given back.
 */
struct bootstrap_attempt {
	/* private */
	struct rate_limit *limits;
	char name[16 + EXTERNAL_ID_MAX];
	size_t network, n;		/* of it, the network, and all of it */
	struct rate here, all;
	int64_t now;
};

/* `network` as address_network() has it: at most 16 bytes.  `now` is monotonic,
 * in ns. */
void bootstrap_attempt_init(struct bootstrap_attempt *, struct rate_limit *,
    struct str network, struct str external_id, unsigned attempts,
    int64_t now);
/* 0, or how many seconds it has to wait: then nothing is counted */
unsigned bootstrap_attempt_take(struct bootstrap_attempt *);
void bootstrap_attempt_give_back(struct bootstrap_attempt *);

/*
 * What is noted of a device: an event, as often as one device, and all that
 * are nobody's together, may cause one; and that it was not let in
 * (bootstrap_unknown.h), as often as that is written down.  `owner` "": it is
 * nobody's.
 */
bool bootstrap_may_tell(struct rate_limit *, const char *owner,
    struct str external_id, int64_t now);
bool bootstrap_may_remember(struct rate_limit *, int64_t now);

#endif
