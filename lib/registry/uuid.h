/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_UUID_H
#define MFX_REGISTRY_UUID_H

#include <stdbool.h>

#include "base/str.h"

#define ID_TEXT 36	/* a UUID as text, RFC 9562 4 */

/* a random one (version 4), with a NUL behind it */
void uuid_make(char to[ID_TEXT + 1]);

/* 8-4-4-4-12 hexadecimal digits in lower case: the one form we take, so
 * that an id has one spelling */
bool uuid_valid(struct str);

#endif
