/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/layout.h"

#include "senml/pack.h"

enum layout layout_chosen = LAYOUT_MFX;

const char *const layout_measurements[LAYOUTS] = {
	[LAYOUT_MFX] = "readings",
	[LAYOUT_TWINS] = "twins",
	[LAYOUT_MAINFLUX] = "messages",
};

const char *const layout_tags[LAYOUT_TAGS] = {
	[TAG_CHANNEL] = "channel", [TAG_CT] = "contentType",
	[TAG_KIND] = "kind", [TAG_NAME] = "name",
	[TAG_PROTOCOL] = "protocol", [TAG_PUBLISHER] = "publisher",
	[TAG_SUBTOPIC] = "subtopic", [TAG_UNIT] = "unit",
	[TAG_VERSION] = "version",
};

const char *const layout_fields[LAYOUT_FIELDS] = {
	[FIELD_VALUE] = "value", [FIELD_INTEGER] = "integerValue",
	[FIELD_STRING] = "stringValue", [FIELD_BOOL] = "boolValue",
	[FIELD_DATA] = "dataValue", [FIELD_SUM] = "valueSum",
	[FIELD_SUM_INTEGER] = "integerSum", [FIELD_UPDATE] = "updateTime",
	[FIELD_TIME] = "exactTime", [FIELD_PROTOCOL] = "protocol",
	[FIELD_UNIT] = "unit",
};

const char *const layout_types[LAYOUT_FIELDS] = {
	[FIELD_VALUE] = "float", [FIELD_INTEGER] = "integer",
	[FIELD_STRING] = "string", [FIELD_BOOL] = "boolean",
	[FIELD_DATA] = "string", [FIELD_SUM] = "float",
	[FIELD_SUM_INTEGER] = "integer", [FIELD_UPDATE] = "string",
	[FIELD_TIME] = "integer", [FIELD_PROTOCOL] = "string",
	[FIELD_UNIT] = "string",
};

const char *const layout_kinds[LAYOUT_KINDS] = {
	[VALUE_NONE] = "s", [VALUE_NUMBER] = "v", [VALUE_STRING] = "vs",
	[VALUE_BOOL] = "vb", [VALUE_DATA] = "vd",
};

bool
layout_has_tag(enum layout l, enum layout_tag tag)
{
	return l != LAYOUT_MAINFLUX || tag == TAG_CHANNEL ||
	    tag == TAG_NAME || tag == TAG_PUBLISHER || tag == TAG_SUBTOPIC;
}

bool
layout_has_field(enum layout l, enum layout_field field)
{
	switch (field) {
	case FIELD_TIME:
		return l == LAYOUT_TWINS;
	case FIELD_PROTOCOL:
	case FIELD_UNIT:
		return l == LAYOUT_MAINFLUX;
	case FIELD_INTEGER:
	case FIELD_SUM_INTEGER:
		return l != LAYOUT_MAINFLUX;
	default:
		return true;
	}
}
