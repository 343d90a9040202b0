/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_TARGET_H
#define MFX_HTTP_TARGET_H

#include <stdbool.h>

#include "base/str.h"

/* What a request line asks for (RFC 9112 3.2, RFC 3986). */
struct http_target {
	struct str path, query, authority;	/* p is NULL: absent */
	bool https;			/* absolute-form, of that scheme */
};

/*
 * Reads a target of n bytes, which are brought into normal form in place
 * (http1.h): origin-form, absolute-form of http and https, and "*" if
 * `options`, the method, is OPTIONS.  NULL, or why it is refused.
 */
const char *http_target_read(struct http_target *, char *p, size_t n,
    bool options);

/* uri-host [ ":" port ] (RFC 9110 7.2), as Host has it: no user, the address
 * in brackets is one, the port is at most 65535 */
bool http_authority_valid(struct str);

#endif
