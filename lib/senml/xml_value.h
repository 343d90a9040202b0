/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_XML_VALUE_H
#define MFX_SENML_XML_VALUE_H

#include "base/str.h"

/*
 * The values of attributes in XML Schema, as far as SenML needs them.  White
 * space around a value is ignored.
 */

/* xsd:double as a JSON number with the same digits: `+5.` is 5, `.50` is
 * 0.50.  `to` has room for text.n + 1 bytes; returns the length, or 0 when it
 * is not a number, as INF and NaN. */
size_t xml_number(char *to, struct str text);

/* the form of xsd:int: a number without point or exponent, of any size */
size_t xml_integer(char *to, struct str text);

/* xsd:boolean: true, false, 1 or 0 */
bool xml_boolean(struct str text, bool *out);

#endif
