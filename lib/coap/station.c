/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "coap/format.h"
#include "coap/inside.h"
#include "coap/repeat.h"
#include "net/tls.h"
#include "registry/keyring.h"

/* sessions of plain UDP, which hold nothing, that libcoap looks through for
 * each packet of a new one */
#define UDP_SESSIONS 1024
#define HANDSHAKES 256
#define HISTORY_MAX ((size_t)256 * 1024)
/* when to come again after 5.03 (RFC 7252 5.9.3.4) */
#define RETRY_SECONDS 5

int64_t
station_clock(void)
{
	return clock_ns();
}

struct station *
station_of(const coap_session_t *s)
{
	return coap_get_app_data(coap_session_get_context(s));
}

/* ---- answers ---- */

static void
put_option(coap_pdu_t *pdu, const struct reply *r, unsigned which,
    coap_option_num_t option, uint64_t value)
{
	uint8_t bytes[8];

	if (r->has & which)
		coap_add_option(pdu, option, coap_encode_var_safe8(bytes,
		    sizeof bytes, value), bytes);
}

void
reply_put(coap_pdu_t *pdu, const struct reply *r)
{
	struct str data = r->why != NULL ? str_z(r->why) : r->data;
	struct reply again = *r;

	again.max_age = RETRY_SECONDS;
	coap_pdu_set_code(pdu, r->code);
	if (r->code == COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE)
		again.has |= HAS_MAX_AGE;
	r = &again;
	put_option(pdu, r, HAS_ETAG, COAP_OPTION_ETAG, r->etag);
	put_option(pdu, r, HAS_OBSERVE, COAP_OPTION_OBSERVE, r->observe);
	put_option(pdu, r, HAS_FORMAT, COAP_OPTION_CONTENT_FORMAT, r->format);
	put_option(pdu, r, HAS_MAX_AGE, COAP_OPTION_MAXAGE, r->max_age);
	put_option(pdu, r, HAS_BLOCK2, COAP_OPTION_BLOCK2, r->block2);
	put_option(pdu, r, HAS_BLOCK1, COAP_OPTION_BLOCK1, r->block1);
	put_option(pdu, r, HAS_SIZE2, COAP_OPTION_SIZE2, r->size2);
	put_option(pdu, r, HAS_SIZE1, COAP_OPTION_SIZE1, r->size1);
	if (data.n > 0)
		coap_add_data(pdu, data.n, (const uint8_t *)data.p);
}

/* libcoap drops an empty answer that is none to a confirmable request. */
void
reply_later(coap_pdu_t *pdu)
{
	coap_pdu_set_type(pdu, COAP_MESSAGE_NON);
	coap_pdu_set_code(pdu, COAP_EMPTY_CODE);
}

bool
reply_unwanted(unsigned no_response, unsigned code)
{
	/* 2.31 is needed for the next block */
	return code != COAP_RESPONSE_CODE_CONTINUE &&
	    no_response & 1U << (COAP_RESPONSE_CLASS(code) - 1);
}

void
reply_answer(const struct asked *a, coap_pdu_t *pdu, const struct reply *r)
{
	if (!reply_unwanted(a->mark.no_response, r->code)) {
		reply_put(pdu, r);
	} else if (a->confirmable && !a->stream) {
		coap_pdu_set_type(pdu, COAP_MESSAGE_ACK);
		coap_pdu_set_code(pdu, COAP_EMPTY_CODE);
	} else {
		reply_later(pdu);
	}
}

void
reply_count(struct station *st, coap_session_t *s, const struct asked *a,
    unsigned code, const char *thing, const char *why, size_t bytes,
    int64_t began)
{
	const coap_address_t *remote = coap_session_get_addr_remote(s);
	struct address client;
	struct station_done done = {
		.status = COAP_RESPONSE_CLASS(code) * 100 + (code & 31),
		.method = a ? a->method : COAP_REQUEST_CODE_POST,
		.channel = a ? a->channel : STR_NONE, .thing = thing,
		.why = why, .bytes = bytes, .ns = station_clock() - began
	};

	if (remote != NULL && address_of(&client, &remote->addr.sa))
		done.client = &client;
	if (st->o.done != NULL)
		st->o.done(&done, st->o.arg);
}

/* ---- what libcoap calls ---- */

static void
handle(coap_resource_t *resource, coap_session_t *s, const coap_pdu_t *pdu,
    const coap_string_t *query, coap_pdu_t *answer)
{
	struct station *st = station_of(s);
	struct asked *a = &st->asked;
	struct reply r = { .code = COAP_RESPONSE_CODE_NOT_FOUND,
	    .why = "messages are at /channels/<id>/messages[/<subtopic>]" };

	(void)resource;
	(void)query;
	asked_read(a, pdu, COAP_PROTO_RELIABLE(coap_session_get_proto(s)));
	/* libcoap gives it that of the request (RFC 7252 4.4) */
	if (!a->confirmable)
		coap_pdu_set_mid(answer, coap_new_message_id(s));
	if (a->mark.verdict != SCREEN_SERVE) {
		marked(st, s, pdu, answer);
		return;
	}
	if (a->where == ASKED_MESSAGES) {
		if (a->method == COAP_REQUEST_CODE_POST) {
			publish(st, s, pdu, answer);
			return;
		}
		if (a->method == COAP_REQUEST_CODE_GET) {
			subscribe(st, s, pdu, answer);
			return;
		}
		r = (struct reply){ .code = COAP_RESPONSE_CODE_NOT_ALLOWED,
		    .why = "POST publishes, GET observes" };
	} else if (a->where == ASKED_REFUSED) {
		r = (struct reply){ .code = COAP_RESPONSE_CODE_BAD_REQUEST,
		    .why = a->why };
	}
	reply_answer(a, answer, &r);
	reply_count(st, s, a, r.code, "", r.why, a->body.n, station_clock());
}

/* Something that we sent was refused, or nobody has answered it. */
static void
not_delivered(coap_session_t *s, const coap_pdu_t *sent,
    const coap_nack_reason_t reason, const coap_mid_t mid)
{
	struct station *st = station_of(s);
	struct peer *p = peer_of(s);
	coap_bin_const_t token;

	if (p == NULL || reason == COAP_NACK_ICMP_ISSUE)
		return;
	if (reason != COAP_NACK_RST) {
		st->counts.reaped += p->n_observers;
		observers_end(p, NULL);
		peer_confirmed(p, p->unconfirmed, p->unconfirmed_bytes);
		p->asked = false;
		return;
	}
	/* how an empty message is answered: somebody is there */
	if (coap_pdu_get_code(sent) == COAP_EMPTY_CODE) {
		if (mid == p->asked_mid)
			peer_heard(p);
		return;
	}
	token = coap_pdu_get_token(sent);
	observer_cancel(p, (struct str){ (const char *)token.s,
	    token.length });
}

static void
pong(coap_session_t *s, const coap_pdu_t *pdu, const coap_mid_t mid)
{
	struct peer *p = peer_of(s);

	(void)pdu;
	(void)mid;
	if (p != NULL)
		peer_heard(p);
}

/* A connection of TCP, or a handshake of DTLS that has come to its end. */
static void
came(struct station *st, coap_session_t *s)
{
	struct peer *p = peer_get(st, s);

	if (p->counted)
		return;
	p->counted = true;
	p->network = peer_network(p);
	p->network->sessions++;
	st->counts.sessions++;
	if (st->counts.sessions > st->o.max_sessions ||
	    p->network->sessions > st->o.max_per_address)
		peer_close(p);
}

static int
happened(coap_session_t *s, const coap_event_t event)
{
	struct station *st = station_of(s);
	struct peer *p = peer_of(s);

	switch (event) {
	case COAP_EVENT_SERVER_SESSION_NEW:
		if (COAP_PROTO_RELIABLE(coap_session_get_proto(s)))
			came(st, s);
		break;
	case COAP_EVENT_DTLS_CONNECTED:
		came(st, s);
		break;
	case COAP_EVENT_SERVER_SESSION_DEL:
		if (p != NULL)
			peer_free(p);
		break;
	case COAP_EVENT_DTLS_CLOSED:
	case COAP_EVENT_DTLS_ERROR:
	case COAP_EVENT_TCP_CLOSED:
	case COAP_EVENT_TCP_FAILED:
	case COAP_EVENT_SESSION_CLOSED:
	case COAP_EVENT_SESSION_FAILED:
		if (p != NULL)
			peer_gone(p);
		break;
	default:
		break;
	}
	return 0;
}

/* The key is only here from one handshake to the end of its turn. */
static const coap_bin_const_t *
find_psk(coap_bin_const_t *identity, coap_session_t *s, void *arg)
{
	struct station *st = arg;
	struct str id = { (const char *)identity->s, identity->length };

	(void)s;
	if (access_key(st->o.access, id, st->psk, &st->psk_key.length) !=
	    ACCESS_YES || st->psk_key.length == 0)
		return NULL;
	st->psk_key.s = (const uint8_t *)st->psk;
	return &st->psk_key;
}

/* ---- contexts ---- */

static void
quiet(coap_log_t level, const char *message)
{
	(void)level;
	(void)message;
}

static int
set_psk(struct station *st, coap_context_t *c, struct fault *fault)
{
	coap_dtls_spsk_t psk = {
		.version = COAP_DTLS_SPSK_SETUP_VERSION,
		.validate_id_call_back = find_psk, .id_call_back_arg = st,
		/* libcoap does not start without a hint and a key */
		.psk_info = { .hint = { 3, (const uint8_t *)"mfx" } },
	};
	unsigned char unused[32];

	randombytes_buf(unused, sizeof unused);
	psk.psk_info.key = (coap_bin_const_t){ sizeof unused, unused };
	return coap_context_set_psk2(c, &psk) ? 0 :
	    fault_set(fault, EX_SOFTWARE, "libcoap: no pre-shared keys");
}

/* libcoap reads the files at each handshake, as they are then; these are those
 * that were found good. */
static int
lend_certificates(void *ssl, coap_dtls_pki_t *pki)
{
	const struct station *st = pki->cn_call_back_arg;

	return tls_lend(st->tls, ssl);
}

static int
set_certificates(struct station *st, coap_context_t *c, struct fault *fault)
{
	const struct station_options *o = &st->o;
	coap_dtls_pki_t pki = {
		.version = COAP_DTLS_PKI_SETUP_VERSION,
		.verify_peer_cert = o->ca != NULL,
		.cert_chain_validation = 1, .cert_chain_verify_depth = 5,
		.additional_tls_setup_call_back = lend_certificates,
		.cn_call_back_arg = st,
		.pki_key = {
			.key_type = COAP_PKI_KEY_PEM,
			.key.pem = { .public_cert = o->cert,
			    .private_key = o->key },
		},
	};
	struct tls_files files = {
		.cert = o->cert, .key = o->key, .ca = o->ca, .crl = o->crl
	};

	/* libcoap would not say which of the files is wrong, and why */
	if (tls_open(&st->tls, &files, fault) < 0)
		return -1;
	if (!coap_context_set_pki(c, &pki) || (o->ca != NULL &&
	    !coap_context_set_pki_root_cas(c, o->ca, NULL)))
		return fault_set(fault, EX_CONFIG, "%s: libcoap refuses it",
		    o->cert);
	return 0;
}

/* `channels` is there to be found in /.well-known/core; what is under it
 * has no names that one could list. */
static void
add_resources(coap_context_t *c)
{
	static const coap_request_t methods[] = {
		COAP_REQUEST_GET, COAP_REQUEST_POST, COAP_REQUEST_PUT,
		COAP_REQUEST_DELETE, COAP_REQUEST_FETCH, COAP_REQUEST_PATCH,
		COAP_REQUEST_IPATCH
	};
	coap_resource_t *all = coap_resource_unknown_init(handle), *channels;
	coap_resource_t *core;
	size_t i;

	for (i = 0; i < sizeof methods / sizeof *methods; i++)
		coap_register_request_handler(all, methods[i], handle);
	coap_add_resource(c, all);
	channels = coap_resource_init(coap_make_str_const("channels"), 0);
	for (i = 0; i < sizeof methods / sizeof *methods; i++)
		coap_register_request_handler(channels, methods[i], handle);
	coap_add_attr(channels, coap_make_str_const("rt"),
	    coap_make_str_const("\"mfx.channels\""), 0);
	coap_add_attr(channels, coap_make_str_const("title"),
	    coap_make_str_const("\"channels/<id>/messages[/<subtopic>]\""),
	    0);
	coap_add_attr(channels, coap_make_str_const("ct"),
	    coap_make_str_const("\"110 112 310 50 60 0 42\""), 0);
	coap_add_resource(c, channels);
	core = coap_resource_init(coap_make_str_const(".well-known/core"), 0);
	coap_register_request_handler(core, COAP_REQUEST_GET, discover);
	coap_add_resource(c, core);
}

static void
set_limits(const struct station *st, coap_context_t *c,
    enum station_kind kind)
{
	coap_context_set_max_idle_sessions(c, kind == STATION_PLAIN ?
	    UDP_SESSIONS : st->o.max_sessions);
	coap_context_set_session_timeout(c, (unsigned)(st->o.timeout /
	    STAMP_SECOND));
	coap_context_set_max_handshake_sessions(c, HANDSHAKES);
	coap_context_set_csm_max_message_size(c,
	    (uint32_t)st->o.max_body + MESSAGE_OPTIONS);
}

int
context_open(struct station *st, enum station_kind kind,
    struct fault *fault)
{
	struct epoll_event e = { .events = EPOLLIN };
	coap_context_t *c;

	if (st->contexts[kind] != NULL)
		return 0;
	if ((c = coap_new_context(NULL)) == NULL)
		return fault_set(fault, EX_OSERR, "libcoap does not start");
	coap_set_app_data(c, st);
	if (coap_context_get_coap_fd(c) < 0 ||
	    (kind == STATION_PSK && set_psk(st, c, fault) < 0) ||
	    (kind == STATION_TLS && set_certificates(st, c, fault) < 0)) {
		coap_free_context(c);
		return -1;
	}
	st->contexts[kind] = c;
	set_limits(st, c, kind);
	add_resources(c);
	coap_register_event_handler(c, happened);
	coap_register_nack_handler(c, not_delivered);
	coap_register_pong_handler(c, pong);
	if (epoll_ctl(st->epoll_fd, EPOLL_CTL_ADD,
	    coap_context_get_coap_fd(c), &e) < 0)
		return fault_errno(fault, EX_OSERR, "epoll");
	return 0;
}

int
station_open(struct station **out, const struct station_options *o,
    struct fault *fault)
{
	struct station *st = memory_zero(1, sizeof *st);

	coap_startup();
	coap_set_log_handler(quiet);
	coap_set_log_level(LOG_EMERG);
	coap_dtls_set_log_level(LOG_EMERG);
	st->o = *o;
	st->repeats = repeat_works();
	st->now = st->swept = station_clock();
	st->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	st->psk = sodium_malloc(THING_KEY_MAX);
	randombytes_buf(&st->etag, sizeof st->etag);
	subscriptions_init(&st->subscriptions);
	exchanges_init(&st->exchanges);
	shares_init(&st->shares);
	asked_init(&st->asked);
	pack_init(&st->pack);
	notes_init(&st->notes);
	buf_init(&st->text, HISTORY_MAX);
	buf_init(&st->bytes, HISTORY_MAX);
	buf_init(&st->subtopic, SUBTOPIC_MAX);
	if (st->epoll_fd < 0 || st->psk == NULL) {
		fault_errno(fault, EX_OSERR, "epoll");
		station_close(st);
		return -1;
	}
	*out = st;
	return 0;
}

void
station_close(struct station *st)
{
	int i;

	if (st == NULL)
		return;
	while (st->peers != NULL)
		peer_free(st->peers);
	doors_close(st);
	for (i = 0; i < STATION_KINDS; i++)
		coap_free_context(st->contexts[i]);
	subscriptions_release(&st->subscriptions);
	exchanges_release(&st->exchanges);
	shares_release(&st->shares);
	asked_release(&st->asked);
	pack_release(&st->pack);
	notes_release(&st->notes);
	buf_release(&st->text);
	buf_release(&st->bytes);
	buf_release(&st->subtopic);
	sodium_free(st->psk);
	tls_close(st->tls);
	if (st->epoll_fd >= 0)
		close(st->epoll_fd);
	free(st);
}

/* ---- turns ---- */

int
station_fd(const struct station *st)
{
	return st->epoll_fd;
}

int
station_timeout(const struct station *st)
{
	if (st->recalls != NULL || st->closing)
		return 0;
	return st->impatient ? 50 : 1000;
}

static void
ask_again(struct station *st)
{
	struct peer *p;

	if (!st->impatient)
		return;
	st->impatient = false;
	for (p = st->peers; p != NULL; p = p->next)
		if (p->observers != NULL)
			peer_ask(p, false);
}

/* libcoap frees what was closed when it looks at its sessions. */
static void
close_due(struct station *st)
{
	coap_tick_t now;
	int i;

	if (!st->closing)
		return;
	peers_close_due(st);
	coap_ticks(&now);
	for (i = 0; i < STATION_KINDS; i++)
		if (st->contexts[i] != NULL)
			coap_io_prepare_epoll(st->contexts[i], now);
}

void
station_run(struct station *st)
{
	st->now = station_clock();
	ask_again(st);
	doors_serve(st);
	observers_go_on(st);
	recalls_go_on(st);
	if (st->now - st->swept >= STAMP_SECOND) {
		st->swept = st->now;
		peers_sweep(st);
	}
	if (st->n_waiting == 0)
		peers_close_released(st);
	close_due(st);
	if (st->psk_key.length > 0) {
		sodium_memzero(st->psk, THING_KEY_MAX);
		st->psk_key.length = 0;
	}
}

void
station_review(struct station *st)
{
	static const struct reply gone = {
		.code = COAP_RESPONSE_CODE_UNAUTHORIZED,
		.why = "the key of this session is no longer valid"
	};
	struct peer *p, *next;

	for (p = st->peers; p != NULL; p = next) {
		next = p->next;
		if (peer_still_valid(p)) {
			observers_review(p);
			continue;
		}
		observers_end(p, &gone);
		peer_close(p);
	}
	close_due(st);
}

int
station_reload(struct station *st, struct fault *fault)
{
	static const struct reply revoked = {
		.code = COAP_RESPONSE_CODE_UNAUTHORIZED,
		.why = "the certificate of this session has been revoked"
	};
	struct peer *p, *next;

	if (st->tls == NULL)
		return 0;
	if (tls_reload(st->tls, fault) < 0)
		return -1;
	for (p = st->peers; p != NULL; p = next) {
		next = p->next;
		if (peer_certificate_valid(p))
			continue;
		observers_end(p, &revoked);
		peer_close(p);
	}
	close_due(st);
	return 0;
}

void
station_stop(struct station *st)
{
	static const struct reply stops = {
		.code = COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		.why = "the service stops; observe again"
	};
	struct peer *p;

	st->stopping = true;
	for (p = st->peers; p != NULL; p = p->next)
		observers_end(p, &stops);
}

bool
station_idle(const struct station *st)
{
	return st->n_waiting == 0;
}

const struct station_counts *
station_counts(const struct station *st)
{
	return &st->counts;
}
