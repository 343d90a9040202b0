/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_WS_PUBLISH_H
#define MFX_WS_PUBLISH_H

#include "adapter/publish_queue.h"
#include "ws/subscriber.h"

/*
 * What the things send, on its way to the queue.  WebSocket has no word for
 * "it is kept"; a client whose message could not be written is ended with
 * WS_BROKEN, and with WS_TRY_LATER when it was not taken.
 */
struct ws_publish {
	struct publish_queue *queue;
	struct subscribers *subscribers;
	uint64_t bytes;		/* received */
};

/* what a message is when the client has not said: text and bytes */
#define WS_TEXT_TYPE "text/plain;charset=utf-8"

/* A message of this thing; when it can't be taken, the client is ended. */
void ws_publish(struct ws_publish *, struct subscriber *, struct str message,
    bool text);

/* for adapter_protocol.answer: the owner is a subscriber; one that waits for
 * nothing any more is ended when the adapter is stopping */
void ws_publish_answer(struct ws_publish *, void *subscriber, bool written);

/* the subscriber is about to go */
void ws_publish_forget(struct ws_publish *, struct subscriber *);

#endif
