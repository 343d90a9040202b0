/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_WS_SUBSCRIBER_H
#define MFX_WS_SUBSCRIBER_H

#include "adapter/admin.h"
#include "base/opt.h"
#include "bus/subscriptions.h"
#include "bus/catchup.h"
#include "http/thing_auth.h"
#include "http/ws.h"
#include "net/certificate.h"
#include "ws/render.h"
#include "registry/access.h"

/*
 * The things that have opened a WebSocket: which ones, what they subscribe to,
 * what they are sent, and whether they still may be.
 *
 *	status = subscribers_admit(&all, request, &subscriber, &why)
 *	subscribers_open(&all, subscriber, client)
 *	subscribers_tell(&all, &delivery)	each line of the feed
 *	subscribers_replay(&all, feed.seq)	once a turn
 *	subscribers_check(&all, changed)	once a turn
 *	subscribers_close(&all, subscriber)
 */
struct subscribers {
	/* set by the program */
	struct access *registry;
	struct bus *bus;
	const char *stream;		/* to replay; NULL: none */
	bool need_certificate;
	size_t max_queue;		/* as the server has it */
	const struct budget *budget;	/* likewise */
	unsigned max;			/* there may be, of all things */
	bool stopping;		/* those that wait for no answer are ended */
	/* counted */
	uint64_t refused, revoked, replayed;
	struct passed passed;		/* lines that were not replayed */
	/* for the log: why the registry or the stream could not be asked, or
	 * why the last one was refused; status 0: neither */
	struct fault fault;
	/* private */
	struct budget places;		/* so no thing has all of them */
	struct subscriptions subscriptions;
	struct ws_render render;
	struct catchup *catchup;
	struct buf labelled;
	struct arena arena;
	struct subscriber *first, *cursor;
	unsigned n, unchecked, replaying;
	int64_t registry_down;		/* since when; 0: it is up */
};

struct subscriber {
	struct subscription subscription;
	struct subscriber *prev, *next;
	struct ws_conn *client;	/* NULL: not open yet */
	struct str key;			/* own memory */
	struct certificate *certificate;	/* likewise; NULL: none */
	struct str type;		/* likewise: of what it sends */
	struct str channel, filter;	/* until it is open: likewise */
	uint64_t budget_key;		/* its thing's */
	uint64_t place;			/* likewise, in `places` */
	bool placed;
	uint64_t at;			/* it has had all up to here */
	uint64_t waits;			/* the feed's seq it waits at */
	enum ws_format format;
	bool plain, silent, replaying, waiting;
	unsigned directions;		/* what it may do, enum direction */
	uint32_t generation;		/* of the registry, as it was asked */
	char thing[THING_AUTH_MAX];
	/* for the program */
	unsigned pending;	/* messages that are not written yet */
};

int subscribers_init(struct subscribers *, struct fault *);
void subscribers_release(struct subscribers *);

/* as ws_options.on_handshake, for a request to upgrade */
unsigned subscribers_admit(struct subscribers *, const struct http_request *,
    struct subscriber **, const char **why);

/* what the server counts */
void subscribers_server_metrics_put(struct metrics *, const struct service *,
    const struct ws *);
void subscribers_open(struct subscribers *, struct subscriber *,
    struct ws_conn *);
void subscribers_close(struct subscribers *, struct subscriber *);

void subscribers_tell(struct subscribers *, const struct delivery *);

/* True when there is more to replay at once. */
bool subscribers_replay(struct subscribers *, uint64_t feed_seq);

/* May this one still use its channel as it could when it came?  Else it is
 * ended.  What it may do beyond that is noted. */
bool subscriber_may(struct subscribers *, struct subscriber *);

/* Asks that of some, after the registry has changed; so each is asked within
 * a second.  When the registry can't be asked for 5 seconds, they are ended
 * with WS_TRY_LATER.  True when there are more to be asked at once. */
bool subscribers_check(struct subscribers *, bool changed);

void subscribers_metrics_put(struct metrics *, const struct service *,
    const struct subscribers *, const struct feed *);

#endif
