/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_FORMAT_H
#define MFX_COAP_FORMAT_H

#include "senml/codec.h"

/*
 * CoAP's Content-Format numbers (RFC 7252 12.3 and the registry made
 * there) and the media types they stand for.  Those of SenML are in
 * senml/codec.h.
 */
#define FORMAT_NONE (-1)
#define FORMAT_LINKS 40
#define FORMAT_BYTES 42
#define FORMAT_SENML_JSON 110
/* from here on for experiments only: they mean nothing to others */
#define FORMAT_EXPERIMENTAL 65000

/* room for a number in digits */
#define FORMAT_TEXT 8

/*
 * What to write down for a number: its media type, or for one that is not
 * in the table its digits, which are a content format too (RFC 9193).
 * `text` is where those are put.  FORMAT_NONE gives the empty string.
 */
struct str format_type(int number, char text[FORMAT_TEXT]);

/* the format of SenML packs that has the number; NULL when there is none */
const struct senml_codec *format_codec(int number);

/* the number of a media type with parameters and codings, or of digits;
 * FORMAT_NONE when there is none for it */
int format_number(struct str type);

#endif
