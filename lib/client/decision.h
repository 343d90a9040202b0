/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_DECISION_H
#define MFX_CLIENT_DECISION_H

#include "base/str.h"
#include "registry/uuid.h"

/*
 * May this thing use that channel, and if not, why?  Asks what an adapter
 * asks, through the same code (access.h).  client_decide answers.
 */
enum decision {
	DECISION_FAULT = -1,
	DECISION_YES,
	DECISION_NOBODY,	/* nobody has this key, or a thing that is
				 * disabled */
	DECISION_NO_THING,
	DECISION_NO_KEY,	/* it was taken away */
	DECISION_THING_DISABLED,
	DECISION_NO_CHANNEL,
	DECISION_CHANNEL_DISABLED,
	DECISION_NOT_CONNECTED,
};

struct question {
	struct str key;		/* p NULL: it is asked by `thing` */
	struct str thing;	/* known by a key it is filled in */
	struct str channel;
	char id[ID_TEXT];	/* what `thing` borrows then */
};

#endif
