/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_CONTEXT_H
#define MFX_BASE_CONTEXT_H

#include <limits.h>
#include <stdbool.h>

#include "base/fault.h"

/*
 * Sites by name (mfx(7), SITES).  The file ${XDG_CONFIG_HOME:-~/.config}/mfx/
 * sites/NAME has lines VARIABLE=VALUE, empty ones, and comments after a '#' at
 * the beginning.  The variables are those of context_variables; there is no
 * other syntax, and no secret is among them.
 */
struct context_variable {
	const char *name;
	bool site;		/* may be in such a file */
	bool secret;		/* its value is not shown */
};
/* what programs of the suite read of their environment; ends with NULL */
extern const struct context_variable context_variables[];

#define CONTEXT_NAME_MAX 64
#define CONTEXT_SITES_MAX 256

/*
 * Puts the variables of a site into the environment.  Those that are there
 * already win; with `instead` the site's do, and those that it does not name
 * are taken out, so that nothing of another site is left.  0, or -1:
 * EX_USAGE for a name that can't be one, EX_NOINPUT with the nearest for one
 * that is not there, EX_CONFIG for what can't be understood, with its line.
 */
int context_use(const char *name, bool instead, struct fault *);

/* the same for $MFX_SITE, if that is set */
int context_start(struct fault *);

/* Did the value that the variable has now come from the site in use? */
bool context_gave(const char *variable);

/* calls it with each name, in order; their number, 0 when there is no such
 * directory, or -1 */
typedef void context_fn(void *arg, const char *name);
int context_each(context_fn *, void *arg, struct fault *);

#endif
