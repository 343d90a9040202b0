/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_XML_SPLIT_H
#define MFX_SENML_XML_SPLIT_H

#include "base/str.h"

/*
 * Where the tags of XML end, in bytes that come in any pieces.  A parser
 * that is given a piece of a tag begins it again with the next: a tag of a
 * megabyte, sent byte by byte, would cost hours.  So it is given whole ones.
 *
 * Nothing is checked here.  What can't be XML, a '<' inside a tag, counts
 * as whole, so that the parser sees it and says so.
 */
enum xml_place {
	XML_TEXT, XML_OPEN, XML_TAG, XML_DOUBLE, XML_SINGLE,
	XML_BANG, XML_BANG_DASH,
	XML_COMMENT, XML_COMMENT_DASH, XML_COMMENT_END,
	XML_INSTRUCTION, XML_INSTRUCTION_END,
};

/* How many of the bytes belong to whole tags, or to text between them;
 * *place is where the bytes end, XML_TEXT in the beginning. */
size_t xml_split(enum xml_place *place, struct str bytes);

#endif
