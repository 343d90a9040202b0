/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "coap/block_transfer.h"
#include "coap/format.h"
#include "coap/internal.h"
#include "registry/bootstrap_limit.h"
#include "registry/bootstrap_notes.h"
#include "registry/config_json.h"
#include "registry/uuid.h"

/*
 * GET /things/bootstrap/<external id> and /things/bootstrap/secure/<external
 * id>: what mfx-api has over HTTP, with the same answers, limits, events and
 * list of unknown devices (registry/bootstrap.h).  The key, or the salt and the
 * proof, is in the query.  The first needs DTLS, TLS or a client on this
 * machine, as the answer has keys; with DTLS and TLS by keys, the external id
 * can be the identity and its key the pre-shared one.
 */
#define LIMIT_SETS 4096		/* as mfx-api has for logins */
/* of one configuration; mfx-bootstrap takes no more */
#define CONFIG_MAX ((size_t)2 << 20)
#define TOO_MANY COAP_RESPONSE_CODE(429)	/* RFC 8516 */
#define FORMAT_JSON 50

struct coap_bootstrap {
	struct registry *registry;	/* NULL: can't be opened now */
	struct rate_limit *limits;
	struct bootstrap_notes *notes;
};

int
coap_bootstrap_open(struct coap_bootstrap **out, struct fault *fault)
{
	struct coap_bootstrap *b = memory_zero(1, sizeof *b);

	b->limits = rate_limit_open(LIMIT_SETS);
	*out = b;
	return bootstrap_notes_open(&b->notes, fault);
}

void
coap_bootstrap_close(struct coap_bootstrap *b)
{
	if (b == NULL)
		return;
	bootstrap_notes_close(b->notes);
	rate_limit_close(b->limits);
	registry_close(b->registry);
	free(b);
}

bool
coap_server_fault(struct coap_server *server, struct fault *fault)
{
	return server->bootstrap != NULL &&
	    bootstrap_notes_fault(server->bootstrap->notes, fault);
}

/* The file in its place may be another one by now. */
static int
coap_bootstrap_registry(struct coap_bootstrap *b, struct fault *fault)
{
	if (b->registry != NULL && !registry_replaced(b->registry))
		return 0;
	registry_close(b->registry);
	b->registry = NULL;
	if (registry_open(&b->registry, NULL, REGISTRY_READ, fault) < 0)
		return -1;
	registry_patience(b->registry, 0);
	return 0;
}

/* ---- which device ---- */

static void
coap_bootstrap_attempt(struct bootstrap_attempt *a, struct coap_server *server,
    const coap_session_t *s, struct str external_id)
{
	const coap_address_t *remote = coap_session_get_addr_remote(s);
	unsigned char network[16];
	struct address address;
	size_t n = 0;

	if (address_of(&address, &remote->addr.sa))
		n = address_network(&address, network);
	bootstrap_attempt_init(a, server->bootstrap->limits, (struct str){
	    (const char *)network, n }, external_id,
	    server->o.bootstrap_attempts, server->now);
}

bool
coap_bootstrap_key(struct coap_server *server, coap_session_t *s, struct str id,
    char *key, size_t *n)
{
	struct coap_bootstrap *b = server->bootstrap;
	struct coap_session *p = session_get(server, s);
	struct bootstrap_attempt attempt;
	struct fault fault;
	int got = 0;

	/* those are things' */
	if (uuid_valid(id) || coap_bootstrap_registry(b, &fault) < 0)
		return false;
	/* a handshake may ask twice, and for another id */
	coap_bootstrap_attempt(&attempt, server, s, id);
	if (bootstrap_attempt_take(&attempt) == 0) {
		p->attempts++;
		got = bootstrap_key(b->registry, id, key, n, &fault);
	}
	if (got < 0) {
		p->attempts--;
		bootstrap_attempt_give_back(&attempt);
		return false;
	}
	/* a stranger is not told which ids there are (RFC 4279 5.4) */
	if (got == 0) {
		*n = 32;
		randombytes_buf(key, *n);
	}
	return true;
}

void
coap_bootstrap_connected(struct coap_session *p)
{
	const coap_bin_const_t *id = coap_session_get_psk_identity(p->coap);
	struct bootstrap_attempt attempt;

	if (id == NULL)
		return;
	for (; p->attempts > 0; p->attempts--) {
		coap_bootstrap_attempt(&attempt, p->server, p->coap,
		    (struct str){ (const char *)id->s, id->length });
		bootstrap_attempt_give_back(&attempt);
	}
}

/* What the device shows: in its query, or in its handshake. */
static struct str
coap_bootstrap_shown(const struct coap_request *q, coap_session_t *s)
{
	const coap_bin_const_t *id, *key;

	if (q->key.n > 0 || q->sealed)
		return q->key;
	id = coap_session_get_psk_identity(s);
	key = coap_session_get_psk_key(s);
	return id != NULL && key != NULL && str_eq(q->external_id,
	    (struct str){ (const char *)id->s, id->length }) ?
	    (struct str){ (const char *)key->s, key->length } : STR_NONE;
}

static bool
coap_bootstrap_is_private(coap_session_t *s)
{
	const coap_address_t *remote = coap_session_get_addr_remote(s);
	coap_proto_t proto = coap_session_get_proto(s);
	char text[ADDRESS_TEXT];
	struct address a;

	if (proto == COAP_PROTO_DTLS || proto == COAP_PROTO_TLS)
		return true;
	if (!address_of(&a, &remote->addr.sa))
		return false;
	address_print(&a, text);
	return address_is_loopback(str_z(text));
}

/* ---- what was answered, for the next blocks ---- */

/* It has what the device has shown: only who shows the same gets the rest. */
static uint64_t
coap_bootstrap_hash(const struct coap_request *q, struct str shown)
{
	const struct str parts[] = { q->external_id, shown,
	    buf_str(&q->tags), q->sealed ? STR("sealed") : STR("") };
	unsigned char hash[crypto_generichash_BYTES_MIN];
	crypto_generichash_state h;
	uint64_t key;
	size_t i;

	crypto_generichash_init(&h, NULL, 0, sizeof hash);
	for (i = 0; i < sizeof parts / sizeof *parts; i++) {
		crypto_generichash_update(&h, (const unsigned char *)
		    &parts[i].n, sizeof parts[i].n);
		if (parts[i].n > 0)
			crypto_generichash_update(&h,
			    (const unsigned char *)parts[i].p, parts[i].n);
	}
	crypto_generichash_final(&h, hash, sizeof hash);
	memcpy(&key, hash, sizeof key);
	return key;
}

/* A further block, or the first one again: a repeated request must not begin
 * another answer, of which the device would get parts. */
static bool
coap_bootstrap_find(coap_session_t *s, const coap_pdu_t *pdu, uint64_t key,
    const struct coap_request *q, struct response *r)
{
	static const struct block_option first = { .size = 1024,
	    .exponent = 6 };
	struct coap_session *p = session_of(s);
	struct block_transfer *t = p != NULL ?
	    block_transfer_find(p, key, false) : NULL;
	bool next = q->block2.given && q->block2.number > 0;

	if (t == NULL || (!next && !q->sealed &&
	    t->mid != (uint16_t)coap_pdu_get_mid(pdu)))
		return false;
	*r = block_response(s, q->block2.given ? &q->block2 : &first,
	    buf_str(&t->b), t->etag, t->format);
	return true;
}

/* ---- the answer ---- */

static struct response
coap_bootstrap_refuse(coap_pdu_code_t code, const char *why)
{
	return (struct response){ .code = code, .why = why };
}

/* Everything that can be seen from the request. */
static struct response
coap_bootstrap_check(const struct coap_request *q, coap_session_t *s,
    struct str shown, struct secure *secure)
{
	int format = q->sealed ? FORMAT_BYTES : FORMAT_JSON;

	if (q->method != COAP_REQUEST_CODE_GET)
		return coap_bootstrap_refuse(COAP_RESPONSE_CODE_NOT_ALLOWED,
		    "GET fetches a configuration");
	if (!q->sealed && !coap_bootstrap_is_private(s))
		return coap_bootstrap_refuse(COAP_RESPONSE_CODE_FORBIDDEN,
		    "without DTLS or TLS it is at /things/bootstrap/secure/"
		    "<external id>");
	if (shown.n == 0)
		return coap_bootstrap_refuse(COAP_RESPONSE_CODE_FORBIDDEN,
		    "missing external key");
	if (q->accept != FORMAT_NONE && q->accept != format)
		return coap_bootstrap_refuse(COAP_RESPONSE_CODE_NOT_ACCEPTABLE,
		    q->sealed ? "Accept must be 42 or absent" :
		    "Accept must be 50 or absent");
	if (q->sealed && !secure_parse(secure, shown))
		return coap_bootstrap_refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "auth must be SALT.PROOF, each in base64url");
	return (struct response){ .code = COAP_EMPTY_CODE };
}

static struct response
coap_bootstrap_unable(void)
{
	return coap_bootstrap_refuse(COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
	    "the registry can't be read now");
}

/* 1 and its configuration as text, and whose thing it is; 0; -1 */
static int
coap_bootstrap_ask(struct coap_bootstrap *b, const struct coap_request *q,
    struct str shown, struct secure *secure, struct buf *text,
    char thing[ID_BYTES + 1], char owner[ID_TEXT + 1])
{
	struct bootstrap config;
	struct fault fault;
	void *found;
	int got;

	*owner = '\0';
	if (coap_bootstrap_registry(b, &fault) < 0)
		return -1;
	got = q->sealed ? bootstrap_prove_secure(b->registry, q->external_id,
	    secure, &config, &found, owner, &fault) :
	    bootstrap_prove(b->registry, q->external_id, shown, &config,
	    &found, owner, &fault);
	if (got <= 0)
		return got;
	memcpy(thing, config.thing.p, ID_BYTES);
	thing[ID_BYTES] = '\0';
	if (config_json_put(text, b->registry, &config, CONFIG_DEVICE,
	    &fault) < 0)
		got = -1;
	item_found_end(found);
	buf_putc(text, '\n');
	return got;
}

static void
coap_bootstrap_note(struct coap_server *server, coap_session_t *s,
    const char *owner, bool success)
{
	const coap_address_t *remote = coap_session_get_addr_remote(s);
	char text[ADDRESS_TEXT] = "";
	struct address a;

	if (address_of(&a, &remote->addr.sa))
		address_print(&a, text);
	bootstrap_notes_add(server->bootstrap->notes, server->bootstrap->limits,
	    owner, server->request.external_id, text, success, server->now);
}

/* Takes the text, which is in clear or sealed. */
static struct response
coap_bootstrap_respond(struct coap_server *server, coap_session_t *s,
    const coap_pdu_t *pdu, uint64_t key, const char *thing, struct buf *text)
{
	const struct coap_request *q = &server->request;
	int format = q->sealed ? FORMAT_BYTES : FORMAT_JSON;
	struct block_transfer *t;
	struct response r;

	if (text->full)
		return coap_bootstrap_refuse(
		    COAP_RESPONSE_CODE_INTERNAL_ERROR,
		    "the configuration is too large for CoAP");
	if (!q->block2.given && text->n + 64 <= coap_session_max_pdu_size(s))
		return (struct response){ .code = COAP_RESPONSE_CODE_CONTENT,
		    .has = HAS_FORMAT, .format = (uint32_t)format,
		    .data = buf_str(text) };
	t = block_transfer_new(server, session_get(server, s), thing, key,
	    false, text->n);
	t->secret = true;
	t->mid = (uint16_t)coap_pdu_get_mid(pdu);
	t->format = format;
	t->etag = ++server->etag;
	if (block_transfer_put(t, buf_str(text)) &&
	    coap_bootstrap_find(s, pdu, key, q, &r))
		return r;
	block_transfer_free(t);
	return coap_bootstrap_refuse(COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
	    "there are too many transfers now");
}

/* 4.29 with how long to wait, or nothing: an attempt is counted. */
static struct response
coap_bootstrap_limit(struct coap_server *server, coap_session_t *s,
    struct bootstrap_attempt *attempt)
{
	struct response r = { .code = COAP_EMPTY_CODE };

	coap_bootstrap_attempt(attempt, server, s, server->request.external_id);
	r.max_age = bootstrap_attempt_take(attempt);
	if (r.max_age > 0) {
		r.code = TOO_MANY;
		r.has = HAS_MAX_AGE;
		r.why = "too many attempts; try again later";
	}
	return r;
}

static struct response
coap_bootstrap_take(struct coap_server *server, coap_session_t *s,
    const coap_pdu_t *pdu, struct buf *text, char thing[ID_BYTES + 1])
{
	const struct coap_request *q = &server->request;
	struct str shown = coap_bootstrap_shown(q, s);
	uint64_t key = coap_bootstrap_hash(q, shown);
	struct bootstrap_attempt attempt;
	char owner[ID_TEXT + 1];
	struct secure secure;
	struct buf json;
	struct response r = coap_bootstrap_check(q, s, shown, &secure);
	int got;

	if (r.code != 0 || coap_bootstrap_find(s, pdu, key, q, &r))
		return r;
	if (q->block2.given && q->block2.number > 0)
		return coap_bootstrap_refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "there is no such block");
	if ((r = coap_bootstrap_limit(server, s, &attempt)).code != 0)
		return r;
	buf_init(&json, CONFIG_MAX);
	got = coap_bootstrap_ask(server->bootstrap, q, shown, &secure, &json,
	    thing, owner);
	if (got >= 0)
		coap_bootstrap_note(server, s, owner, got > 0);
	if (got != 0)
		bootstrap_attempt_give_back(&attempt);
	if (got > 0 && q->sealed)
		secure_seal(&secure, buf_str(&json), text);
	else if (got > 0)
		buf_put_str(text, buf_str(&json));
	text->full |= json.full;
	secret_release(&json);
	secure_wipe(&secure);
	if (got > 0)
		return coap_bootstrap_respond(server, s, pdu, key, thing, text);
	return got < 0 ? coap_bootstrap_unable() :
	    coap_bootstrap_refuse(COAP_RESPONSE_CODE_NOT_FOUND,
	    "no device has this external id and this external key");
}

void
coap_bootstrap_answer(struct coap_server *server, coap_session_t *s,
    const coap_pdu_t *pdu, coap_pdu_t *answer)
{
	char thing[ID_BYTES + 1] = "";
	int64_t began = clock_ns();
	struct response r;
	struct buf text;

	buf_init(&text, CONFIG_MAX + SECURE_ADDED);
	r = coap_bootstrap_take(server, s, pdu, &text, thing);
	server->request.channel = STR("bootstrap");
	response_fill(&server->request, answer, &r);
	response_count(server, s, &server->request, r.code, thing, r.why, 0,
	    began);
	secret_release(&text);
}
