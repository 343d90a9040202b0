/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_GLOB_H
#define MFX_BASE_GLOB_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Patterns as a shell has them, matched against the whole text:
 *
 *	*	any characters, none too; dots and slashes are no borders
 *	?	one character
 *	[a-z]	one of these; [!a-z] or [^a-z]: one that is none of these
 *
 * Anything else stands for itself; a backslash too: a literal * is [*].
 * Characters are those of UTF-8, whatever the locale.  It is SQLite's GLOB
 * but for [!…], which that writes [^…].  The work is bounded by the
 * product of the lengths.
 */
bool glob_match(struct str glob, struct str text);

/* false when a [ has no ] */
bool glob_valid(struct str glob);

#endif
