/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_XML_VALUE_H
#define MFX_SENML_XML_VALUE_H

#include "base/str.h"

/*
 * What XML Schema lets stand in an attribute, as SenML needs it.  White
 * space around a value does not count.
 */

/* xsd:double as a JSON number with the same digits: `+5.` is 5, `.50` is
 * 0.50.  To `to`, which has room for text.n + 1 bytes; returns the length,
 * 0 when it is none; INF and NaN are none. */
size_t xml_number(char *to, struct str text);

/* xsd:int as far as its form goes: a number without point or exponent */
size_t xml_integer(char *to, struct str text);

/* xsd:boolean: true, false, 1 or 0 */
bool xml_boolean(struct str text, bool *out);

#endif
