/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_WHICH_H
#define MFX_BASE_WHICH_H

#include <limits.h>
#include <stdbool.h>

/* The path of a program: beside the running one (argv0: as that was called, or
 * ""), else in $PATH. */
bool which(const char *argv0, const char *file, char path[PATH_MAX]);
/* in $PATH alone; an empty part of it does not mean the current directory */
bool which_in_path(const char *file, char path[PATH_MAX]);

#endif
