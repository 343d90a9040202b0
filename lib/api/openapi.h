/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_OPENAPI_H
#define MFX_API_OPENAPI_H

#include "base/str.h"

/* the OpenAPI document */
struct openapi *openapi_open(void);
void openapi_close(struct openapi *);
struct str openapi_text(const struct openapi *);

#endif
