/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_TOPIC_H
#define MFX_LINE_TOPIC_H

#include "base/buf.h"

/*
 * Where messages go, as every protocol names it:
 *
 *	channels/<id>/messages[/<subtopic>]
 *
 * and which of them a subscriber wants.
 */

/* [A-Za-z0-9_-]+ */
bool channel_id_valid(struct str);

/*
 * Divides such a topic, which has no slash in front.  *channel and *rest
 * borrow from it; *rest is what stands behind "messages/", decoded by
 * nobody, and its p is NULL when there is nothing, not even the slash.
 * False when it has another form; an id that can be none is not refused
 * here.
 */
bool topic_split(struct str topic, struct str *channel, struct str *rest);

/*
 * A device's path after "/messages", percent-decoded, as a subtopic:
 * levels between '/' or '.', empty ones left out, dots between.  Appended
 * to `to`.  NULL or why it is refused: what one of the protocols can't
 * deliver is refused in all of them, at the door.
 *
 * - not UTF-8, a control (C0, DEL, C1) or a noncharacter: MQTT 5.0 1.5.4
 *   lets a broker end the connection over them;
 * - a quote or a backslash, which labels would have to escape;
 * - a level with a wildcard (* > + #);
 * - over SUBTOPIC_MAX bytes;
 * - over SUBTOPIC_LEVELS: mosquitto takes 200 '/' in a topic, and there
 *   are two before these levels.
 *
 * A level may be longer than a Uri-Path option of CoAP (255 bytes, RFC 7252
 * 5.10): its observers get it by a wildcard.
 *
 * Characters that only change the direction of text are taken, as every
 * protocol carries them; what prints for people escapes them.
 */
#define SUBTOPIC_MAX 1024
#define SUBTOPIC_LEVELS 198
extern const char subtopic_too_long[];
const char *subtopic_put(struct buf *to, struct str path);

/*
 * The same for a subscriber's path, where a level may be a wildcard:
 * '*' or '+' for any one level, and in the last place '>' for one or more
 * and '#' for none or more.  What is appended is for subscription_has;
 * of '*' and '+' it has '*'.
 */
const char *subscription_put(struct buf *to, struct str path);

/* A subscription without a wildcard: it names one place, where one may
 * publish too. */
bool subscription_is_plain(struct str subscription);

/* Is the message on this subtopic (empty: on none) wanted? */
bool subscription_has(struct str subscription, struct str subtopic);

#endif
