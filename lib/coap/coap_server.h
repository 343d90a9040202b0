/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_COAP_SERVER_H
#define MFX_COAP_COAP_SERVER_H

#include "adapter/publish_queue.h"
#include "base/address.h"
#include "base/stamp.h"
#include "bus/feed.h"
#include "registry/access.h"

/*
 * A CoAP server for things (RFC 7252, 7641, 7959, 8323) within the
 * program's own loop, one thread, on libcoap:
 *
 *	coap_server_open(&s, &options, &fault);
 *	coap_server_listen(s, COAP_NOSEC, "127.0.0.1:5683", &fault);
 *	for (;;) {
 *		wait for coap_server_fd(s), coap_server_timeout(s)
 *		if (access_refresh(access))
 *			coap_server_review(s);
 *		coap_server_run(s);
 *		while (feed_next(&feed, &d))
 *			coap_server_deliver(s, &d);
 *		publish_queue_turn(&queue)	calls coap_server_answer
 *	}
 *
 * POST /channels/<id>/messages[/<subtopic>] puts a line into the queue, and is
 * answered by coap_server_answer.  GET with Observe 0 registers an observer,
 * which gets what coap_server_deliver is given; GET with ?from= returns the
 * last messages of a stream.  With bootstrap_attempts, GET
 * /things/bootstrap/<external id> gives a device its configuration.
 */
struct coap_server;

enum coap_security {
	COAP_NOSEC,		/* no TLS */
	COAP_PSK,		/* a thing's id and its key */
	COAP_CERTIFICATES,		/* certificates */
	COAP_SECURITIES
};

/* one request that has been answered */
struct coap_answered {
	unsigned status;	/* 204 is 2.04 */
	unsigned method;	/* CoAP's code */
	struct str channel;
	const char *thing;	/* its id; "" if it is not known */
	const char *why;	/* of a refusal, for a log; or NULL */
	const struct address *client;	/* NULL: not known any more */
	size_t bytes;		/* of its body */
	int64_t ns;		/* it took */
};

struct coap_server_options {
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
	int64_t ping;			/* a silent observer is pinged at this
					 * interval */
	const char *history;		/* what ?from= reads; or NULL */
	unsigned bootstrap_attempts;	/* of devices that fail, a minute; 0:
					 * it gives no configurations */
	const char *cert, *key, *ca, *crl;	/* PEM, COAP_CERTIFICATES */
	/* for logs and counters; may be NULL */
	void (*done)(const struct coap_answered *, void *arg);
	void *arg;
};

struct coap_counts {
	unsigned sessions;	/* of TCP and (D)TLS */
	unsigned observers;
	uint64_t repeated;	/* duplicate requests */
	struct passed passed;	/* lines of history that were skipped */
	uint64_t notifications;	/* given to the network */
	uint64_t overflowed;	/* observers ended as too slow */
	uint64_t reaped;	/* observers that did not answer */
	uint64_t pings;		/* sent to observers */
};

int coap_server_open(struct coap_server **, const struct coap_server_options *,
    struct fault *);
void coap_server_close(struct coap_server *);

/* serves an address over UDP and TCP, or DTLS and TLS */
int coap_server_listen(struct coap_server *, enum coap_security, const char
    *address, struct fault *);
/* serves a socket that is bound, and listens if it is not of datagrams;
 * closed by the server, also on failure */
int coap_server_adopt(struct coap_server *, enum coap_security, int fd,
    bool datagram, struct fault *);
/* the i-th socket that is served, for listen_print; -1 after the last */
int coap_server_socket(const struct coap_server *, int i);

/* readable when coap_server_run has something to do */
int coap_server_fd(const struct coap_server *);
/* milliseconds after which to call coap_server_run in any case */
int coap_server_timeout(const struct coap_server *);

void coap_server_run(struct coap_server *);
/* something that no client was told of, once: true */
bool coap_server_fault(struct coap_server *, struct fault *);
/* publish_queue_options.answer */
void coap_server_answer(struct coap_server *, void *owner, bool written);
void coap_server_deliver(struct coap_server *, const struct delivery *);
/* the registry has changed: sessions that lost their rights are ended */
void coap_server_review(struct coap_server *);
/*
 * The files of COAP_CERTIFICATES have changed: handshakes that begin after this
 * have the new ones, and sessions live on, but those whose certificate has been
 * revoked.  -1: nothing has changed, and why.
 */
int coap_server_reload(struct coap_server *, struct fault *);
/* accepts nothing new, and tells all observers */
void coap_server_stop(struct coap_server *);
/* have all requests been answered? */
bool coap_server_idle(const struct coap_server *);

const struct coap_counts *coap_server_counts(const struct coap_server *);

#endif
