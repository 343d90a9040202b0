/* SPDX-License-Identifier: Apache-2.0 */
#include "ws/publish.h"

#include "line/message.h"

#define WS_NOT_KEPT "the message can't be kept now"

static void
ws_publish_take(struct ws_publish *p, struct subscriber *u,
    struct str message, struct str type)
{
	struct route route = {
		.channel = subscription_channel(&u->subscription),
		.publisher = str_z(u->thing), .protocol = STR("ws"),
		.subtopic = subscription_filter(&u->subscription),
		.has_received = true, .received = stamp_now()
	};

	switch (publish_queue_take(p->queue, &route, message, type, u)) {
	case PUBLISH_TAKEN:
		p->bytes += message.n;
		u->pending++;
		break;
	case PUBLISH_TOO_LONG:
		ws_end(u->client, WS_TOO_LONG, "at most " MESSAGE_LIMITS);
		break;
	case PUBLISH_AWAY:
		ws_end(u->client, WS_TRY_LATER, WS_NOT_KEPT);
		break;
	}
}

void
ws_publish(struct ws_publish *p, struct subscriber *u, struct str message,
    bool text)
{
	if (!u->plain)
		ws_end(u->client, WS_POLICY, "cannot publish to a wildcard");
	else if (!subscriber_may(p->subscribers, u))
		/* unless it has been ended for good */
		ws_end(u->client, WS_TRY_LATER,
		    "access can't be checked now");
	else if (!(u->directions & DIRECTION_PUBLISH))
		ws_end(u->client, WS_POLICY,
		    access_refusal(ACCESS_OTHER_WAY));
	else
		ws_publish_take(p, u, message, u->type.n > 0 ? u->type :
		    text ? STR(WS_TEXT_TYPE) : STR_NONE);
}

void
ws_publish_answer(struct ws_publish *p, void *subscriber, bool written)
{
	struct subscriber *u = subscriber;
	bool stopping = p->subscribers->stopping;

	u->pending--;
	if (!written)
		ws_end(u->client, stopping ? WS_TRY_LATER : WS_BROKEN,
		    WS_NOT_KEPT);
	else if (stopping && u->pending == 0)
		ws_end(u->client, WS_GOING_AWAY, WS_STOPPED);
}

void
ws_publish_forget(struct ws_publish *p, struct subscriber *u)
{
	if (u->pending > 0)
		publish_queue_forget(p->queue, u);
	u->pending = 0;
}
