/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_INTERNAL_H
#define MFX_COAP_INTERNAL_H

#include <coap3/coap.h>

#include "bus/subscriptions.h"
#include "coap/request.h"
#include "coap/dedup.h"
#include "coap/payload.h"
#include "coap/usage.h"
#include "coap/coap_server.h"
#include "net/certificate.h"
#include "net/tls.h"

/*
 * What the files of this folder share.  In their order, where each may call
 * those before it: responses (response.c), sessions (session.c), their
 * connections (connection.c), blocks
 * (block.c, block_transfer.c), observers and their notifications (observer.c),
 * POST (publish.c), GET (history_request.c, subscribe.c), libcoap's callbacks
 * (context.c), listeners (listener.c) and the server (server.c).  session.c
 * calls back to end what a session has.
 *
 * libcoap does packets, retransmission, TCP and (D)TLS.  It does not do
 * Observe, of which it would merge notifications; blocks, of which it would
 * collect any number for anybody; deduplication; and it does not decide when an
 * answer is sent.
 */
/* what a message may have beside its body */
#define MESSAGE_OPTIONS 8192
#define ID_BYTES 36

struct observer;
struct block_transfer;
struct coap_bootstrap;

/* what is not confirmable and may be reset, of one session */
#define SENT_MAX 64

/* What is kept with a session of libcoap's: made for those of TCP and (D)TLS
 * when they are accepted, and for others when there is something to keep. */
struct coap_session {
	struct coap_server *server;
	coap_session_t *coap;
	struct coap_session *prev, *next;
	unsigned holds;		/* reasons to keep the session */
	bool stream;		/* TCP or TLS: nothing gets lost */
	bool counted;		/* against max_sessions */
	bool closing;		/* to be disconnected after this turn */
	bool ended;		/* its session has: sessions_end() is due … */
	bool unanswered;	/* … or a confirmable message was given up */
	bool released;		/* or when all is answered */
	uint64_t serial;	/* this session and no other, ever */

	/* who, by the handshake */
	enum coap_security kind;
	bool known;		/* these are filled */
	char thing[ID_BYTES + 1];	/* "": nobody */
	bool has_proof;		/* it was by a key … */
	struct access_proof proof;	/* … which this is */
	struct certificate_id certificate;	/* that it has shown */
	const char *refused;	/* why it is no thing; or NULL */
	unsigned attempts;	/* that it has counted as, which are given back
				 * when the key was right */

	struct observer *observers;
	unsigned n_observers;
	struct block_transfer *transfers;
	struct usage *network;	/* its address's, if it is counted */

	/* of TCP or TLS: see connection.c */
	struct interpose_stream *connection;
	size_t partial;		/* bytes of a message that is not whole */
	bool unfinished;	/* such a message has been seen, … */
	unsigned message;	/* … which is this one … */
	int64_t message_at;	/* … since then */
	int64_t opened;
	bool pong_waits;
	size_t unsent;		/* bytes of answers that are not read */
	uint64_t sent_bytes;	/* that much had been sent at sent_at */
	int64_t sent_at;

	struct sent {
		uint16_t mid;
		uint8_t token_n;	/* 0xff: nothing */
		uint8_t token[8];
	} *sent;		/* a ring of the last notifications */
	unsigned n_sent;

	/* confirmable notifications: see observer.c */
	unsigned unconfirmed;
	size_t unconfirmed_bytes;
	struct usage *charged;	/* whose those are; NULL: none */
	bool ping_pending;	/* a ping has not been answered */
	coap_mid_t ping_mid;
	int64_t ping_at, pong_at;
	unsigned ping_confirms;	/* what that will confirm */
	size_t ping_confirms_bytes;
	int64_t heard_at;
};

/* an answer that waits for what is in the queue */
struct pending_response {
	struct coap_server *server;
	coap_session_t *session;
	bool pong;		/* of a Ping with Custody, and no more */
	coap_mid_t mid;
	coap_pdu_type_t type;
	uint8_t token[8];
	uint8_t token_n;
	uint32_t block1;	/* the option's value … */
	bool has_block1;	/* … when there is one */
	uint8_t no_response;	/* RFC 7967 */
	uint64_t tag;		/* of its exchange; 0: none */
	size_t bytes;
	int64_t began;
	char thing[ID_BYTES + 1];
};

struct listener;

struct coap_server {
	struct coap_server_options o;
	struct coap_counts counts;
	coap_context_t *contexts[COAP_SECURITIES];
	struct tls *tls;	/* certificates; NULL: none */
	struct listener *listeners;
	bool batches;		/* epoll_batch.h: its events come in batches */
	int epoll_fd;
	struct subscriptions subscriptions;
	struct dedup dedup;
	struct coap_session *sessions;
	size_t n_pending;	/* answers that wait for the queue, */
	size_t n_pongs;		/* and of these, what are Pongs */
	struct usages usages;
	size_t transfer_bytes;
	uint64_t serial;
	uint64_t etag;
	int64_t now;		/* monotonic ns, of this turn */
	int64_t swept;
	bool closing;		/* some session is */
	bool ending;		/* some session has ended, or is unanswered */
	bool releasing;		/* some session is released */
	bool ping_due;		/* some session is to be pinged soon */
	bool stopping;
	char *psk;		/* locked; what the last handshake used */
	coap_bin_const_t psk_key;
	struct coap_request request;
	struct pack pack;
	struct encodings encodings;
	struct buf text, bytes, subtopic;
	struct history_request *history_requests;
	unsigned n_history_requests;
	struct coap_bootstrap *bootstrap;	/* NULL: it serves none */
	bool go_on;		/* somebody has all of a large notification, or
				 * reads again */
};

struct coap_server *server_of(const coap_session_t *);

/*
 * What a handler answers.  `why` is static and goes out as the diagnostic;
 * `data` is borrowed until response_put.  libcoap takes options in the order
 * of their numbers only, so they are gathered here.
 */
enum {
	HAS_ETAG = 1, HAS_OBSERVE = 2, HAS_FORMAT = 4, HAS_BLOCK2 = 8,
	HAS_BLOCK1 = 16, HAS_SIZE2 = 32, HAS_SIZE1 = 64, HAS_MAX_AGE = 128
};

struct response {
	coap_pdu_code_t code;
	const char *why;
	unsigned has;
	uint64_t etag;
	uint32_t observe, format, max_age, block2, block1, size2, size1;
	struct str data;
};

void response_put(coap_pdu_t *, const struct response *);
/* does No-Response ask not to be told of this one? (RFC 7967 2) */
bool response_suppressed(unsigned no_response, unsigned code);
/* as response_put, unless the request says that it wants no such answer */
void response_fill(const struct coap_request *, coap_pdu_t *,
    const struct response *);
/* no answer now: it comes later, or never */
void response_defer(coap_pdu_t *);
void response_count(struct coap_server *, coap_session_t *,
    const struct coap_request *, unsigned code, const char *thing,
    const char *why, size_t bytes, int64_t began);

void publish(struct coap_server *, coap_session_t *, const coap_pdu_t *,
    coap_pdu_t *answer);
/* Answers a Ping with Custody when all that came before it has been answered;
 * false: too many wait for that. */
bool publish_pong(struct coap_server *, coap_session_t *);
void subscribe(struct coap_server *, coap_session_t *, const coap_pdu_t *,
    coap_pdu_t *answer);

/* ---- configurations of devices: coap_bootstrap.c ---- */

int coap_bootstrap_open(struct coap_bootstrap **, struct fault *);
void coap_bootstrap_close(struct coap_bootstrap *);	/* NULL is fine */
void coap_bootstrap_answer(struct coap_server *, coap_session_t *,
    const coap_pdu_t *, coap_pdu_t *answer);
/* the pre-shared key of a device by its external id, or one that nobody has, as
 * after too many attempts: its handshake is one until it has come to its end.
 * False: this identity has none.  `key` has room for THING_KEY_MAX. */
bool coap_bootstrap_key(struct coap_server *, coap_session_t *, struct str id,
    char *key, size_t *n);
void coap_bootstrap_connected(struct coap_session *);

/* ---- /.well-known/core: discover.c ---- */

void discover(coap_resource_t *, coap_session_t *, const coap_pdu_t *,
    const coap_string_t *query, coap_pdu_t *answer);

/* ---- history: history_request.c ---- */

/* code 0: the answer comes later */
struct response history_request(struct coap_server *, coap_session_t *,
    coap_mid_t, const char *thing);
/* a step of one */
void history_requests_step(struct coap_server *);
void history_requests_end(struct coap_session *);

/* ---- blocks ---- */

/* the block that was asked for, as an answer of 2.05 */
struct response block_response(const coap_session_t *,
    const struct block_option *, struct str whole, uint64_t etag, int format);
/* the value of the option */
uint32_t block_value(const struct block_option *);

/* ---- directives of sanitize.c: directive.c ---- */

void directive_follow(struct coap_server *, coap_session_t *,
    const coap_pdu_t *, coap_pdu_t *answer);
/* the Pong that has waited */
void directive_custody_pong(const struct pending_response *, bool done);
/* those that have sent a Release, after all was answered */
void sessions_disconnect_released(struct coap_server *);

/* ---- listeners: listener.c ---- */

void listeners_serve(struct coap_server *);
void listeners_close(struct coap_server *);
int context_open(struct coap_server *, enum coap_security, struct fault *);

/* ---- sessions ---- */

/* NULL: nothing is kept with it yet */
struct coap_session *session_of(const coap_session_t *);
struct coap_session *session_get(struct coap_server *, coap_session_t *);
void session_free(struct coap_session *);
void session_hold(struct coap_session *);
/* what its network has; to be put */
struct usage *session_network(const struct coap_session *);
/* this much of what was sent has arrived */
void session_confirmed(struct coap_session *, unsigned n, size_t bytes);
void session_release(struct coap_session *);
/*
 * All that is sent goes through session_send_pdu(): coap_send() on a session
 * that has ended makes libcoap connect to the client.  It takes the PDU.
 *
 * libcoap may find while it sends that a session has ended, and calls back
 * within that call, while the caller iterates over what the session has.  So
 * session_ended() and session_unanswered() only mark the session.
 * sessions_end(), which only a turn of the loop calls, frees.
 */
void session_send_pdu(coap_session_t *, coap_pdu_t *);
bool session_has_ended(const coap_session_t *);
void session_ended(struct coap_session *);
/* a confirmable message was not acknowledged: its observers are ended */
void session_unanswered(struct coap_session *);
void sessions_end(struct coap_server *);
void session_disconnect(struct coap_session *);
void sessions_disconnect_due(struct coap_server *);
void sessions_sweep(struct coap_server *);

/*
 * Which thing sends this, and may it use the channel so (access.h)?  By the
 * handshake of its session, by a key, or both (principal.h).  `thing` gets its
 * id with ACCESS_YES; *why is for a log.
 */
enum access_result session_may(struct coap_server *, coap_session_t *,
    struct str key, struct str channel, unsigned use,
    char thing[ID_TEXT + 1], const char **why);
/* 5.03 or 4.03 */
struct response session_refusal(enum access_result);
/* does the key or certificate still belong to the same, enabled thing? */
bool session_still_valid(struct coap_session *);
/* would its certificate still be accepted, with the files as they are? */
bool session_certificate_valid(const struct coap_session *);

/* ---- their connections: connection.c ---- */

/* libcoap has just accepted it; its network is known */
void connection_open(struct coap_session *);
void connection_close(struct coap_session *);
/* ends those that are too slow */
void connection_sweep(struct coap_session *);
/* does libcoap keep what it could not send?  NULL: no */
bool connection_blocked(const struct coap_session *);
/* one more answer is sent; NULL is fine */
void connection_charge(struct coap_session *, const coap_pdu_t *answer);
void connection_pong(struct coap_session *);
/* those whose clients read again go on */
void connections_unblocked(struct coap_server *);

/* ---- observers ---- */

struct response observer_add(struct coap_server *, coap_session_t *,
    const struct coap_request *, struct str filter, const char *thing);
void observer_cancel(struct coap_session *, struct str token);
/* a notification that was not confirmable has been reset */
void observer_reset(struct coap_session *, coap_mid_t);
/* with a last notification that says why; NULL: without */
void observers_end(struct coap_session *, const struct response *);
void observers_review(struct coap_session *);
/* the large notification that the rest of is asked for; p NULL: none */
struct str observer_large(struct coap_session *, uint64_t key, uint64_t *etag,
    int *format, struct observer **);
/* all of it has been fetched */
void observer_large_done(struct observer *);
/* those who may get the next one */
void observers_go_on(struct coap_server *);
void observers_sweep(struct coap_session *);
/* a sign of life came */
void session_alive(struct coap_session *);
/* asks for one, when it is time */
void session_ping(struct coap_session *, bool now);

#endif
