/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_LISTS_H
#define MFX_API_LISTS_H

#include "base/fault.h"

struct api;

int lists_open(struct api *, struct fault *);
void lists_close(struct api *);

#endif
