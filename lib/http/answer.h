/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_ANSWER_H
#define MFX_HTTP_ANSWER_H

#include <sys/uio.h>

#include "http/request.h"
#include "http/response.h"

/* The head of an answer, with r->status and the fields that have been set;
 * type NULL: it has no content.  Borrowed until the next one. */
struct iovec answer_head(struct http_request *, struct http_response *,
    const char *type);

#endif
