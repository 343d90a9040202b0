/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_NATS_LEASE_H
#define MFX_BUS_NATS_LEASE_H

#include "bus/nats/driver.h"

/*
 * A role of a group belongs to one process.  Its entry in the stream of groups
 * names a subject on which that process answers.  When nobody listens there,
 * the process has ended, or has lost its connection: another one may replace
 * the entry, and the first one, when it returns, finds that it was replaced.
 */

/* 0; -1 and EX_TEMPFAIL when another has it; nothing when g has one.  With
 * head.forces one that does not answer has not. */
int lease_take(struct nats_group *, const char *role, struct fault *);
/* as of bus_group_ops */
int lease_ask(struct nats_group *const *, const char *const *roles,
    unsigned n, int64_t silent, int64_t *again, struct fault *);
int lease_claim(struct nats_group *, const char *role, int64_t silent,
    bool take, struct fault *);
int lease_holds(struct nats_group *, struct fault *);
/* also when there is none */
void lease_end(struct nats_group *);

#endif
