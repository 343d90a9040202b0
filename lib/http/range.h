/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_RANGE_H
#define MFX_HTTP_RANGE_H

#include <stdint.h>

#include "base/str.h"

/*
 * Which part of something a request asks for: the field Range (RFC 9110 14.1.1,
 * 14.1.2, 14.2).  One range of bytes is given.  What asks for several, for
 * another unit, or is malformed is ignored, as 14.2 allows: all of it is the
 * answer.
 */
enum http_range {
	HTTP_RANGE_ALL,			/* 200: as if there were no Range */
	HTTP_RANGE_PART,		/* 206 */
	HTTP_RANGE_NOT_SATISFIABLE	/* 416: it begins after the end */
};

/* `size`: bytes of all of it.  With HTTP_RANGE_PART *first is less than `size`,
 * and *n, at least 1, does not go over its end. */
enum http_range http_range_read(struct str field, uint64_t size,
    uint64_t *first, uint64_t *n);

#endif
