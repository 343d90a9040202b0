/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_ADAPT_HTTP_MESSAGE_H
#define MFX_ADAPT_HTTP_MESSAGE_H

#include "adapter/publish_queue.h"
#include "http/request.h"
#include "line/route.h"
#include "line/topic.h"

/*
 * Is a request a message: posted to /channels/<id>/messages[/<subtopic>], with
 * a body that can be told from what follows, and read?  Fills channel and
 * subtopic of the route, which borrow from the request and from `subtopic`
 * (SUBTOPIC_MAX bytes); or answers it with a refusal, and is false.
 */
bool message_from_request(struct http_request *, struct route *,
    struct buf *subtopic);

/* Its body goes into the queue, or it is refused. */
void message_publish(struct publish_queue *, struct http_request *,
    const struct route *);

/* adapter_protocol.answer: the owner is a request */
void message_answer(void *request, bool written);

#endif
