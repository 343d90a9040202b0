/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_BASE64_H
#define MFX_BASE_BASE64_H

#include "base/buf.h"

/* base64url without padding (RFC 4648 5), as in SenML's vd */
void base64_put(struct buf *to, struct str bytes);
/* the same, written to `to`, which has room for BASE64_MAX(bytes.n); returns
 * the end of what was written */
char *base64_write(char *to, struct str bytes);
#define BASE64_MAX(n) ((n) / 3 * 4 + 4)

/*
 * Decodes into `to`, which has room for text.n / 4 * 3 + 3 bytes, and
 * returns the number of bytes decoded; -1 when text is not valid base64.
 * Accepted as well: padding, and the alphabet with + and /; unused bits that
 * are not zero are cleared.  Refused: any other character, white space, a
 * length of 1 mod 4, padding anywhere but at the end.
 */
long base64_decode(char *to, struct str text);

/* is text, which base64_decode accepts, in the form that base64_put writes? */
bool base64_is_url(struct str text);

#endif
