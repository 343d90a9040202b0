/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_LISTS_H
#define MFX_API_LISTS_H

#include "base/fault.h"

struct api;
struct registry;

int lists_open(struct api *, struct fault *);
void lists_close(struct api *);

/* A handle that a job reads the registry through, for itself alone. */
struct lists_handle {
	struct registry *registry;
	unsigned generation;		/* of the file it has open */
};

/* in a thread: one that has the file open which is there now; it is put back
 * after a failure, too */
int lists_handle_get(struct api *, struct lists_handle *, struct fault *);
void lists_handle_put(struct api *, struct lists_handle *);

#endif
