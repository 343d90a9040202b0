/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_REFUSE_H
#define MFX_STORE_REFUSE_H

#include "base/fault.h"
#include "base/out.h"
#include "base/reject.h"
#include "store/batch.h"

/*
 * Readings that a store refused: told (the first ten, then how many), and
 * appended to the file, or the stream of the bus, given as --rejects as lines
 * without a position, which can be stored again once the reason is gone.
 */
struct refusals {
	/* set by the caller, or NULL: --rejects; where the readings are from */
	const char *path, *stream;
	uint64_t n;
	/* private */
	struct out out;
	struct reject_target *target;	/* in place of it */
	bool open;
};

/*
 * Those of batch->refusals, if any, that are not there yet; -1: they could not
 * be written.  The frame calls it after each write.  A store with `position`
 * calls it before it commits one: afterwards nobody would come back to them.
 */
int refusals_add(struct batch *, struct fault *);
/* gives the status, or if that is 0 the one that fits */
int refusals_finish(struct refusals *, int status);

#endif
