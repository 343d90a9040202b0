/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/address.h"
#include "base/memory.h"
#include "coap/internal.h"
#include "coap/block_transfer.h"
#include "registry/principal.h"
#include "registry/uuid.h"

struct coap_session *
session_of(const coap_session_t *s)
{
	return coap_session_get_app_data(s);
}

static enum coap_security
session_security_of(struct coap_server *server, const coap_session_t *s)
{
	int i;

	for (i = 0; server->contexts[i] != coap_session_get_context(s); i++)
		;
	return (enum coap_security)i;
}

struct coap_session *
session_get(struct coap_server *server, coap_session_t *s)
{
	struct coap_session *p = session_of(s);

	if (p != NULL)
		return p;
	p = memory_zero(1, sizeof *p);
	p->server = server;
	p->coap = s;
	p->kind = session_security_of(server, s);
	p->stream = COAP_PROTO_RELIABLE(coap_session_get_proto(s));
	p->serial = ++server->serial;
	p->heard_at = server->now;
	p->pong_at = INT64_MIN / 2;
	p->next = server->sessions;
	if (p->next != NULL)
		p->next->prev = p;
	server->sessions = p;
	coap_session_set_app_data(s, p);
	coap_session_set_max_retransmit(s, (uint16_t)server->o.retries);
	return p;
}

static void
session_end(struct coap_session *p)
{
	observers_end(p, NULL);
	block_transfers_end(p);
	history_requests_end(p);
}

void
session_free(struct coap_session *p)
{
	struct coap_server *server = p->server;

	session_end(p);
	session_confirmed(p, p->unconfirmed, p->unconfirmed_bytes);
	if (p->counted) {
		server->counts.sessions--;
		p->network->sessions--;
	}
	if (p->next != NULL)
		p->next->prev = p->prev;
	*(p->prev != NULL ? &p->prev->next : &server->sessions) = p->next;
	coap_session_set_app_data(p->coap, NULL);
	connection_close(p);
	usage_put(&server->usages, p->network);
	free(p->sent);
	free(p);
}

struct usage *
session_network(const struct coap_session *p)
{
	const coap_address_t *remote =
	    coap_session_get_addr_remote(p->coap);
	unsigned char network[16];
	struct address a;
	size_t n = 0;

	if (address_of(&a, &remote->addr.sa))
		n = address_network(&a, network);
	return usage_get(&p->server->usages, 'a', (struct str){
	    (const char *)network, n });
}

void
session_hold(struct coap_session *p)
{
	if (p->holds++ == 0)
		coap_session_reference(p->coap);
}

void
session_release(struct coap_session *p)
{
	if (--p->holds == 0)
		coap_session_release(p->coap);
}

/* ---- the end ---- */

bool
session_has_ended(const coap_session_t *s)
{
	return coap_session_get_state(s) == COAP_SESSION_STATE_NONE;
}

void
session_send_pdu(coap_session_t *s, coap_pdu_t *pdu)
{
	if (session_has_ended(s)) {
		coap_delete_pdu(pdu);
		return;
	}
	connection_charge(session_of(s), pdu);
	coap_send(s, pdu);
}

void
session_ended(struct coap_session *p)
{
	/* most that go have nothing */
	if (p->holds == 0)
		return;
	p->ended = true;
	p->server->ending = true;
}

void
session_unanswered(struct coap_session *p)
{
	if (p->ended || p->unanswered)
		return;
	p->server->counts.reaped += p->n_observers;
	p->unanswered = true;
	p->server->ending = true;
}

void
sessions_end(struct coap_server *server)
{
	struct coap_session *p;

	if (!server->ending)
		return;
	server->ending = false;
	for (p = server->sessions; p != NULL; p = p->next) {
		if (p->ended)
			session_end(p);
		if (p->unanswered) {
			observers_end(p, NULL);
			session_confirmed(p, p->unconfirmed,
			    p->unconfirmed_bytes);
			p->ping_pending = false;
		}
		p->ended = p->unanswered = false;
	}
}

void
session_disconnect(struct coap_session *p)
{
	p->closing = true;
	p->server->closing = true;
}

/* Never within libcoap's callbacks, which go on with the session. */
void
sessions_disconnect_due(struct coap_server *server)
{
	struct coap_session *p, *next;
	coap_session_t *s;

	if (!server->closing)
		return;
	server->closing = false;
	for (p = server->sessions; p != NULL; p = next) {
		next = p->next;
		if (!p->closing)
			continue;
		p->closing = false;
		s = coap_session_reference(p->coap);
		coap_session_disconnected(s, COAP_NACK_NOT_DELIVERABLE);
		coap_session_release(s);
	}
}

void
sessions_sweep(struct coap_server *server)
{
	struct coap_session *p, *next;
	int64_t limit = server->now - server->o.timeout;

	for (p = server->sessions; p != NULL; p = next) {
		next = p->next;
		block_transfers_sweep(p, limit);
		observers_sweep(p);
		connection_sweep(p);
	}
}

/* ---- which thing it is ---- */

static bool
session_take_psk_identity(struct coap_session *p)
{
	const coap_bin_const_t *id = coap_session_get_psk_identity(p->coap);
	const coap_bin_const_t *key = coap_session_get_psk_key(p->coap);
	struct str s = STR_NONE;

	if (id != NULL && key != NULL)
		s = (struct str){ (const char *)id->s, id->length };
	if (!uuid_valid(s)) {
		p->refused = "its identity is not a thing's id";
		return true;
	}
	if (!access_prove(p->server->o.access, (struct str){
	    (const char *)key->s, key->length }, &p->proof))
		return false;
	p->has_proof = true;
	memcpy(p->thing, s.p, ID_BYTES);
	p->thing[ID_BYTES] = '\0';
	return true;
}

/* A common name is a key: whose? */
static bool
session_take_key(struct coap_session *p, struct str key)
{
	struct str thing;

	switch (access_identify(p->server->o.access, key, &thing)) {
	case ACCESS_YES:
		memcpy(p->thing, thing.p, ID_BYTES);
		p->thing[ID_BYTES] = '\0';
		p->has_proof = access_prove(p->server->o.access, key,
		    &p->proof);
		return p->has_proof;
	case ACCESS_ERROR:
		return false;
	default:
		p->refused = "its certificate names the key of no thing";
		return true;
	}
}

static bool
session_take_certificate(struct coap_session *p)
{
	SSL *ssl = coap_session_get_tls(p->coap, NULL);
	struct certificate cert = { .kind = CERTIFICATE_NONE };
	bool done = true;

	/* without --tls-ca nobody is asked for one, and nobody has one */
	if (ssl != NULL)
		certificate_of(&cert, ssl);
	p->certificate = cert.id;
	if (cert.kind == CERTIFICATE_REFUSED)
		p->refused = cert.why;
	else if (cert.kind == CERTIFICATE_THING)
		memcpy(p->thing, cert.text, sizeof p->thing);
	else if (cert.kind == CERTIFICATE_KEY)
		done = session_take_key(p, str_z(cert.text));
	sodium_memzero(&cert, sizeof cert);
	return done;
}

/* False when the registry can't be asked, which is tried again. */
static bool
session_identify(struct coap_session *p)
{
	if (!p->known)
		p->known = p->kind == COAP_PSK ? session_take_psk_identity(p) :
		    p->kind == COAP_CERTIFICATES ? session_take_certificate(p) :
		    true;
	return p->known;
}

/* Whom the handshake names, as a certificate would; NULL: nobody. */
static const struct certificate *
session_certificate(const struct coap_session *p, struct certificate *c)
{
	if (p->refused != NULL) {
		c->kind = CERTIFICATE_REFUSED;
		c->why = p->refused;
	} else if (*p->thing != '\0') {
		c->kind = CERTIFICATE_THING;
		memcpy(c->text, p->thing, sizeof p->thing);
		c->id = p->certificate;
	} else {
		return NULL;
	}
	return c;
}

enum access_result
session_may(struct coap_server *server, coap_session_t *s, struct str key,
    struct str channel, unsigned use, char thing[ID_TEXT + 1],
    const char **why)
{
	bool secure = coap_session_get_proto(s) == COAP_PROTO_DTLS ||
	    coap_session_get_proto(s) == COAP_PROTO_TLS;
	struct coap_session *p = secure ? session_get(server, s) : NULL;
	struct certificate named;
	struct principal who;
	enum access_result result;

	if (p != NULL && !session_identify(p)) {
		*thing = '\0';
		*why = access_fault(server->o.access);
		return ACCESS_ERROR;
	}
	result = principal_prove(server->o.access, key,
	    p != NULL ? session_certificate(p, &named) : NULL, &channel, use,
	    &who);
	memcpy(thing, who.thing, sizeof who.thing);
	*why = who.why;
	return result;
}

struct response
session_refusal(enum access_result result)
{
	if (result == ACCESS_ERROR)
		return (struct response){
		    .code = COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		    .why = "access can't be checked now" };
	return (struct response){ .code = COAP_RESPONSE_CODE_FORBIDDEN,
	    .why = access_refusal(result) };
}

bool
session_certificate_valid(const struct coap_session *p)
{
	coap_tls_library_t library;
	SSL *ssl;

	if (p->kind != COAP_CERTIFICATES || p->server->o.ca == NULL)
		return true;
	ssl = coap_session_get_tls(p->coap, &library);
	return ssl == NULL || library != COAP_TLS_LIBRARY_OPENSSL ||
	    tls_accepts(p->server->tls, ssl);
}

bool
session_still_valid(struct coap_session *p)
{
	struct access *a = p->server->o.access;
	struct str thing = str_z(p->thing);
	enum access_result result;

	/* an anonymous session has no rights to lose */
	if (thing.n == 0)
		return true;
	if (principal_certificate(a, &p->certificate) != ACCESS_YES)
		return false;
	if (p->has_proof)
		return access_holds(a, thing, &p->proof) == ACCESS_YES;
	result = access_check_id(a, thing, STR(""), ACCESS_ANY_WAY);
	return result == ACCESS_YES || result == ACCESS_NOT_CONNECTED;
}
