/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_FD_SNAPSHOT_H
#define MFX_COAP_FD_SNAPSHOT_H

#include <stdbool.h>

/*
 * Finds the socket that libcoap has just opened, as libcoap does not tell the
 * descriptors of its listeners.
 *
 *	fd_snapshot_take(&before);
 *	coap_new_endpoint(...);
 *	fd = fd_snapshot_find_new(&before, SOCK_DGRAM);
 *
 * Looks at the first FD_SNAPSHOT_MAX descriptors only: listeners are opened at
 * the start.
 */
#define FD_SNAPSHOT_MAX 1024

struct fd_snapshot {
	bool is[FD_SNAPSHOT_MAX];
};

void fd_snapshot_take(struct fd_snapshot *);
/* a socket of this type that was not there before; -1: none */
int fd_snapshot_find_new(const struct fd_snapshot *, int type);

#endif
