/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_PACK_H
#define MFX_SENML_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/stamp.h"

/*
 * SenML packs (RFC 8428, 9100, 9193): from the bytes that a device sent to
 * resolved records, and from those to JSON.  Numbers and strings as text:
 * json/number.h, json/json.h.
 *
 *	struct pack p;
 *	pack_init(&p);
 *	if ((why = decode_pack(&codec_json, &p, text, now)) != NULL)
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

#define PACK_NOWHERE ((size_t)-1)

struct pack {
	struct record *records;	/* sorted by time, stable */
	size_t n;
	size_t at;		/* offset of the error in the text, or
				 * PACK_NOWHERE */
	size_t expand;		/* set by the caller; 0: PACK_EXPAND */
	bool input_order;	/* set by the caller: do not sort */
	struct watch *watch;	/* set by the caller, or NULL: is told how
				 * it was written, senml/fields.h */
	bool lax;		/* set by the caller: accept all of enum lax */
	uint64_t tolerated[LAX_KINDS];	/* how often, since pack_init */
	bool labelled;		/* it has a routing label, which SenML does not
				 * know, at any depth: in a payload, forged */
	/* private */
	size_t cap;
	struct arena arena;
	struct record *sorted;
};

void pack_init(struct pack *);
void pack_release(struct pack *);

/* {"bver":26,"n":…,"u":…,"v":…,"s":…,"t":…,"ut":…,"ct":…} */
void record_put_json(struct buf *, const struct record *);

#endif
