/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_STATUS_COUNT_H
#define MFX_CMD_STATUS_COUNT_H

#include <stdint.h>

/* How many lines `mfx-whose verb` prints, which is how many things there are;
 * -1 when it can't be asked, and it has said why. */
int64_t status_count(const char *whose, const char *verb);

#endif
