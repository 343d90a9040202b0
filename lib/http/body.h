/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_BODY_H
#define MFX_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http1.h"

/*
 * The body that follows a head (RFC 9112 6, 7), out of bytes as they come.
 * Nothing is copied: the data are slices of what was given.
 *
 *	http_body_begin(&b, &r, max);
 *	while (b is not at its end) {
 *		switch (http_body_take(&b, p, n, &used, &data)) {
 *		case HTTP_BODY_MORE:	all n bytes were used; call it again
 *					with the next ones
 *		case HTTP_BODY_DATA:	the next bytes of the body; call it
 *					again with what is after `used`
 *		case HTTP_BODY_END:	what is after `used` is the next
 *					request
 *		case HTTP_BODY_REFUSED:	answer b.status and b.why, close
 *		}
 *	}
 *
 * A chunk has a size of 1 to 16 hexadecimal digits, extensions of the form of
 * RFC 9112 7.1.1 and CRLF; extensions and trailer fields are checked and
 * passed over, HTTP_BODY_EXTRA bytes of each at most.  A trailer field that
 * would say how the message is read, or to whom it goes, is refused (RFC 9110
 * 6.5.1).
 */
#define HTTP_BODY_EXTRA 4096
#define HTTP_BODY_TRAILERS 32		/* fields */

enum http_body_result {
	HTTP_BODY_MORE, HTTP_BODY_DATA, HTTP_BODY_END, HTTP_BODY_REFUSED
};

struct http_body {
	uint64_t received;		/* bytes of data so far */
	unsigned status;		/* 400, 413, 431 */
	const char *why;
	/* private */
	uint64_t max, left;		/* of the body; of this chunk */
	uint16_t extensions, trailers;	/* bytes */
	uint8_t state, digits, fields, name_n;
	char name[20];			/* of a trailer field, as far as it
					 * fits */
};

/* `max`: bytes of a body that comes in chunks; more is refused with 413 */
void http_body_begin(struct http_body *, const struct http1 *, uint64_t max);

enum http_body_result http_body_take(struct http_body *, const char *p,
    size_t n, size_t *used, struct str *data);

#endif
