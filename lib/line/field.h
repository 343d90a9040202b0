/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_FIELD_H
#define MFX_LINE_FIELD_H

#include "line/route.h"
#include "senml/pack.h"

/*
 * A record and its route as named fields of text, from which users choose
 * columns.  The order here is the default order of columns; new fields are
 * added at the end.
 */
enum field {
	FIELD_TIME, FIELD_CHANNEL, FIELD_PUBLISHER, FIELD_PROTOCOL,
	FIELD_SUBTOPIC, FIELD_NAME, FIELD_UNIT,
	FIELD_VALUE,		/* data is base64url */
	FIELD_TYPE,		/* number, string, bool, data; empty for a
				 * sum alone */
	FIELD_SUM, FIELD_UPDATE, FIELD_CT,
	FIELDS
};

enum field_time {
	FIELD_EPOCH,		/* 1700000000.5 */
	FIELD_RFC3339,		/* 2023-11-14T22:13:20.5Z */
	FIELD_NS,		/* 1700000000500000000 */
};

const char *field_name(enum field);

/* FIELDS when no field has this name */
enum field field_find(struct str name);

/* parses "time,name,value" into fields, which has room for FIELDS; returns
 * their number, or -1 with *what the name that is unknown or exceeds FIELDS */
int field_list(const char *text, enum field *fields, struct str *what);

/* The text of a field; it borrows from the record or from `scratch`, and is
 * empty when the record lacks the field.  Device text is not escaped. */
struct str field_text(enum field, const struct route *, const struct record *,
    enum field_time, struct buf *scratch);

#endif
