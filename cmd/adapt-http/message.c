/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/adapt-http/message.h"

#include "http/path.h"
#include "line/message.h"

/*
 * A body that is not there is no message: what follows without a length would
 * be taken for the next request.
 */
static bool
message_has_body(struct http_request *r)
{
	if (r->head.framing != HTTP1_EMPTY)
		return http_body_uncoded(r);
	http_problem(r, 411, "a message needs Content-Length or "
	    "Transfer-Encoding: chunked");
	return false;
}

bool
message_from_request(struct http_request *r, struct route *route,
    struct buf *subtopic)
{
	const char *why = NULL;

	switch (message_path_parse(r->path, &route->channel, subtopic, &why)) {
	case MESSAGE_PATH_OTHER:
		http_problem(r, 404, "messages are posted to "
		    "/channels/<id>/messages[/<subtopic>]");
		return false;
	case MESSAGE_PATH_REFUSED:
		http_problem(r, 400, why);
		return false;
	case MESSAGE_PATH_OK:
		break;
	}
	if (!str_eq(r->method, STR("POST"))) {
		http_refuse_method(r, "POST, OPTIONS");
		return false;
	}
	route->subtopic = buf_str(subtopic);
	return message_has_body(r);
}

void
message_publish(struct publish_queue *q, struct http_request *r,
    const struct route *route)
{
	switch (publish_queue_take(q, route, r->body,
	    http_header(r, "Content-Type"), r)) {
	case PUBLISH_TAKEN:
		break;
	case PUBLISH_TOO_LONG:
		http_problem(r, 413, "a message has at most " MESSAGE_LIMITS);
		break;
	case PUBLISH_AWAY:
		message_answer(r, false);
		break;
	}
}

void
message_answer(void *request, bool written)
{
	if (written)
		http_answer(request, 202);
	else
		http_problem(request, 503, "the message can't be kept now");
}
