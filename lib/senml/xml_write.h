/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_XML_WRITE_H
#define MFX_SENML_XML_WRITE_H

#include "base/buf.h"

/*
 * Text between the double quotes of an attribute.  XML 1.0 can't carry
 * control characters other than tab, LF and CR, U+FFFE, U+FFFF, and bytes
 * that are not UTF-8.  Those three become character references, as a reader
 * would turn them into spaces.
 */
bool xml_carries(struct str text);
/* appends text that XML carries */
void xml_put_escaped(struct buf *, struct str text);

#endif
