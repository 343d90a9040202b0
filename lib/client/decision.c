/* SPDX-License-Identifier: Apache-2.0 */
#include "client/decision.h"

void
decision_put(struct buf *b, enum decision decision,
    const struct question *asked, const char *verb)
{
	struct str thing = asked->thing, channel = asked->channel;

	switch (decision) {
	case DECISION_FAULT:
		break;
	case DECISION_YES:
		buf_printf(b, "yes: thing %.*s is connected to channel "
		    "%.*s, and may %s%s%s\n", STR_ARG(thing), STR_ARG(channel),
		    verb, asked->grant[0] ? ", by grant " : "", asked->grant);
		break;
	case DECISION_NOBODY:
		buf_puts(b, "no: no thing has this key, or the thing is "
		    "disabled\n");
		break;
	case DECISION_NO_THING:
		buf_printf(b, "no: there is no thing %.*s\n",
		    STR_ARG(thing));
		break;
	case DECISION_NO_KEY:
		buf_printf(b, "no: the key of thing %.*s was revoked\n",
		    STR_ARG(thing));
		break;
	case DECISION_THING_DISABLED:
		buf_printf(b, "no: thing %.*s is disabled\n",
		    STR_ARG(thing));
		break;
	case DECISION_CHANNEL_DISABLED:
		buf_printf(b, "no: channel %.*s is disabled\n",
		    STR_ARG(channel));
		break;
	case DECISION_NO_CHANNEL:
		buf_printf(b, "no: there is no channel %.*s\n",
		    STR_ARG(channel));
		break;
	case DECISION_PUBLISH_ONLY:
	case DECISION_SUBSCRIBE_ONLY:
		buf_printf(b, "no: thing %.*s is connected to channel %.*s to "
		    "%s only\n", STR_ARG(thing), STR_ARG(channel),
		    decision == DECISION_PUBLISH_ONLY ? "publish" :
		    "subscribe");
		break;
	case DECISION_NOT_CONNECTED:
		buf_printf(b, "no: thing %.*s is not connected to channel "
		    "%.*s\n", STR_ARG(thing), STR_ARG(channel));
		break;
	}
}
