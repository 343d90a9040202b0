/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_TOPIC_H
#define MFX_LINE_TOPIC_H

#include "base/buf.h"

/*
 * Where messages go, in the form that every protocol uses:
 *
 *	channels/<id>/messages[/<subtopic>]
 *
 * and which of them a subscriber wants.
 */

/* [A-Za-z0-9_-]+ */
bool channel_id_valid(struct str);

/*
 * Splits such a topic, which does not begin with a slash.  *channel and *rest
 * borrow from it; *rest is what follows "messages/", not decoded, and rest->p
 * is NULL when there is no slash.  False when the topic has another form; the
 * id is not checked here.
 */
bool topic_split(struct str topic, struct str *channel, struct str *rest);

/*
 * A device's path after "/messages", percent-decoded, as a subtopic: levels
 * between '/' or '.' become levels with dots between them; empty ones are left
 * out.  Appended to `to`.  NULL, or why it is refused.  What one protocol can't
 * deliver is refused by all:
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
 * 5.10): observers reach it with a wildcard.
 *
 * Characters that only change the direction of text are accepted, as every
 * protocol carries them; programs that print for people escape them.
 */
#define SUBTOPIC_MAX 1024
#define SUBTOPIC_LEVELS 198
extern const char subtopic_too_long[];
const char *subtopic_put(struct buf *to, struct str path);

/*
 * The same for a subscriber's path, where a level may be a wildcard:
 * '*' or '+' for any one level and, as the last level, '>' for one or more
 * and '#' for any number of levels.  The result is for subscription_has; '+'
 * becomes '*' in it.
 */
const char *subscription_put(struct buf *to, struct str path);

/* Does it have no wildcard, so that it is also a subtopic to publish on? */
bool subscription_is_plain(struct str subscription);

/* Does it include messages on this subtopic (empty: without a subtopic)? */
bool subscription_has(struct str subscription, struct str subtopic);

#endif
