/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/xml_split.h"

static enum xml_place
in_tag(enum xml_place place, char c)
{
	char quote = place == XML_DOUBLE ? '"' : '\'';

	if (place != XML_TAG)
		return c == quote ? XML_TAG : place;
	return c == '>' ? XML_TEXT : c == '"' ? XML_DOUBLE :
	    c == '\'' ? XML_SINGLE : XML_TAG;
}

static enum xml_place
next(enum xml_place place, char c)
{
	switch (place) {
	case XML_TEXT:
		return c == '<' ? XML_OPEN : XML_TEXT;
	case XML_OPEN:
		return c == '!' ? XML_BANG : c == '?' ? XML_INSTRUCTION :
		    in_tag(XML_TAG, c);
	case XML_BANG:
		return c == '-' ? XML_BANG_DASH : in_tag(XML_TAG, c);
	case XML_BANG_DASH:
		return c == '-' ? XML_COMMENT : in_tag(XML_TAG, c);
	case XML_COMMENT:
		return c == '-' ? XML_COMMENT_DASH : XML_COMMENT;
	case XML_COMMENT_DASH:
		return c == '-' ? XML_COMMENT_END : XML_COMMENT;
	case XML_COMMENT_END:
		return c == '>' ? XML_TEXT : c == '-' ? place : XML_COMMENT;
	case XML_INSTRUCTION:
		return c == '?' ? XML_INSTRUCTION_END : XML_INSTRUCTION;
	case XML_INSTRUCTION_END:
		return c == '>' ? XML_TEXT : c == '?' ? place :
		    XML_INSTRUCTION;
	case XML_TAG:
	case XML_DOUBLE:
	case XML_SINGLE:
		break;
	}
	return in_tag(place, c);
}

size_t
xml_split(enum xml_place *place, struct str bytes)
{
	size_t whole = 0, i;
	enum xml_place p = *place, before;

	for (i = 0; i < bytes.n; i++) {
		before = p;
		p = next(before, bytes.p[i]);
		if (p == XML_TEXT || (bytes.p[i] == '<' &&
		    before >= XML_OPEN && before <= XML_BANG_DASH))
			whole = i + 1;
	}
	*place = p;
	return whole;
}
