/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_BASE64_H
#define MFX_BASE_BASE64_H

#include "base/buf.h"

/* base64url without padding (RFC 4648 5), as SenML's vd */
void base64_put(struct buf *to, struct str bytes);
/* the same to `to`, which has room for BASE64_MAX(bytes.n); its end */
char *base64_write(char *to, struct str bytes);
#define BASE64_MAX(n) ((n) / 3 * 4 + 4)

/*
 * Decodes into `to`, which has room for text.n / 4 * 3 + 3 bytes, and
 * returns how many came out; -1 when it is none.  Taken as well: padding,
 * and the + / alphabet (senml.md 7); unused bits that are not zero are
 * cleared.  Refused: any other character, white space, a length of 1 mod
 * 4, padding anywhere but at the end.
 */
long base64_decode(char *to, struct str text);

/* of what that takes: is it in the form that base64_put writes? */
bool base64_is_url(struct str text);

#endif
