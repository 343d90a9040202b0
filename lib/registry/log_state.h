/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_LOG_STATE_H
#define MFX_REGISTRY_LOG_STATE_H

#include "bus/bus.h"
#include "registry/entry.h"

struct registry;

/* How far a registry has its log (log.h), as it is kept in registry.db. */
struct log_state {
	char id[ENTRY_ID_TEXT];
	char bus[256];
	char stream[BUS_NAME_MAX + 1];
	char node[ENTRY_NODE_MAX + 1];		/* "": none yet */
	char primary[ENTRY_NODE_MAX + 1];
	int64_t epoch, entry;
	unsigned char head[ENTRY_HASH_BYTES];	/* of the last entry */
	/* places in the stream: up to which it was read, and before the last
	 * entry */
	uint64_t seq, last;
};

/* 1; 0: this registry has no log; -1 */
int log_state_get(struct registry *, struct log_state *, struct fault *);
/* for log.c and log_read.c */
int log_state_put(struct registry *, const struct log_state *, struct fault *);

#endif
