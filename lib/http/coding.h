/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_CODING_H
#define MFX_HTTP_CODING_H

#include <stdbool.h>

#include "base/str.h"

/*
 * In which content coding a client takes an answer: the field Accept-Encoding
 * (RFC 9110 12.4.2, 12.5.3).
 */
struct http_codings {
	bool gzip;		/* wanted, and not less than identity */
	bool identity;		/* not excluded */
};

/*
 * `field`: all its lines, joined with commas; p NULL: there is none.  Without
 * the field, and for one that is malformed, identity alone: it says nothing
 * that could be relied on.
 */
struct http_codings http_codings_read(struct str field);

#endif
