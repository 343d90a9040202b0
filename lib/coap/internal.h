/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_INTERNAL_H
#define MFX_COAP_INTERNAL_H

#include <coap3/coap.h>

#include "bus/subscriptions.h"
#include "coap/asked.h"
#include "coap/exchange.h"
#include "coap/note.h"
#include "coap/share.h"
#include "coap/server.h"
#include "net/certificate.h"
#include "net/tls.h"

/*
 * What the files of this folder share.  In their order, where each may call
 * those before it: answers (reply.c), who is at the other end (peer.c), blocks
 * (block.c, transfer.c), who gets notifications (observer.c), POST (publish.c),
 * GET (recall.c, subscribe.c), what libcoap calls (context.c), listening
 * (endpoint.c), and the server (server.c).  peer.c calls back to end what a
 * peer has.
 *
 * libcoap does packets, retransmission, TCP and (D)TLS.  Not left to it:
 * Observe, which would merge notifications; blocks, of which it would
 * collect any number for anybody; recognizing what comes again; and when
 * an answer leaves.
 */
/* what a message may have beside its body */
#define MESSAGE_OPTIONS 8192
#define ID_BYTES 36

struct observer;
struct transfer;

/* what is not confirmable and may be reset, of one session */
#define SENT_MAX 64

/* Somebody at the other end of a session: made for those of TCP and (D)TLS
 * when they come, and for others when there is something to remember. */
struct peer {
	struct coap_server *server;
	coap_session_t *session;
	struct peer *prev, *next;
	unsigned holds;		/* reasons to keep the session */
	bool stream;		/* TCP or TLS: nothing gets lost */
	bool counted;		/* against max_sessions */
	bool closing;		/* to be disconnected after this turn */
	bool ended;		/* its session has: peers_end() is due … */
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

	struct observer *observers;
	unsigned n_observers;
	struct transfer *transfers;
	struct share *network;	/* its address's, if it is counted */

	struct sent {
		uint16_t mid;
		uint8_t token_n;	/* 0xff: nothing */
		uint8_t token[8];
	} *sent;		/* a ring of the last notifications */
	unsigned n_sent;

	/* confirmable notifications: see observer.c */
	unsigned unconfirmed;
	size_t unconfirmed_bytes;
	struct share *charged;	/* whose those are; NULL: none */
	bool asked;		/* for a sign of life */
	coap_mid_t asked_mid;
	int64_t asked_at, answered_at;
	unsigned asked_n;	/* what that will confirm */
	size_t asked_bytes;
	int64_t heard_at;
};

/* an answer that waits for what is in the queue */
struct waiting {
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
	struct exchanges exchanges;
	struct peer *peers;
	size_t n_waiting;	/* answers that wait for the queue, */
	size_t n_pongs;		/* and of these, what are Pongs */
	struct shares shares;
	size_t transfer_bytes;
	uint64_t serial;
	uint64_t etag;
	int64_t now;		/* monotonic ns, of this turn */
	int64_t swept;
	bool closing;		/* some peer is */
	bool ending;		/* some peer has ended, or is unanswered */
	bool releasing;		/* some peer is released */
	bool impatient;		/* somebody is to be asked soon */
	bool stopping;
	char *psk;		/* locked; what the last handshake used */
	coap_bin_const_t psk_key;
	struct asked asked;
	struct pack pack;
	struct notes notes;
	struct buf text, bytes, subtopic;
	struct recall *recalls;	/* history that is being read */
	unsigned n_recalls;
	bool fetched;		/* somebody has all of a large notification */
};

struct coap_server *server_of(const coap_session_t *);

/*
 * What a handler answers.  `why` is static and goes out as the diagnostic;
 * `data` is borrowed until reply_put.  libcoap takes options in the order
 * of their numbers only, so they are gathered here.
 */
enum {
	HAS_ETAG = 1, HAS_OBSERVE = 2, HAS_FORMAT = 4, HAS_BLOCK2 = 8,
	HAS_BLOCK1 = 16, HAS_SIZE2 = 32, HAS_SIZE1 = 64, HAS_MAX_AGE = 128
};

struct reply {
	coap_pdu_code_t code;
	const char *why;
	unsigned has;
	uint64_t etag;
	uint32_t observe, format, max_age, block2, block1, size2, size1;
	struct str data;
};

void reply_put(coap_pdu_t *, const struct reply *);
/* does No-Response ask not to be told of this one? (RFC 7967 2) */
bool reply_unwanted(unsigned no_response, unsigned code);
/* as reply_put, unless the request says that it wants no such answer */
void reply_answer(const struct asked *, coap_pdu_t *, const struct reply *);
/* no answer now: it comes later, or never */
void reply_later(coap_pdu_t *);
void reply_count(struct coap_server *, coap_session_t *, const struct asked *,
    unsigned code, const char *thing, const char *why, size_t bytes,
    int64_t began);

void publish(struct coap_server *, coap_session_t *, const coap_pdu_t *,
    coap_pdu_t *answer);
/* marked_custody(), when all that has come before has been answered; false:
 * too many wait for that */
bool publish_pong(struct coap_server *, coap_session_t *);
void subscribe(struct coap_server *, coap_session_t *, const coap_pdu_t *,
    coap_pdu_t *answer);

/* ---- /.well-known/core: discover.c ---- */

void discover(coap_resource_t *, coap_session_t *, const coap_pdu_t *,
    const coap_string_t *query, coap_pdu_t *answer);

/* ---- history: recall.c ---- */

/* code 0: the answer comes later */
struct reply recall(struct coap_server *, coap_session_t *, coap_mid_t,
    const char *thing);
/* a step of one */
void recalls_go_on(struct coap_server *);
void recalls_end(struct peer *);

/* ---- blocks ---- */

/* the block that was asked for, as an answer of 2.05 */
struct reply block_reply(const coap_session_t *, const struct asked_block *,
    struct str whole, uint64_t etag, int format);
/* the value of the option */
uint32_t block_value(const struct asked_block *);

/* ---- what the screen has marked: marked.c ---- */

void marked(struct coap_server *, coap_session_t *, const coap_pdu_t *,
    coap_pdu_t *answer);
/* the Pong that has waited */
void marked_custody(const struct waiting *, bool done);
/* those that have sent a Release, after all was answered */
void peers_close_released(struct coap_server *);

/* ---- listeners: listener.c ---- */

void listeners_serve(struct coap_server *);
void listeners_close(struct coap_server *);
int context_open(struct coap_server *, enum coap_security, struct fault *);

/* ---- peers ---- */

struct peer *peer_of(const coap_session_t *);	/* NULL: none yet */
struct peer *peer_get(struct coap_server *, coap_session_t *);
void peer_free(struct peer *);
void peer_hold(struct peer *);
/* what its network has; to be put */
struct share *peer_network(const struct peer *);
/* so much of what was on its way has come */
void peer_confirmed(struct peer *, unsigned n, size_t bytes);
void peer_release(struct peer *);
/*
 * What is sent goes through here: coap_send() on a session that has ended
 * would have libcoap connect to the client.  The PDU is libcoap's afterwards.
 *
 * libcoap may find while it sends that the session has come to its end, and
 * calls back within the call, when somebody goes through what the peer has.
 * So these two only mark the peer: what it has is freed by peers_end(), which
 * nothing but a turn of the loop calls.
 */
void peer_send(coap_session_t *, coap_pdu_t *);
bool peer_session_ended(const coap_session_t *);
void peer_ended(struct peer *);
/* a confirmable message was not acknowledged: nobody observes any more */
void peer_unanswered(struct peer *);
void peers_end(struct coap_server *);
void peer_close(struct peer *);
void peers_close_due(struct coap_server *);
void peers_sweep(struct coap_server *);

/*
 * Which thing sends this, and may it use the channel so (access.h)?  By the
 * handshake of its session, by a key, or both (principal.h).  `thing` gets its
 * id with ACCESS_YES; *why is for a log.
 */
enum access_result session_may(struct coap_server *, coap_session_t *,
    struct str key, struct str channel, unsigned use,
    char thing[ID_TEXT + 1], const char **why);
/* 5.03 or 4.03 */
struct reply peer_refusal(enum access_result);
/* does the key or certificate still belong to the same, enabled thing? */
bool peer_still_valid(struct peer *);
/* would its certificate still be accepted, with the files as they are? */
bool peer_certificate_valid(const struct peer *);

/* ---- observers ---- */

struct reply observer_add(struct coap_server *, coap_session_t *,
    const struct asked *, struct str filter, const char *thing);
void observer_cancel(struct peer *, struct str token);
/* a notification that was not confirmable has been reset */
void observer_reset(struct peer *, coap_mid_t);
/* with a last notification that says why; NULL: without */
void observers_end(struct peer *, const struct reply *);
void observers_review(struct peer *);
/* the large notification that the rest of is asked for; p NULL: none */
struct str observer_large(struct peer *, uint64_t about, uint64_t *etag,
    int *format, struct observer **);
/* all of it has been fetched */
void observer_large_done(struct observer *);
/* those who may get the next one */
void observers_go_on(struct coap_server *);
void observers_sweep(struct peer *);
/* a sign of life came */
void peer_heard(struct peer *);
/* asks for one, when it is time */
void peer_ask(struct peer *, bool now);

#endif
