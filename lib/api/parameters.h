/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_PARAMETERS_H
#define MFX_API_PARAMETERS_H

#include "api/request_ctx.h"

/* Reads the query, If-Match and If-None-Match; what of them can't be read is
 * answered 400: false. */
bool parameters_read(struct request_ctx *);

/* A parameter of the query: how many values it has; the first is given. */
int parameter_get(const struct request_ctx *, const char *name,
    struct str *value);
/* is it given as true? */
bool parameter_is_true(const struct request_ctx *, const char *name);
/* A direction (direction.h) of the query or a body, `none` when its p is NULL;
 * another word is answered 400: false. */
bool parameter_direction(struct request_ctx *, struct str word, unsigned none,
    unsigned *direction);

#endif
