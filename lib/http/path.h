/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_PATH_H
#define MFX_HTTP_PATH_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Appends what a percent-encoded text stands for; '+' is itself.  False,
 * with less appended, for a '%' without two hexadecimal digits and for %00.
 */
bool percent_decode(struct buf *to, struct str text);

enum message_path {
	MESSAGE_PATH_OTHER,	/* not of this form at all */
	MESSAGE_PATH_REFUSED,	/* of this form, but not valid: *why */
	MESSAGE_PATH_OK,
};

/*
 * /channels/<id>/messages[/<subtopic>] as it was sent, without a query:
 * where a thing publishes by HTTP and WebSocket.  *channel borrows from
 * `path`, the subtopic is appended to `subtopic` with dots (topic.h).
 */
enum message_path message_path_parse(struct str path, struct str *channel,
    struct buf *subtopic, const char **why);

#endif
