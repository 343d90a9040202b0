/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_XML_WRITE_H
#define MFX_SENML_XML_WRITE_H

#include "base/buf.h"

/*
 * Appends text as it is written between the double quotes of an attribute.
 * Tab, LF and CR become character references, as a reader would turn them
 * into spaces.  False, with nothing appended, for text that XML 1.0 can't
 * hold: other control characters, U+FFFE, U+FFFF, and bytes that are not
 * UTF-8.
 */
bool xml_put_escaped(struct buf *, struct str text);

#endif
