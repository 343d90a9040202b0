/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <sys/epoll.h>
#include <sysexits.h>

#include "base/clock.h"
#include "coap/internal.h"
#include "net/tls.h"

/* sessions of plain UDP, which hold nothing, that libcoap looks through for
 * each packet of a new one */
#define UDP_SESSIONS 1024
#define HANDSHAKES 256

/* ---- what libcoap calls ---- */

static void
context_answer(struct coap_server *server, coap_session_t *s,
    const coap_pdu_t *pdu, coap_pdu_t *answer)
{
	struct coap_request *q = &server->request;
	struct response r = { .code = COAP_RESPONSE_CODE_NOT_FOUND,
	    .why = "messages are at /channels/<id>/messages[/<subtopic>]" };

	coap_request_read(q, pdu,
	    COAP_PROTO_RELIABLE(coap_session_get_proto(s)));
	/* libcoap gives it that of the request (RFC 7252 4.4) */
	if (!q->confirmable)
		coap_pdu_set_mid(answer, coap_new_message_id(s));
	if (q->directive.action != DIRECTIVE_SERVE) {
		directive_follow(server, s, pdu, answer);
		return;
	}
	if (q->target == REQUEST_BOOTSTRAP && server->bootstrap != NULL) {
		coap_bootstrap_answer(server, s, pdu, answer);
		return;
	}
	if (q->target == REQUEST_MESSAGES) {
		if (q->method == COAP_REQUEST_CODE_POST) {
			publish(server, s, pdu, answer);
			return;
		}
		if (q->method == COAP_REQUEST_CODE_GET) {
			subscribe(server, s, pdu, answer);
			return;
		}
		r = (struct response){ .code = COAP_RESPONSE_CODE_NOT_ALLOWED,
		    .why = "POST publishes, GET observes" };
	} else if (q->target == REQUEST_REFUSED) {
		r = (struct response){ .code = COAP_RESPONSE_CODE_BAD_REQUEST,
		    .why = q->why };
	}
	response_fill(q, answer, &r);
	response_count(server, s, q, r.code, "", r.why, q->body.n, clock_ns());
}

static void
context_handle(coap_resource_t *resource, coap_session_t *s,
    const coap_pdu_t *pdu, const coap_string_t *query, coap_pdu_t *answer)
{
	(void)resource;
	(void)query;
	/* libcoap still takes what it has read of it */
	if (session_has_ended(s)) {
		response_defer(answer);
		return;
	}
	context_answer(server_of(s), s, pdu, answer);
	connection_charge(session_of(s), answer);
}

/* Something that we sent was refused, or nobody has answered it. */
static void
context_nack(coap_session_t *s, const coap_pdu_t *sent,
    const coap_nack_reason_t reason, const coap_mid_t mid)
{
	struct coap_session *p = session_of(s);
	coap_bin_const_t token;

	if (p == NULL || reason == COAP_NACK_ICMP_ISSUE)
		return;
	if (reason != COAP_NACK_RST) {
		session_unanswered(p);
		return;
	}
	/* how an empty message is answered: somebody is there */
	if (coap_pdu_get_code(sent) == COAP_EMPTY_CODE) {
		if (mid == p->ping_mid)
			session_alive(p);
		return;
	}
	token = coap_pdu_get_token(sent);
	observer_cancel(p, (struct str){ (const char *)token.s,
	    token.length });
}

static void
context_pong(coap_session_t *s, const coap_pdu_t *pdu, const coap_mid_t mid)
{
	struct coap_session *p = session_of(s);

	(void)pdu;
	(void)mid;
	if (p != NULL)
		connection_pong(p);
}

/* A connection of TCP, or a handshake of DTLS that has come to its end. */
static void
context_connected(struct coap_server *server, coap_session_t *s)
{
	struct coap_session *p = session_get(server, s);

	if (p->counted)
		return;
	p->counted = true;
	p->network = session_network(p);
	p->network->sessions++;
	server->counts.sessions++;
	if (p->stream)
		connection_open(p);
	if (server->counts.sessions > server->o.max_sessions ||
	    p->network->sessions > server->o.max_per_address)
		session_disconnect(p);
}

static int
context_event(coap_session_t *s, const coap_event_t event)
{
	struct coap_server *server = server_of(s);
	struct coap_session *p = session_of(s);

	switch (event) {
	case COAP_EVENT_SERVER_SESSION_NEW:
		if (COAP_PROTO_RELIABLE(coap_session_get_proto(s)))
			context_connected(server, s);
		break;
	case COAP_EVENT_DTLS_CONNECTED:
		context_connected(server, s);
		coap_bootstrap_connected(session_of(s));
		break;
	case COAP_EVENT_SERVER_SESSION_DEL:
		if (p != NULL)
			session_free(p);
		break;
	case COAP_EVENT_DTLS_CLOSED:
	case COAP_EVENT_DTLS_ERROR:
	case COAP_EVENT_TCP_CLOSED:
	case COAP_EVENT_TCP_FAILED:
	case COAP_EVENT_SESSION_CLOSED:
	case COAP_EVENT_SESSION_FAILED:
		if (p != NULL)
			session_ended(p);
		break;
	default:
		break;
	}
	return 0;
}

/* The key is only here from one handshake to the end of its turn. */
static const coap_bin_const_t *
context_find_psk(coap_bin_const_t *identity, coap_session_t *s, void *arg)
{
	struct coap_server *server = arg;
	struct str id = { (const char *)identity->s, identity->length };

	if ((access_key(server->o.access, id, server->psk,
	    &server->psk_key.length) != ACCESS_YES ||
	    server->psk_key.length == 0) && (server->bootstrap == NULL ||
	    !coap_bootstrap_key(server, s, id, server->psk,
	    &server->psk_key.length)))
		return NULL;
	server->psk_key.s = (const uint8_t *)server->psk;
	return &server->psk_key;
}

/* ---- contexts ---- */

static int
context_set_psk(struct coap_server *server, coap_context_t *c,
    struct fault *fault)
{
	coap_dtls_spsk_t psk = {
		.version = COAP_DTLS_SPSK_SETUP_VERSION,
		.validate_id_call_back = context_find_psk,
		.id_call_back_arg = server,
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
context_lend_certificates(void *ssl, coap_dtls_pki_t *pki)
{
	const struct coap_server *server = pki->cn_call_back_arg;

	return tls_lend(server->tls, ssl);
}

static int
context_set_certificates(struct coap_server *server, coap_context_t *c,
    struct fault *fault)
{
	const struct coap_server_options *o = &server->o;
	coap_dtls_pki_t pki = {
		.version = COAP_DTLS_PKI_SETUP_VERSION,
		.verify_peer_cert = o->ca != NULL,
		.cert_chain_validation = 1, .cert_chain_verify_depth = 5,
		.additional_tls_setup_call_back = context_lend_certificates,
		.cn_call_back_arg = server,
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
	if (tls_open(&server->tls, &files, fault) < 0)
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
context_add_resources(coap_context_t *c)
{
	static const coap_request_t methods[] = {
		COAP_REQUEST_GET, COAP_REQUEST_POST, COAP_REQUEST_PUT,
		COAP_REQUEST_DELETE, COAP_REQUEST_FETCH, COAP_REQUEST_PATCH,
		COAP_REQUEST_IPATCH
	};
	coap_resource_t *all = coap_resource_unknown_init(context_handle);
	coap_resource_t *channels, *core;
	size_t i;

	for (i = 0; i < sizeof methods / sizeof *methods; i++)
		coap_register_request_handler(all, methods[i], context_handle);
	coap_add_resource(c, all);
	channels = coap_resource_init(coap_make_str_const("channels"), 0);
	for (i = 0; i < sizeof methods / sizeof *methods; i++)
		coap_register_request_handler(channels, methods[i],
		    context_handle);
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
context_set_limits(const struct coap_server *server, coap_context_t *c,
    enum coap_security kind)
{
	coap_context_set_max_idle_sessions(c, kind == COAP_NOSEC ?
	    UDP_SESSIONS : server->o.max_sessions);
	coap_context_set_session_timeout(c, (unsigned)(server->o.timeout /
	    STAMP_SECOND));
	coap_context_set_max_handshake_sessions(c, HANDSHAKES);
	coap_context_set_csm_max_message_size(c,
	    (uint32_t)server->o.max_body + MESSAGE_OPTIONS);
}

int
context_open(struct coap_server *server, enum coap_security kind,
    struct fault *fault)
{
	struct epoll_event e = { .events = EPOLLIN };
	coap_context_t *c;

	if (server->contexts[kind] != NULL)
		return 0;
	if ((c = coap_new_context(NULL)) == NULL)
		return fault_set(fault, EX_OSERR, "libcoap does not start");
	coap_set_app_data(c, server);
	if (coap_context_get_coap_fd(c) < 0 ||
	    (kind == COAP_PSK && context_set_psk(server, c, fault) < 0) ||
	    (kind == COAP_CERTIFICATES &&
	    context_set_certificates(server, c, fault) < 0)) {
		coap_free_context(c);
		return -1;
	}
	server->contexts[kind] = c;
	context_set_limits(server, c, kind);
	context_add_resources(c);
	coap_register_event_handler(c, context_event);
	coap_register_nack_handler(c, context_nack);
	coap_register_pong_handler(c, context_pong);
	if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD,
	    coap_context_get_coap_fd(c), &e) < 0)
		return fault_errno(fault, EX_OSERR, "epoll");
	return 0;
}
