/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_PACK_H
#define MFX_SENML_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/stamp.h"

/*
 * SenML packs (RFC 8428, 9100, 9193): from the encoding a device sent to
 * resolved records, and from those to JSON.  Numbers and strings as text:
 * json/number.h, json/json.h.
 *
 *	struct pack p;
 *	pack_init(&p);
 *	if ((why = pack_parse_json(&p, text, now)) != NULL)
 *		... refused as a whole; p.at is the offset of the place
 *	for (i = 0; i < p.n; i++)
 *		record_put_json(&buf, &p.records[i]);
 *
 * A pack is all or nothing: any error refuses it and no record is given.
 * The slices of the records borrow from the text and from the pack; both
 * die at the next parse.  After the largest pack has been seen there is no
 * allocation any more.
 */
enum value_kind {
	VALUE_NONE,		/* a sum alone */
	VALUE_NUMBER,		/* v */
	VALUE_STRING,		/* vs */
	VALUE_BOOL,		/* vb */
	VALUE_DATA,		/* vd */
};

/* A resolved record (RFC 8428 4.6): no base fields, absolute time. */
struct record {
	struct str name;	/* bn + n: only A-Z a-z 0-9 - : . / _ */
	struct str unit;	/* UTF-8; empty when there is none */
	struct str value;	/* NUMBER: a JSON number, the device's digits
				 * where nothing was added; STRING: UTF-8,
				 * may hold NUL; DATA: the bytes */
	struct str sum;		/* a JSON number; absent: p is NULL */
	struct str update;	/* ut, likewise */
	struct str ct;		/* content format of DATA; absent: p NULL */
	struct stamp time;
	enum value_kind kind;
	bool truth;		/* BOOL */
	uint8_t version;	/* bver; 10 when nothing was said */
};

/* a name longer than this is refused (RFC 8428 knows no limit; MQTT's
 * topics end here) */
#define NAME_MAX_BYTES 65535
/* a pack whose records would take more than this as resolved JSON is
 * refused: a long base name times many records is an attack */
#define PACK_OUT_MAX ((size_t)64 << 20)

/* A pack whose names, units and content formats together take more than so
 * many times its own size, and PACK_EXPAND_FREE, is refused as well: base
 * fields say once what is stored and sent on with every record */
#define PACK_EXPAND 16
#define PACK_EXPAND_FREE ((size_t)1 << 20)

/* what a lax reader has taken although the RFC refuses it */
enum lax {
	LAX_NAME,		/* first byte - : . / or _ (LwM2M: /3/0/) */
	LAX_NUMBER_TEXT,	/* "v":"21.5" */
	LAX_DATA_TEXT,		/* CBOR: vd as base64 text */
	LAX_NO_VALUE,		/* a record without a value (LwM2M's vlo)
				 * gives none */
	LAX_KINDS
};

struct pack {
	struct record *records;	/* sorted by time, stable */
	size_t n;
	size_t at;		/* offset of the error in the text */
	size_t expand;		/* set by the caller; 0: PACK_EXPAND */
	bool input_order;	/* set by the caller: do not sort */
	struct watch *watch;	/* set by the caller, or NULL: is told how
				 * it was written, senml/fields.h */
	bool lax;		/* set by the caller: take those of enum lax */
	uint64_t laxities[LAX_KINDS];	/* how often, since pack_init */
	bool labelled;		/* a routing label stood where none is known,
				 * at any depth: in a payload, a forgery */
	/* private */
	size_t cap;
	struct arena arena;
	struct record *sorted;
};

void pack_init(struct pack *);
void pack_release(struct pack *);

/*
 * One JSON document, an array of SenML records.  `now` is what relative
 * times count from.  NULL, or why it was refused.  Labels of route above
 * are unknown to SenML and thus ignored, whatever they claim.
 */
const char *pack_parse_json(struct pack *, struct str text, struct stamp now);

/* The same for one item of CBOR, and for one document of XML.  Of several
 * items the second one parses the first, and gives its length; 0 when that
 * is not all there or wrong. */
const char *pack_parse_cbor(struct pack *, struct str bytes, struct stamp now);
size_t pack_parse_cbor_head(struct pack *, struct str bytes, struct stamp now);
const char *pack_parse_xml(struct pack *, struct str text, struct stamp now);

/* SensML in XML that has come as one piece: the document may lack its end,
 * and the records stay in the order they came */
const char *pack_parse_xml_stream(struct pack *, struct str text,
    struct stamp now);

/* {"bver":26,"n":…,"u":…,"v":…,"s":…,"t":…,"ut":…,"ct":…} */
void record_put_json(struct buf *, const struct record *);

#endif
