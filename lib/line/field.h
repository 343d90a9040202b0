/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_FIELD_H
#define MFX_LINE_FIELD_H

#include "line/route.h"
#include "senml/pack.h"

/*
 * A record and its route as named fields of text: what users pick columns
 * from.  The order here is that of the columns when none are picked; new
 * ones are added at the end.
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

/* FIELDS when there is none of this name */
enum field field_find(struct str name);

/* "time,name,value" into fields (room for FIELDS); how many, or -1 with
 * the name that is none, or too much, in *what */
int field_list(const char *text, enum field *fields, struct str *what);

/* Borrows from the record, or is in `scratch` until that is used again;
 * empty when the record has none.  Device text as it came. */
struct str field_text(enum field, const struct route *, const struct record *,
    enum field_time, struct buf *scratch);

#endif
