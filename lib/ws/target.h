/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_WS_TARGET_H
#define MFX_WS_TARGET_H

#include "bus/bus.h"
#include "http/path.h"
#include "line/topic.h"

/*
 * What a client asks for that opens a WebSocket on
 *
 *	/channels/<id>/messages[/<subtopic>][?<name>=<value>[&...]]
 *
 * The path and the arguments are given as they are decoded.
 */
enum ws_format {
	WS_PAYLOAD,		/* as the device sent it */
	WS_LINE,		/* as mfx-line(5) */
	WS_SENML,		/* as a pack of SenML JSON */
	WS_FORMATS
};

struct ws_target {
	struct str channel;		/* borrows from the path */
	struct buf subscription;	/* of subscription_put */
	bool plain;			/* a client may publish there */
	enum ws_format format;
	bool silent;			/* echo=0 */
	bool replays;			/* from=… */
	struct bus_where from;
	struct buf key;			/* authorization=…, auth=… */
	struct buf type;		/* type=…: of what it sends */
	unsigned given;			/* private: which there were */
};

void ws_target_init(struct ws_target *);
/* wipes the key */
void ws_target_release(struct ws_target *);

/* as message_path_parse */
enum message_path ws_target_path(struct ws_target *, struct str path,
    const char **why);

/* One argument, "name=value"; unknown ones are passed over.  NULL, or why it is
 * refused: also when it is given twice. */
const char *ws_target_argument(struct ws_target *, struct str argument);

#endif
