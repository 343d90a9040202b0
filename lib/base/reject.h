/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_REJECT_H
#define MFX_BASE_REJECT_H

#include <stdbool.h>

#include "base/fault.h"
#include "base/str.h"

/*
 * Where refused lines go when --rejects names no file, but bus:STREAM.  What
 * that means is known to a room above this one, bus/dead.h; a program that
 * calls dead_letters() has it.
 */
struct reject {
	struct str line;	/* as it came, without its newline */
	const char *place;	/* "<stdin>:12:5", or "" */
	const char *why;
};

struct reject_target {
	/* returns when the line is safe there; waits while it can't be.  -1: it
	 * is not there, and whoever refused it must not go past it */
	int (*put)(struct reject_target *, const struct reject *,
	    struct fault *);
	void (*close)(struct reject_target *);
};

#define REJECT_BUS "bus:"

/* what opens bus:STREAM */
void reject_use(struct reject_target *(*)(const char *stream,
    struct fault *));

/* is it bus:STREAM, and not a file?  NULL is not */
bool reject_is_bus(const char *rejects);
/* opens what reject_is_bus() says; NULL with a fault */
struct reject_target *reject_open(const char *rejects, struct fault *);

#endif
