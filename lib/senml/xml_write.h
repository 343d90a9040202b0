/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_XML_WRITE_H
#define MFX_SENML_XML_WRITE_H

#include "base/buf.h"

/*
 * Appends text as it stands between the double quotes of an attribute.
 * Tab, LF and CR become character references: a reader makes spaces of
 * them else.  False, with nothing appended, when XML 1.0 has no way to say
 * it: other control characters, U+FFFE, U+FFFF, and what is not UTF-8.
 */
bool xml_put_escaped(struct buf *, struct str text);

#endif
