/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_LAYOUT_H
#define MFX_STORE_INFLUX_LAYOUT_H

#include <stdint.h>

#include "base/opt.h"

/*
 * How a reading becomes a point.  A point is its measurement, tags and time:
 * one that has the same replaces the fields of the one before.
 *
 * MFX: what makes a series (store/query.h) are the tags, so that readings
 * differ wherever a store can tell them apart but for those of one series and
 * time.
 *
 * TWINS: those too: the time of the point is up to LAYOUT_SHIFT nanoseconds
 * later, by the reading's position, and its own is in a field.
 *
 * MAINFLUX: as Mainflux wrote, where protocol and unit are fields.
 */
enum layout {
	LAYOUT_MFX, LAYOUT_TWINS, LAYOUT_MAINFLUX, LAYOUTS
};

/* 17 ms */
#define LAYOUT_SHIFT ((int64_t)1 << 24)

/* the times that InfluxDB has are from minus this to this */
#define LAYOUT_TIME_MAX (INT64_MAX - 1)

/* of --layout, for writer and reader alike */
extern enum layout layout_chosen;
#define LAYOUT_OPTION							\
	{ 0, "layout", "mfx|twins|mainflux", "how readings are stored: " \
	    "exactly, also those of one series and time, as Mainflux did", \
	    OPT_ENUM(&layout_chosen) }

extern const char *const layout_measurements[LAYOUTS];

/* the tags, in the order of their names, as the server wants them */
enum layout_tag {
	TAG_CHANNEL, TAG_CT, TAG_KIND, TAG_NAME, TAG_PROTOCOL, TAG_PUBLISHER,
	TAG_SUBTOPIC, TAG_UNIT, TAG_VERSION, LAYOUT_TAGS
};
extern const char *const layout_tags[LAYOUT_TAGS];

enum layout_field {
	FIELD_VALUE, FIELD_INTEGER, FIELD_STRING, FIELD_BOOL, FIELD_DATA,
	FIELD_SUM, FIELD_SUM_INTEGER, FIELD_UPDATE, FIELD_TIME,
	FIELD_PROTOCOL, FIELD_UNIT, LAYOUT_FIELDS
};
extern const char *const layout_fields[LAYOUT_FIELDS];
/* as InfluxQL calls them: of a field that has several types, in other shards,
 * that one is read */
extern const char *const layout_types[LAYOUT_FIELDS];

/* has the layout this one? */
bool layout_has_tag(enum layout, enum layout_tag);
bool layout_has_field(enum layout, enum layout_field);

/* the tag `kind`, by enum value_kind */
#define LAYOUT_KINDS 5
extern const char *const layout_kinds[LAYOUT_KINDS];

/*
 * A tag can't hold control characters, nor a backslash in all places.  They
 * are written as U+241B and two hexadecimal digits, and U+241B itself twice;
 * an empty text that is not an absent one is that character alone.
 */
#define LAYOUT_ESCAPE "\xe2\x90\x9b"

#endif
