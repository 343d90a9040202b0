/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_WS_PUBLISH_H
#define MFX_WS_PUBLISH_H

#include "bus/publisher.h"
#include "ws/subscriber.h"

/*
 * What the things send, on its way to the publisher.  WebSocket has no word
 * for "it is kept"; a client whose message can't be is ended with WS_BROKEN.
 */
struct ws_publish {
	struct publisher publisher;
	uint64_t messages;	/* written */
	uint64_t bytes;		/* received */
	/* private */
	struct pack pack;
	uint64_t taken;		/* messages in the publisher */
	struct subscriber *pending;	/* have sent what is in the publisher */
	bool failing;			/* the last commit has failed */
};

/* what a message is when the client has not said: text and bytes */
#define WS_TEXT_TYPE "text/plain;charset=utf-8"

int ws_publish_open(struct ws_publish *, struct bus *, const char *stream,
    enum bus_sync, struct fault *);
void ws_publish_close(struct ws_publish *);

/* A message of this thing; when it can't be taken, the client is ended. */
void ws_publish(struct ws_publish *, struct subscribers *,
    struct subscriber *, struct str message, bool text);

/* Once a turn: all that was taken is written.  Tells when that changes:
 * it fails from now on (fault), or is possible again. */
enum ws_commit { WS_COMMIT_SAME, WS_COMMIT_FAILS, WS_COMMIT_AGAIN };
enum ws_commit ws_publish_commit(struct ws_publish *, struct fault *);

/* the subscriber is about to go */
void ws_publish_forget(struct ws_publish *, struct subscriber *);

#endif
