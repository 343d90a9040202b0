/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/bootstrap/fetch_coap.h"

#include <strings.h>
#include <sysexits.h>

bool
fetch_is_coap(const char *url)
{
	return strncasecmp(url, "coap", 4) == 0;
}

#ifdef HAVE_COAP

#include <coap3/coap.h>
#include <netdb.h>
#include <stdio.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/signal.h"
#include "registry/bootstrap_secure.h"

#define FETCH_TURN_MS 200u	/* a signal is seen after this */
#define FETCH_OPTION_MAX 255	/* of a path segment or a parameter */
#define FETCH_IDENTITY_MAX 127	/* of a pre-shared key, and its bytes */
#define FETCH_PSK_MAX 256
#define FETCH_SAID_MAX 200
#define FETCH_TOO_MANY COAP_RESPONSE_CODE(429)	/* RFC 8516 */

/* a request under way */
struct fetch_coap {
	const struct remote_setup *setup;
	const char *url;
	coap_uri_t uri;
	coap_context_t *context;
	coap_session_t *session;
	struct buf *body;
	int64_t deadline;
	bool shaking;		/* there is no handshake yet */
	bool done;
	int result;
	struct fault *fault;
};

/* ---- where ---- */

static bool
fetch_coap_is_tls(const struct fetch_coap *f)
{
	return f->uri.scheme == COAP_URI_SCHEME_COAPS ||
	    f->uri.scheme == COAP_URI_SCHEME_COAPS_TCP;
}

static struct str
fetch_coap_host(const struct fetch_coap *f)
{
	return (struct str){ (const char *)f->uri.host.s, f->uri.host.length };
}

static int
fetch_coap_split(struct fetch_coap *f)
{
	if (coap_split_uri((const uint8_t *)f->url, strlen(f->url),
	    &f->uri) < 0 || f->uri.scheme > COAP_URI_SCHEME_COAPS_TCP ||
	    f->uri.host.length == 0 || f->uri.path.length > 0 ||
	    f->uri.query.length > 0)
		return fault_set(f->fault, EX_USAGE, "'%s': must be "
		    "coap://host[:port], coaps://, coap+tcp:// or "
		    "coaps+tcp://", f->url);
	if (fetch_coap_is_tls(f) && f->setup->sealed)
		return fault_set(f->fault, EX_USAGE, "%s: --secure is for "
		    "coap:// and coap+tcp://", f->url);
	if (!fetch_coap_is_tls(f) && !f->setup->sealed &&
	    !address_is_loopback(fetch_coap_host(f)))
		return fault_set(f->fault, EX_USAGE, "%s: coap:// is only for "
		    "this machine: use coaps://, or --secure", f->url);
	return 0;
}

static int
fetch_coap_resolve(struct fetch_coap *f, coap_address_t *to)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *found;
	char host[NI_MAXHOST], port[8];
	int err;

	snprintf(host, sizeof host, "%.*s", STR_ARG(fetch_coap_host(f)));
	snprintf(port, sizeof port, "%u", f->uri.port);
	if ((err = getaddrinfo(host, port, &hints, &found)) != 0)
		return fault_set(f->fault, EX_TEMPFAIL, "%s: %s", f->url,
		    gai_strerror(err));
	coap_address_init(to);
	to->size = found->ai_addrlen;
	memcpy(&to->addr, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

/* ---- what comes ---- */

static int
fetch_coap_unexpected(struct fetch_coap *f, const char *what)
{
	return fault_set(f->fault, EX_UNAVAILABLE, "%s: not an answer of "
	    "mfx-adapt-coap: expected %s", f->url, what);
}

static int
fetch_coap_status(coap_pdu_code_t code)
{
	switch ((int)code) {
	case COAP_RESPONSE_CODE_NOT_FOUND:
		return 1;
	case COAP_RESPONSE_CODE_UNAUTHORIZED:
	case COAP_RESPONSE_CODE_FORBIDDEN:
		return EX_NOPERM;
	case FETCH_TOO_MANY:
		return EX_TEMPFAIL;
	default:
		return COAP_RESPONSE_CLASS(code) == 5 ? EX_TEMPFAIL :
		    EX_UNAVAILABLE;
	}
}

/* the server's words; a path that is not there has none */
static int
fetch_coap_refused(struct fetch_coap *f, const coap_pdu_t *pdu)
{
	coap_pdu_code_t code = coap_pdu_get_code(pdu);
	int status = fetch_coap_status(code);
	const uint8_t *p;
	size_t n;

	if (!coap_get_data(pdu, &n, &p) || n == 0)
		return fault_set(f->fault, status == 1 ? EX_UNAVAILABLE :
		    status, "%s: answered with %d.%02d", f->url, code >> 5,
		    code & 31);
	n = n < FETCH_SAID_MAX ? n : FETCH_SAID_MAX;
	return status == 1 ? fault_set(f->fault, status, "%.*s", (int)n, p) :
	    fault_set(f->fault, status, "%s: %.*s", f->url, (int)n, p);
}

/* a block, or all of it */
static int
fetch_coap_take_some(struct fetch_coap *f, const coap_pdu_t *pdu)
{
	size_t n = 0, at = 0, total;
	const uint8_t *p = NULL;
	coap_block_t block;

	if (coap_pdu_get_code(pdu) != COAP_RESPONSE_CODE_CONTENT)
		return fetch_coap_refused(f, pdu);
	coap_get_data_large(pdu, &n, &p, &at, &total);
	if (at != f->body->n)
		return fetch_coap_unexpected(f, "the next block");
	buf_put(f->body, p, n);
	if (f->body->full)
		return fetch_coap_unexpected(f, "a configuration, which is "
		    "shorter");
	f->done = !coap_get_block(pdu, COAP_OPTION_BLOCK2, &block) ||
	    !block.m;
	return 0;
}

static coap_response_t
fetch_coap_take(coap_session_t *s, const coap_pdu_t *sent,
    const coap_pdu_t *pdu, const coap_mid_t mid)
{
	struct fetch_coap *f = coap_session_get_app_data(s);

	(void)sent;
	(void)mid;
	if (f->done)
		return COAP_RESPONSE_OK;
	f->result = fetch_coap_take_some(f, pdu);
	f->done |= f->result < 0;
	f->deadline = clock_ns() + f->setup->timeout;
	return COAP_RESPONSE_OK;
}

/* A server does not say what it does not like about a handshake. */
static int
fetch_coap_silence(struct fetch_coap *f, const char *why)
{
	return fault_set(f->fault, EX_TEMPFAIL, "%s: %s", f->url,
	    f->shaking ? "the handshake failed: no device has this external "
	    "id and this external key there, there were too many attempts, or "
	    "nobody answers" : why);
}

static int
fetch_coap_event(coap_session_t *s, const coap_event_t event)
{
	struct fetch_coap *f = coap_session_get_app_data(s);

	if (event == COAP_EVENT_DTLS_CONNECTED)
		f->shaking = false;
	return 0;
}

static void
fetch_coap_lost(coap_session_t *s, const coap_pdu_t *sent,
    const coap_nack_reason_t reason, const coap_mid_t mid)
{
	struct fetch_coap *f = coap_session_get_app_data(s);

	(void)sent;
	(void)mid;
	if (f->done)
		return;
	f->done = true;
	f->result = fetch_coap_silence(f, reason == COAP_NACK_TOO_MANY_RETRIES ?
	    "no answer in time" : "nobody answers there");
}

/* ---- the request ---- */

static int
fetch_coap_connect(struct fetch_coap *f, struct str id, struct str key)
{
	static const coap_proto_t protos[] = {
		[COAP_URI_SCHEME_COAP] = COAP_PROTO_UDP,
		[COAP_URI_SCHEME_COAPS] = COAP_PROTO_DTLS,
		[COAP_URI_SCHEME_COAP_TCP] = COAP_PROTO_TCP,
		[COAP_URI_SCHEME_COAPS_TCP] = COAP_PROTO_TLS,
	};
	coap_dtls_cpsk_t psk = {
		.version = COAP_DTLS_CPSK_SETUP_VERSION,
		.psk_info = {
			.identity = { id.n, (const uint8_t *)id.p },
			.key = { key.n, (const uint8_t *)key.p },
		},
	};
	coap_address_t to;

	if (fetch_coap_is_tls(f) && (id.n > FETCH_IDENTITY_MAX ||
	    key.n > FETCH_PSK_MAX))
		return fault_set(f->fault, EX_USAGE, "%s: DTLS and TLS take "
		    "external ids of at most %d bytes and keys of at most %d",
		    f->url, FETCH_IDENTITY_MAX, FETCH_PSK_MAX);
	f->shaking = fetch_coap_is_tls(f);
	if (fetch_coap_resolve(f, &to) < 0)
		return -1;
	f->session = fetch_coap_is_tls(f) ?
	    coap_new_client_session_psk2(f->context, NULL, &to,
	    protos[f->uri.scheme], &psk) :
	    coap_new_client_session(f->context, NULL, &to,
	    protos[f->uri.scheme]);
	if (f->session == NULL)
		return fetch_coap_silence(f, "nobody answers there");
	coap_session_set_app_data(f->session, f);
	return 0;
}

static bool
fetch_coap_add(coap_pdu_t *pdu, coap_option_num_t option, struct str value)
{
	return coap_add_option(pdu, option, value.n,
	    (const uint8_t *)value.p) > 0;
}

/* `query` with n 0: none */
static int
fetch_coap_send(struct fetch_coap *f, struct str id, struct str query)
{
	coap_pdu_t *pdu = coap_new_pdu(COAP_MESSAGE_CON,
	    COAP_REQUEST_CODE_GET, f->session);
	uint8_t token[8];
	size_t n;

	coap_session_new_token(f->session, &n, token);
	if (pdu == NULL || !coap_add_token(pdu, n, token) ||
	    !fetch_coap_add(pdu, COAP_OPTION_URI_PATH, STR("things")) ||
	    !fetch_coap_add(pdu, COAP_OPTION_URI_PATH, STR("bootstrap")) ||
	    (f->setup->sealed && !fetch_coap_add(pdu, COAP_OPTION_URI_PATH,
	    STR("secure"))) || !fetch_coap_add(pdu, COAP_OPTION_URI_PATH,
	    id) || (query.n > 0 && !fetch_coap_add(pdu,
	    COAP_OPTION_URI_QUERY, query))) {
		coap_delete_pdu(pdu);
		return fault_set(f->fault, EX_USAGE, "%s: the external id and "
		    "the external key are too long for a packet", f->url);
	}
	/* it is gone by now, whatever comes of it */
	if (coap_send(f->session, pdu) == COAP_INVALID_MID && !f->done)
		return fetch_coap_silence(f, "nobody answers there");
	return 0;
}

static int
fetch_coap_wait(struct fetch_coap *f)
{
	int64_t left;

	f->deadline = clock_ns() + f->setup->timeout;
	while (!f->done) {
		if (signal_stop())
			return fault_set(f->fault, EX_TEMPFAIL, "stopped");
		if ((left = (f->deadline - clock_ns()) / 1000000) <= 0)
			return fetch_coap_silence(f, "no answer in time");
		coap_io_process(f->context, left < FETCH_TURN_MS ?
		    (uint32_t)left : FETCH_TURN_MS);
	}
	return f->result;
}

static int
fetch_coap_ask(struct fetch_coap *f, struct str id, struct str key,
    struct str shown)
{
	struct buf query;
	int result;

	if (fetch_coap_connect(f, id, key) < 0)
		return -1;
	buf_init(&query, FETCH_OPTION_MAX);
	/* with DTLS and TLS the handshake has shown it */
	if (!fetch_coap_is_tls(f))
		buf_printf(&query, "auth=%.*s", STR_ARG(shown));
	if (id.n > FETCH_OPTION_MAX || query.full)
		result = fault_set(f->fault, EX_USAGE, "%s: CoAP takes "
		    "external ids of at most %d bytes, and keys of at most %d "
		    "without --secure", f->url, FETCH_OPTION_MAX,
		    FETCH_OPTION_MAX - 5);
	else
		result = fetch_coap_send(f, id, buf_str(&query));
	secret_release(&query);
	return result < 0 ? -1 : fetch_coap_wait(f);
}

static int
fetch_coap_sealed(struct fetch_coap *f, struct str id, struct str key,
    struct buf *json)
{
	char text[SECURE_TEXT];
	struct secure secure;
	struct buf sealed;
	int result;

	buf_init(&sealed, json->max);
	f->body = &sealed;
	secure_begin(&secure);
	secure_derive(&secure, id, key);
	secure_print(&secure, text);
	result = fetch_coap_ask(f, id, key, str_z(text));
	if (result == 0 && !secure_open(&secure, buf_str(&sealed), json))
		result = fetch_coap_unexpected(f, "an answer that is sealed "
		    "with the key of this device");
	secure_wipe(&secure);
	buf_release(&sealed);
	return result;
}

static void
fetch_coap_log_nothing(coap_log_t level, const char *message)
{
	(void)level;
	(void)message;
}

int
fetch_coap(const struct remote_setup *setup, struct str external_id,
    struct str external_key, struct buf *json, struct fault *fault)
{
	struct fetch_coap f = {
		.setup = setup, .url = setup->url, .body = json, .fault = fault
	};
	int result;

	coap_startup();
	coap_set_log_handler(fetch_coap_log_nothing);
	coap_set_log_level(LOG_EMERG);
	coap_dtls_set_log_level(LOG_EMERG);
	if (fetch_coap_split(&f) < 0)
		return -1;
	if ((f.context = coap_new_context(NULL)) == NULL)
		return fault_set(fault, EX_OSERR, "libcoap won't start");
	coap_context_set_block_mode(f.context, COAP_BLOCK_USE_LIBCOAP);
	coap_register_response_handler(f.context, fetch_coap_take);
	coap_register_nack_handler(f.context, fetch_coap_lost);
	coap_register_event_handler(f.context, fetch_coap_event);
	result = setup->sealed ? fetch_coap_sealed(&f, external_id,
	    external_key, json) : fetch_coap_ask(&f, external_id,
	    external_key, external_key);
	/* whoever is told that it ends finds it done */
	f.done = true;
	coap_session_release(f.session);
	coap_free_context(f.context);
	coap_cleanup();
	return result;
}

#else

int
fetch_coap(const struct remote_setup *setup, struct str external_id,
    struct str external_key, struct buf *json, struct fault *fault)
{
	(void)external_id, (void)external_key, (void)json;
	return fault_set(fault, EX_UNAVAILABLE, "%s: this mfx-bootstrap was "
	    "built without libcoap", setup->url);
}

#endif
