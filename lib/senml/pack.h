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
 * A pack is all or nothing: any error refuses it, and it has no records.
 * The slices of the records borrow from the text and from the pack, and are
 * valid until the next parse.  Nothing is allocated once the largest pack has
 * been seen.
 */
enum value_kind {
	VALUE_NONE,		/* only a sum */
	VALUE_NUMBER,		/* v */
	VALUE_STRING,		/* vs */
	VALUE_BOOL,		/* vb */
	VALUE_DATA,		/* vd */
};

/* A resolved record (RFC 8428 4.6): no base fields, absolute time. */
struct record {
	struct str name;	/* bn + n: only A-Z a-z 0-9 - : . / _ */
	struct str unit;	/* UTF-8; empty when the record has none */
	struct str value;	/* NUMBER: a JSON number, the device's digits
				 * where nothing was added; STRING: UTF-8,
				 * may hold NUL; DATA: the bytes */
	struct str sum;		/* a JSON number; absent: p is NULL */
	struct str update;	/* ut, in the same form */
	struct str ct;		/* content format of DATA; absent: p NULL */
	struct stamp time;
	enum value_kind kind;
	bool truth;		/* BOOL */
	uint8_t version;	/* bver; default: 10 */
};

/* a longer name is refused (RFC 8428 has no limit; this is the longest topic
 * of MQTT) */
#define NAME_MAX_BYTES 65535
/* a pack whose records would take more than this as resolved JSON is
 * refused: a long base name times many records is an attack */
#define PACK_OUT_MAX ((size_t)64 << 20)

/* A pack whose names, units and content formats together take more than
 * PACK_EXPAND times its own size, and more than PACK_EXPAND_FREE, is refused
 * as well: a base field is written once, but stored and sent with every
 * record */
#define PACK_EXPAND 16
#define PACK_EXPAND_FREE ((size_t)1 << 20)

/* what a lax reader accepts although the RFC refuses it */
enum lax {
	LAX_NAME,		/* first byte - : . / or _ (LwM2M: /3/0/) */
	LAX_NUMBER_TEXT,	/* "v":"21.5" */
	LAX_DATA_TEXT,		/* CBOR: vd as base64 text */
	LAX_NO_VALUE,		/* a record without a value (LwM2M's vlo), which
				 * is dropped */
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
	bool lax;		/* set by the caller: accept all of enum lax */
	uint64_t laxities[LAX_KINDS];	/* how often, since pack_init */
	bool labelled;		/* a routing label stood where SenML has no such
				 * one, at any depth: in a payload, forged */
	/* private */
	size_t cap;
	struct arena arena;
	struct record *sorted;
};

void pack_init(struct pack *);
void pack_release(struct pack *);

/*
 * One JSON document, an array of SenML records.  `now` is what relative
 * times count from.  NULL, or why it was refused.  Routing labels are unknown
 * to SenML, and so their values are ignored.
 */
const char *pack_parse_json(struct pack *, struct str text, struct stamp now);

/* The same for one CBOR item and for one XML document.  pack_parse_cbor_head
 * parses the first of several items and returns its length; 0 when the item
 * is not complete or not valid. */
const char *pack_parse_cbor(struct pack *, struct str bytes, struct stamp now);
size_t pack_parse_cbor_head(struct pack *, struct str bytes, struct stamp now);
const char *pack_parse_xml(struct pack *, struct str text, struct stamp now);

/* SensML in XML as one piece: the document may lack its end, and the records
 * keep their order */
const char *pack_parse_xml_stream(struct pack *, struct str text,
    struct stamp now);

/* {"bver":26,"n":…,"u":…,"v":…,"s":…,"t":…,"ut":…,"ct":…} */
void record_put_json(struct buf *, const struct record *);

#endif
