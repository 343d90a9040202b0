/* SPDX-License-Identifier: Apache-2.0 */
#include "ws/publish.h"

#include "line/message.h"

int
ws_publish_open(struct ws_publish *p, struct bus *bus, const char *stream,
    enum bus_sync sync, struct fault *fault)
{
	*p = (struct ws_publish){ .pending = NULL };
	pack_init(&p->pack);
	return publisher_open(&p->publisher, bus, stream, sync, fault);
}

void
ws_publish_close(struct ws_publish *p)
{
	publisher_close(&p->publisher);
	pack_release(&p->pack);
}

static enum ws_commit
change(struct ws_publish *p, bool done)
{
	bool failed = p->failing;

	/* nothing written proves nothing */
	if (!done || p->pending != NULL)
		p->failing = !done;
	return failed == p->failing ? WS_COMMIT_SAME :
	    done ? WS_COMMIT_AGAIN : WS_COMMIT_FAILS;
}

enum ws_commit
ws_publish_commit(struct ws_publish *p, struct fault *fault)
{
	bool done = publisher_commit(&p->publisher, fault) == 0;
	enum ws_commit result = change(p, done);
	struct subscriber *u;

	if (done)
		p->messages += p->taken;
	p->taken = 0;
	while ((u = p->pending) != NULL) {
		p->pending = u->next_pending;
		u->pending = false;
		if (!done)
			ws_end(u->client, WS_BROKEN,
			    "the message can't be kept now");
	}
	return result;
}

void
ws_publish(struct ws_publish *p, struct subscribers *all,
    struct subscriber *u, struct str message, bool text)
{
	struct route route = {
		.channel = subscription_channel(&u->subscription),
		.publisher = str_z(u->thing), .protocol = STR("ws"),
		.subtopic = subscription_filter(&u->subscription),
		.has_received = true, .received = stamp_now()
	};

	if (!u->plain) {
		ws_end(u->client, WS_POLICY,
		    "cannot publish to a wildcard");
	} else if (!subscriber_may(all, u)) {
		/* unless it has been ended for good */
		ws_end(u->client, WS_TRY_LATER,
		    "access can't be checked now");
	} else if (!message_take(&p->publisher.lines, &route, message,
	    u->type.n > 0 ? u->type : text ? STR(WS_TEXT_TYPE) : STR_NONE,
	    &p->pack)) {
		ws_end(u->client, WS_TOO_LONG, "at most " MESSAGE_LIMITS);
	} else {
		p->taken++;
		p->bytes += message.n;
		if (!u->pending) {
			u->pending = true;
			u->next_pending = p->pending;
			p->pending = u;
		}
	}
}

void
ws_publish_forget(struct ws_publish *p, struct subscriber *u)
{
	struct subscriber **at = &p->pending;

	if (!u->pending)
		return;
	while (*at != u)
		at = &(*at)->next_pending;
	*at = u->next_pending;
	u->pending = false;
}
