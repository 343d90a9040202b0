/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_FMT_INFLUX_H
#define MFX_CMD_FMT_INFLUX_H

#include "line/route.h"
#include "senml/pack.h"

/*
 * A record as a point of InfluxDB's line protocol (1.x and later), with
 * its newline, as Mainflux stored it:
 *
 *	messages,channel=…,name=…,publisher=…,subtopic=… protocol="http",
 *	unit="Cel",value=21.5 1700000000000000000
 *
 * Fields protocol, unit, value (a float, always), stringValue, boolValue,
 * dataValue (base64url), valueSum, updateTime (a string); fields and tags that
 * the record lacks are left out.  A line break in a string is written as it is,
 * in quotes, as the protocol has no escape for it.  A tag can't hold a control
 * byte nor, in some places, a backslash: both become '_', so nothing that a
 * device sends can become another tag or field.
 */
void influx_put(struct buf *, const struct route *, const struct record *);

#endif
