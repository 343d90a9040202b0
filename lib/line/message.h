/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_MESSAGE_H
#define MFX_LINE_MESSAGE_H

#include "line/route.h"
#include "senml/pack.h"

/*
 * The line between a device's payload and the bus: mfx-line(5).
 *
 * message_wrap puts a payload and its route into one line, and message_payload
 * returns the payload byte for byte.  A payload that is SenML JSON goes in as
 * it is, after our labels; any other payload (not SenML, with line breaks, with
 * a label of ours at any depth and in any escaped form …) becomes a record with
 * "vd".
 */

/* lines of adapters and of mfx-pub are at most this long, so that mfx-sub
 * can add "seq" and stay within LINE_LIMIT */
#define MESSAGE_LINE_MAX (((size_t)1 << 20) - 64)

/*
 * Appends one line with its newline.  `type` is the media type the device
 * declared, or empty; a type that is not a content format (RFC 9193) is
 * carried as application/octet-stream.  `pack` is scratch space to parse the
 * payload.  False, and nothing is appended, when the line would be longer
 * than MESSAGE_LINE_MAX.
 */
bool message_wrap(struct buf *, const struct route *, struct str payload,
    struct str type, struct pack *);

/*
 * The same for what a device sends, with limits that do not depend on the
 * length of the labels: MESSAGE_JSON_MAX bytes of SenML JSON that goes in as
 * it is, MESSAGE_RAW_MAX of anything else, which becomes a third longer.
 */
#define MESSAGE_JSON_MAX ((size_t)1020 << 10)
#define MESSAGE_RAW_MAX ((size_t)765 << 10)
#define MESSAGE_LIMITS "765 KiB, or 1020 KiB of SenML JSON in one line"
bool message_take(struct buf *, const struct route *, struct str payload,
    struct str type, struct pack *);

/*
 * The payload that a line carries and its media type; both borrow from the
 * line or from the arena.  False when the line is not a message.  A record
 * becomes a pack of one record, unchanged; in a pack a time below 2^28 is
 * relative (RFC 8428 4.5.3), and SenML has no other way to write it.
 */
bool message_payload(struct str line, struct arena *, struct str *payload,
    struct str *type);

/* does the line hold a record with "vd" made by message_wrap?  A device's own
 * record of that form is itself wrapped, so the two can't be confused. */
bool message_is_wrapped(struct str line);

/* The time of a record ({), wherever its `t` is; false when it has none or it
 * is not valid. */
bool line_record_time(struct str line, struct stamp *);

#endif
