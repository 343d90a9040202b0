/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_STATION_H
#define MFX_COAP_STATION_H

#include "adapter/publish_queue.h"
#include "base/address.h"
#include "base/stamp.h"
#include "bus/feed.h"
#include "registry/access.h"

/*
 * A CoAP server for things (RFC 7252, 7641, 7959, 8323) within the
 * program's own loop, one thread, on libcoap:
 *
 *	station_open(&s, &options, &fault);
 *	station_listen(s, STATION_PLAIN, "127.0.0.1:5683", &fault);
 *	for (;;) {
 *		wait for station_fd(s), station_timeout(s)
 *		if (access_refresh(access))
 *			station_review(s);
 *		station_run(s);
 *		while (feed_next(&feed, &d))
 *			station_deliver(s, &d);
 *		publish_queue_turn(&queue)	calls station_answer
 *	}
 *
 * POST /channels/<id>/messages[/<subtopic>] puts a line into the queue,
 * and its answer waits for station_answer.  GET with Observe 0 there makes
 * an observer, who gets what station_deliver is given; GET with ?from= the
 * last messages of a stream.
 */
struct station;

enum station_kind {
	STATION_PLAIN,		/* no TLS */
	STATION_PSK,		/* a thing's id and its key */
	STATION_TLS,		/* certificates */
	STATION_KINDS
};

/* one request that has been answered */
struct station_done {
	unsigned status;	/* 204 is 2.04 */
	unsigned method;	/* CoAP's code */
	struct str channel;
	const char *thing;	/* its id; "" when nobody is known */
	const char *why;	/* of a refusal, for a log; or NULL */
	const struct address *client;	/* NULL: not known any more */
	size_t bytes;		/* of its body */
	int64_t ns;		/* it took */
};

struct station_options {
	struct access *access;
	struct bus *bus;		/* of `history` */
	struct publish_queue *queue;
	const struct feed *feed;
	struct budget *budget;		/* of all that waits */
	size_t max_body;		/* longer ones are 4.13 */
	int64_t timeout;		/* ends a session without a byte, if
					 * it observes nothing */
	unsigned max_sessions;		/* of TCP and of (D)TLS, together */
	unsigned max_per_address;	/* of them of one network, which is
					 * a /64 of IPv6 */
	unsigned max_observers;
	unsigned max_observers_per_thing;
	unsigned max_observers_per_address;
	unsigned retries;		/* of a confirmable notification */
	int64_t ping;			/* an observer that gets nothing is
					 * asked for a sign so often */
	const char *history;		/* what ?from= reads; or NULL */
	const char *cert, *key, *ca, *crl;	/* STATION_TLS, PEM files */
	/* for logs and counters; may be NULL */
	void (*done)(const struct station_done *, void *arg);
	void *arg;
};

struct station_counts {
	unsigned sessions;	/* of TCP and (D)TLS */
	unsigned observers;
	uint64_t repeated;	/* requests that had come before */
	struct passed passed;	/* lines of the past that were not given */
	uint64_t notifications;	/* given to the network */
	uint64_t overflowed;	/* observers ended as too slow */
	uint64_t reaped;	/* observers that did not answer */
	uint64_t pings;		/* observers asked for a sign of life */
};

int station_open(struct station **, const struct station_options *,
    struct fault *);
void station_close(struct station *);

/* serves an address over UDP and TCP, or DTLS and TLS */
int station_listen(struct station *, enum station_kind, const char *address,
    struct fault *);
/* serves a socket that is bound, and listens if it is not of datagrams;
 * closed by the station, also on failure */
int station_adopt(struct station *, enum station_kind, int fd,
    bool datagram, struct fault *);
/* the i-th socket served, for listen_print; -1 after the last */
int station_socket(const struct station *, int i);

/* readable when there is something to do */
int station_fd(const struct station *);
/* milliseconds after which there is something to do anyway */
int station_timeout(const struct station *);

void station_run(struct station *);
/* publish_queue_options.answer */
void station_answer(struct station *, void *owner, bool written);
void station_deliver(struct station *, const struct delivery *);
/* the registry has changed: sessions that lost their rights are ended */
void station_review(struct station *);
/*
 * The files of STATION_TLS have changed: handshakes that begin after this have
 * the new ones, and sessions live on, but those whose certificate has been
 * revoked.  -1: nothing has changed, and why.
 */
int station_reload(struct station *, struct fault *);
/* nothing new is taken: observers are told */
void station_stop(struct station *);
/* has all been answered? */
bool station_idle(const struct station *);

const struct station_counts *station_counts(const struct station *);

#endif
