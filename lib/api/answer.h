/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_ANSWER_H
#define MFX_API_ANSWER_H

#include "base/fault.h"
#include "http/request.h"

struct api;

#define ANSWER_JSON "application/json"
void answer_json(struct http_request *, unsigned status, struct str body);
/* by what went wrong: 404 for what is not there, `clash` for EX_DATAERR,
 * and 503, which is complained of */
void answer_fault(struct api *, struct http_request *, const struct fault *,
    unsigned clash);
/* it can't be asked or kept now: 503 */
void answer_unable(struct api *, struct http_request *, const struct fault *);
/* 412 */
void answer_changed(struct http_request *);
void answer_etag(struct http_request *, const char *tag);

#endif
