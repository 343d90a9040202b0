/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/enroll.h"
#include "api/handlers.h"
#include "api/state.h"
#include "base/base64.h"
#include "base/file.h"
#include "certs/bundle.h"
#include "certs/pem.h"
#include "certs/request.h"
#include "http/chars.h"
#include "http/thing_auth.h"
#include "net/certificate.h"
#include "net/rate_limit.h"
#include "registry/item.h"

/*
 * Enrollment over Secure Transport (RFC 7030, RFC 8951): a thing gets a
 * certificate for its own key, by its key in the registry or by a certificate
 * that it has, and renews that one.
 *
 * How often an address may fail is limited, as it is for devices that ask for
 * their configuration.
 */
#define EST_TYPE "application/pkcs7-mime; smime-type=certs-only"
#define EST_FAILING 'E'
#define EST_MINUTE (60 * STAMP_SECOND)
/* as for passwords: an address may be that of many */
#define EST_ADDRESS_FACTOR 10
#define EST_AUTHORIZATION_MAX 8192

/* ---- answers ---- */

/* RFC 8951 3.1: base64 without line breaks */
static bool
est_put_base64(struct buf *b, struct str der)
{
	char *to = buf_room(b, der.n / 3 * 4 + 5);
	int n;

	if (to == NULL)
		return false;
	n = EVP_EncodeBlock((unsigned char *)to,
	    (const unsigned char *)der.p, (int)der.n);
	b->n += (size_t)n;
	return true;
}

static void
est_answer(struct http_request *r, struct str der)
{
	struct buf b;

	buf_init(&b, PEM_MAX);
	est_put_base64(&b, der);
	http_set(r, "Content-Transfer-Encoding", "base64");
	http_answer_text(r, 200, EST_TYPE, buf_str(&b));
	buf_release(&b);
}

void
est_ca_certificates(struct request_ctx *c)
{
	const struct ca_set *cas = c->api->cas;

	if (cas->issuer != NULL)
		est_answer(c->request, buf_str(&cas->chain));
	else
		http_problem(c->request, 503, cas->why.text);
}

/* No attributes are asked for (RFC 7030 4.5.2): all that a certificate says is
 * known from the thing. */
void
est_attributes(struct request_ctx *c)
{
	http_answer(c->request, 204);
}

static void
est_answer_issued(struct enroll *e)
{
	STACK_OF(X509) *one;
	struct fault fault;
	struct buf der;

	buf_init(&der, PEM_MAX);
	one = der_read_certificates(buf_str(&e->issue.certificate), &fault);
	if (one != NULL && bundle_put_p7(&der, one, &fault) == 0)
		est_answer(e->request, buf_str(&der));
	else
		answer_unable(e->api, e->request, &fault);
	certificates_free(one);
	buf_release(&der);
}

/* ---- which thing ---- */

struct est_client {
	struct request_ctx *c;
	unsigned char address[16];
	size_t n;			/* of the address */
	struct buf basic;		/* of the header, decoded */
	struct str name, key;		/* empty: not shown */
	char thing[ID_TEXT + 1];
};

static void
est_client_release(struct est_client *e)
{
	secret_release(&e->basic);
}

/* "Basic" and name:password in base64 (RFC 7617), or a key as elsewhere;
 * false: it is not valid */
static bool
est_take_authorization(struct est_client *e, struct str header)
{
	struct str s = http_trim(header);
	const char *colon;
	long n;

	if (s.n < 6 || strncasecmp(s.p, "Basic ", 6) != 0) {
		e->key = authorization_key(header);
		return true;
	}
	s = http_trim(str_from(s, 6));
	if (buf_room(&e->basic, s.n + 3) == NULL ||
	    (n = base64_decode(e->basic.p, s)) < 0)
		return false;
	e->basic.n = (size_t)n;
	colon = memchr(e->basic.p, ':', e->basic.n);
	if (colon == NULL)
		return false;
	e->name = (struct str){ e->basic.p, (size_t)(colon - e->basic.p) };
	e->key = str_from(buf_str(&e->basic), e->name.n + 1);
	return true;
}

static struct rate
est_rate(const struct est_client *e)
{
	return (struct rate){ e->c->api->options.attempts *
	    EST_ADDRESS_FACTOR, EST_MINUTE };
}

static struct str
est_address(const struct est_client *e)
{
	return (struct str){ (const char *)e->address, e->n };
}

/* what the client is told: nothing of keys that exist */
static void
est_refuse(struct est_client *e, enum access_result result)
{
	struct request_ctx *c = e->c;
	struct fault fault;

	if (result == ACCESS_ERROR) {
		fault_set(&fault, EX_TEMPFAIL, "%s",
		    access_fault(c->api->access));
		answer_unable(c->api, c->request, &fault);
		return;
	}
	http_set(c->request, "WWW-Authenticate",
	    "Basic realm=\"mfx\", charset=\"UTF-8\"");
	http_problem(c->request, 401, "the id and the key of a thing, or its "
	    "certificate, are required");
}

static bool
est_may_try(struct est_client *e)
{
	struct request_ctx *c = e->c;
	unsigned wait = rate_limit_take(c->api->limits, EST_FAILING,
	    est_address(e), est_rate(e), c->api->clock);
	char text[16];

	if (wait == 0)
		return true;
	snprintf(text, sizeof text, "%u", wait);
	http_set(c->request, "Retry-After", text);
	http_problem(c->request, 429, "too many attempts; try again later");
	return false;
}

/* the thing that the request shows to be; else it is answered: false */
static bool
est_prove(struct est_client *e)
{
	struct request_ctx *c = e->c;
	struct api *api = c->api;
	const char *why;
	enum access_result result = ACCESS_NO_KEY;

	if (!est_may_try(e))
		return false;
	if (est_take_authorization(e, http_header(c->request,
	    "Authorization")))
		result = thing_auth_identify(api->access, e->key,
		    http_certificate(c->request), e->thing, &why);
	/* whoever gives a name means that thing */
	if (result == ACCESS_YES && e->name.n > 0 &&
	    !str_eq(e->name, str_z(e->thing)))
		result = ACCESS_NO_KEY;
	if (result != ACCESS_NO_KEY)
		rate_limit_give_back(api->limits, EST_FAILING, est_address(e),
		    est_rate(e), api->clock);
	if (result != ACCESS_YES) {
		est_refuse(e, result);
		return false;
	}
	memcpy(c->request->principal, e->thing, sizeof e->thing);
	return true;
}

/* ---- the request ---- */

/* A request is about its connection: its certificate, and the challenge
 * password.  So a replica can't pass it on, and says where it is taken.  Where
 * it does not know that, the registry says who makes changes. */
static bool
est_is_here(struct request_ctx *c)
{
	const char *primary = c->api->options.primary;
	struct buf b;

	if (!c->api->replica || primary == NULL)
		return true;
	buf_init(&b, HTTP1_HEAD_MAX);
	buf_printf(&b, "this registry is a replica: certificates are issued "
	    "at %s/.well-known/est", primary);
	buf_putc(&b, '\0');
	http_problem(c->request, 503, b.p);
	buf_release(&b);
	return false;
}

static bool
est_typed(struct request_ctx *c)
{
	struct str type = http_header(c->request, "Content-Type");
	const struct str want = STR("application/pkcs10");

	if (type.n >= want.n && strncasecmp(type.p, want.p, want.n) == 0 &&
	    (type.n == want.n || type.p[want.n] == ';' ||
	    type.p[want.n] == ' '))
		return true;
	http_problem(c->request, 415, "the body must be application/pkcs10");
	return false;
}

static void
est_take_binding(struct enroll *e)
{
	unsigned char bytes[HTTP_BINDING_MAX];
	size_t n = http_channel_binding(e->request, bytes);

	e->bound = true;
	if (n > 0)
		EVP_EncodeBlock((unsigned char *)e->binding, bytes, (int)n);
}

/* with the request that was sent; NULL: it was answered */
static struct enroll *
est_begin(struct request_ctx *c, const char *thing)
{
	struct enroll *e = enroll_new(c, str_z(thing));

	e->answer = est_answer_issued;
	/* whatever Content-Transfer-Encoding says (RFC 8951 3.1) */
	if (request_decode(&e->csr, c->request->body)) {
		est_take_binding(e);
		return e;
	}
	http_problem(c->request, 400,
	    "the body must be a certificate request in base64");
	enroll_free(e);
	return NULL;
}

static void
est_start(struct enroll *e)
{
	char owner[ID_TEXT + 1];
	struct fault fault;
	int got = item_owner(e->api->registry, ITEM_THING, e->order.thing,
	    owner, &fault);

	if (got > 0) {
		enroll_start(e, owner);
		return;
	}
	if (got < 0)
		answer_unable(e->api, e->request, &fault);
	else
		http_problem(e->request, 403, "no such thing");
	enroll_free(e);
}

static void
est_serve(struct request_ctx *c, bool (*check)(struct est_client *,
    struct enroll *))
{
	struct est_client client = { .c = c };
	struct enroll *e;
	struct fault fault;

	if (!est_typed(c))
		return;
	if (c->api->registry == NULL) {
		fault_set(&fault, EX_TEMPFAIL, "no registry");
		answer_unable(c->api, c->request, &fault);
		return;
	}
	client.n = http_address(c->request, client.address);
	buf_init(&client.basic, EST_AUTHORIZATION_MAX);
	if (est_prove(&client) && est_is_here(c) &&
	    (e = est_begin(c, client.thing)) != NULL) {
		if (check == NULL || check(&client, e))
			est_start(e);
		else
			enroll_free(e);
	}
	est_client_release(&client);
}

void
est_enroll(struct request_ctx *c)
{
	est_serve(c, NULL);
}

/* ---- renewal ---- */

static int
est_take_certificate(void *arg, const struct issued *issued,
    struct fault *fault)
{
	struct enroll *e = arg;

	(void)fault;
	if (issued->revoked == 0 && str_eq(issued->thing, e->order.thing))
		buf_put_str(&e->like, issued->certificate);
	return 1;
}

/* The certificate of the connection is the one to be renewed: one that we have
 * issued to this thing.  Else it is answered: false. */
static bool
est_find_certificate(struct est_client *client, struct enroll *e)
{
	const struct certificate *shown = http_certificate(e->request);
	struct fault fault;

	(void)client;
	if (shown != NULL && shown->kind == CERTIFICATE_THING &&
	    issued_find(e->api->registry, (struct str){
	    (const char *)shown->id.hash, sizeof shown->id.hash },
	    est_take_certificate, e, &fault) < 0) {
		answer_unable(e->api, e->request, &fault);
		return false;
	}
	if (e->like.n > 0)
		return true;
	http_problem(e->request, 403, "the connection needs the certificate "
	    "that is to be renewed, issued here: use simpleenroll for a first "
	    "one");
	return false;
}

void
est_renew(struct request_ctx *c)
{
	est_serve(c, est_find_certificate);
}
