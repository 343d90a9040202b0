/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_GLOB_H
#define MFX_BASE_GLOB_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Patterns as a shell has them, matched against the whole text:
 *
 *	*	any characters or none, dots and slashes included
 *	?	one character
 *	[a-z]	one of these; [!a-z] or [^a-z]: any other character
 *
 * Anything else stands for itself; a backslash too: a literal * is [*].
 * Characters are those of UTF-8, whatever the locale; a byte that is not
 * part of one is a character of its own.  It is the same as SQLite's GLOB,
 * except that SQLite knows [^…] only.
 *
 * A pattern is compiled once.  A match then takes one step for each character
 * of the text, and a step at most one word operation for each 64 characters of
 * the pattern: it never backtracks.
 */
struct glob;

/* bytes of a pattern; text without any of * ? [ may be longer */
#define GLOB_MAX 1024

/* NULL and the reason in *why when it is too long or a [ has no ].  The
 * pattern is copied. */
struct glob *glob_compile(struct str pattern, const char **why);
/* NULL is fine */
void glob_free(struct glob *);

bool glob_match(const struct glob *, struct str text);

/* an upper bound on the steps of a match with a text of that length */
size_t glob_work(const struct glob *, size_t text);

/* does it contain any of * ? [ ? */
bool glob_is_pattern(struct str);

/* NULL, or why glob_compile refuses it */
const char *glob_fault(struct str pattern);

#endif
