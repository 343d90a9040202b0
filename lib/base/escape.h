/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_ESCAPE_H
#define MFX_BASE_ESCAPE_H

#include "base/buf.h"

/*
 * Text from outside on one line, without anything that a terminal acts on: \t
 * \n \r \\ and \xHH for every other control byte, those of ISO 6429 in UTF-8
 * (U+0080 to U+009F), the marks that change the direction of text (U+061C,
 * U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069) and bytes that are not
 * UTF-8.  It can be undone, and PostgreSQL's COPY reads it.
 */
void escape_put(struct buf *, struct str text);

/* The length of the non-ASCII character at z when a terminal acts on it, or 1
 * for a byte that is not UTF-8; *c is then the character to write in JSON. 0
 * when it can be shown. */
size_t escape_at(const char *z, unsigned long *c);

/* replaces bytes that a terminal would act on by '?', in place */
void escape_clean(char *z);

/* a word of sh(1): each byte in quotes is itself, but for the quote */
void escape_put_shell(struct buf *, struct str text);

/* a field of a CSV file: in quotes when necessary (RFC 4180) */
void escape_put_csv(struct buf *, struct str text);

#endif
