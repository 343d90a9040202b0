/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_UUID_H
#define MFX_REGISTRY_UUID_H

#include <stdbool.h>

#include "base/str.h"

#define ID_TEXT 36	/* a UUID as text, RFC 9562 4 */

/*
 * A new UUID, followed by a NUL.  An id begins with the time (version 7, RFC
 * 9562 5.7: milliseconds and 74 random bits), so ids created together are
 * neighbours in the index, and a transaction writes few of its pages.  A
 * secret is random as a whole (version 4).
 */
void uuid_make(char to[ID_TEXT + 1]);
void uuid_make_secret(char to[ID_TEXT + 1]);

/* 8-4-4-4-12 hexadecimal digits in lower case: the only form we accept, so
 * that an id has one spelling */
bool uuid_valid(struct str);

#endif
