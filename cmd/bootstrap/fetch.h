/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_BOOTSTRAP_FETCH_H
#define MFX_CMD_BOOTSTRAP_FETCH_H

#include "base/opt.h"

/* the device's own side: asks for its configuration, and prints what a script
 * on it needs */
extern const struct opt fetch_options[];
int fetch_verb(char **url);

#endif
