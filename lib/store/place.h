/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_PLACE_H
#define MFX_STORE_PLACE_H

#include "base/program.h"
#include "store/store.h"

/*
 * How mfx-write-*, mfx-read-* and mfx-prune-* begin: options of the frame and
 * those of the driver in one table, and one operand, the place, for which
 * $MFX_STORE stands when it is left out: so a password in it is not in the
 * list of processes.
 */
#define STORE_OPTIONS_MAX 48

struct store_program {
	struct program program;	/* summary and options set by the caller */
	const char *place;
	/* private */
	char name[64], operands[64];
};

/* the driver's after those of the frame; `own` may be NULL */
const struct opt *store_options(struct opt to[STORE_OPTIONS_MAX],
    const struct opt *frame, const struct opt *own);

/* program_start, and the place; `what` is "read", "write" or
 * "prune" */
int store_program_start(struct store_program *, const struct store_driver *,
    const char *what, int argc, char **argv);

#endif
