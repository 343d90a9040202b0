/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_DIGITS_H
#define MFX_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>

#define DIGITS_TEXT 20		/* room for any uint64_t */

/* v in decimal, no NUL; returns the length.  Two digits a step: printing
 * times is what a resolver does most. */
size_t digits_print(char *to, uint64_t v);

#endif
