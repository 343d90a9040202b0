/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_DECODED_H
#define MFX_LINE_DECODED_H

#include "line/records.h"

/*
 * A line and the records in it, in whatever form of SenML the device sent them:
 * those of its pack or, when the line carries a payload as data (message_wrap),
 * those of the SenML inside.  A payload that is not SenML, or not the kind of
 * SenML that it says it is, stays a record with the data.
 *
 *	decoded_init(&d);
 *	if ((why = decoded_parse(&d, line, now, &route)) != NULL)
 *		... refused as a whole; d.pack.at is the offset of the place
 *	for (i = 0; i < d.records->n; i++)
 *		... d.records->records[i] ...
 *	decoded_release(&d);
 */
#define DECODED_NOTE "payload kept as data"	/* what filter_note is told */
struct decoded {
	struct pack pack, payload;	/* their settings are the caller's */
	struct pack *records;		/* one of the two */
	const char *note;		/* why a payload that says it is SenML
					 * was kept as data, or NULL */
};

void decoded_init(struct decoded *);
void decoded_release(struct decoded *);

/* as pack_parse_line; with now.ns 0, relative times in a payload count from
 * `received`, too */
const char *decoded_parse(struct decoded *, struct str line, struct stamp now,
    struct route *);

#endif
