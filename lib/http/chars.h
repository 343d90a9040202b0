/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_CHARS_H
#define MFX_HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Which bytes may stand where in HTTP: the terminals of RFC 9110, 9112 and
 * 3986, one bit each.
 */
enum {
	HTTP_TOKEN = 1,		/* tchar (RFC 9110 5.6.2) */
	HTTP_VALUE = 2,		/* of a field: VCHAR, obs-text, SP, HTAB */
	HTTP_PATH = 4,		/* pchar and "/", but no "%" (RFC 3986 3.3) */
	HTTP_QUERY = 8,		/* those, "?", and [ ] { } | \ ^ ` ", which
				 * browsers and curl leave as they are */
	HTTP_HOST = 16,		/* of a reg-name, but no "%" (3.2.2) */
	HTTP_HEX = 32,
	HTTP_UNRESERVED = 64,	/* needs no "%" anywhere (2.3) */
	HTTP_QUOTED = 128,	/* qdtext, but no "\" (RFC 9110 5.6.4) */
	HTTP_PROTOCOL = 256,	/* of a name with a version in Upgrade: tchar,
				 * "/" (7.8) */
};

extern const uint16_t http_chars[256];

static inline bool
http_is(char c, unsigned kind)
{
	return (http_chars[(unsigned char)c] & kind) != 0;
}

/* are all of them, at least one, of that kind? */
bool http_all(struct str, unsigned kind);

/* a name or token, whatever the case of its letters */
bool http_same(struct str, struct str);

/* without the white space (SP, HTAB) around it */
struct str http_trim(struct str);

/* the value of a hexadecimal digit, or -1 */
int http_hex(char);

/*
 * Takes the next element off a list with commas (RFC 9110 5.6.1), of which
 * each is made of bytes of that kind; empty ones are passed over.
 */
enum http_list { HTTP_LIST_END, HTTP_LIST_ELEMENT, HTTP_LIST_BAD };
enum http_list http_list_next(struct str *rest, unsigned kind,
    struct str *element);

#endif
