/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_XML_SPLIT_H
#define MFX_SENML_XML_SPLIT_H

#include "base/str.h"

/*
 * Finds where the tags of XML end, in bytes that come in any pieces.  A
 * parser that gets a part of a tag starts that tag over with the next piece:
 * a tag of a megabyte, sent byte by byte, would take hours.  So it gets whole
 * tags only.
 *
 * Nothing is checked here.  Bytes that can't be XML, such as a '<' inside a
 * tag, count as whole, so that the parser sees and refuses them.
 */
enum xml_place {
	XML_TEXT, XML_OPEN, XML_TAG, XML_DOUBLE, XML_SINGLE,
	XML_BANG, XML_BANG_DASH,
	XML_COMMENT, XML_COMMENT_DASH, XML_COMMENT_END,
	XML_INSTRUCTION, XML_INSTRUCTION_END,
};

/* The number of bytes that belong to whole tags, or to text between them;
 * *place says where the bytes end, and is XML_TEXT at first. */
size_t xml_split(enum xml_place *place, struct str bytes);

#endif
