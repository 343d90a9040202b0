/* SPDX-License-Identifier: Apache-2.0 */
#include "api/enroll.h"

#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/state.h"
#include "base/file.h"
#include "base/memory.h"
#include "certs/pem.h"
#include "certs/request.h"
#include "net/rate_limit.h"

#define ENROLL_CHALLENGE_MAX 1024
/* what is counted, by the id of the thing */
#define ENROLLING 'e'
static const struct rate enroll_rate = { ENROLL_HOURLY, 3600 * STAMP_SECOND };

struct enroll *
enroll_new(struct request_ctx *c, struct str thing)
{
	struct enroll *e = memory_zero(1, sizeof *e);

	e->api = c->api;
	e->request = c->request;
	snprintf(e->thing, sizeof e->thing, "%.*s", STR_ARG(thing));
	buf_init(&e->csr, ENROLL_BODY);
	buf_init(&e->like, PEM_MAX);
	issue_init(&e->issue);
	e->order = (struct order){
		.kind = BUILD_THING, .thing = str_z(e->thing),
		.now = c->api->now,
		.valid = c->api->options.certs->days * ISSUE_DAY,
		.ocsp = c->api->options.certs->ocsp,
		.crl = c->api->options.certs->crl_url,
	};
	return e;
}

void
enroll_free(struct enroll *e)
{
	if (e->cas != NULL)
		ca_set_put(e->cas);
	EVP_PKEY_free(e->key);
	buf_release(&e->csr);
	buf_release(&e->like);
	issue_release(&e->issue);
	free(e);
}

/* ---- in a thread of the pool ---- */

/* RFC 7030 3.5: a challenge password is that of this connection, or it may be
 * the request of somebody who listened to another one */
static int
enroll_check_challenge(const struct enroll *e, X509_REQ *request,
    struct fault *fault)
{
	struct buf given;
	int got;

	if (!e->bound)
		return 0;
	buf_init(&given, ENROLL_CHALLENGE_MAX);
	got = request_challenge(request, &given, fault);
	if (got > 0 && (*e->binding == '\0' ||
	    !str_eq(buf_str(&given), str_z(e->binding))))
		got = fault_set(fault, EX_DATAERR, "the challenge password of "
		    "the request is not the channel binding of this "
		    "connection: tls-unique, or tls-exporter in TLS 1.3");
	buf_release(&given);
	return got < 0 ? -1 : 0;
}

static int
enroll_check_like(const struct enroll *e, X509_REQ *request,
    struct fault *fault)
{
	X509 *x;
	int result;

	if (e->like.n == 0)
		return 0;
	if ((x = der_read_certificate(buf_str(&e->like), fault)) == NULL)
		return -1;
	result = request_is_like(request, x, fault);
	X509_free(x);
	return result;
}

static int
enroll_read_request(struct enroll *e, struct fault *fault)
{
	X509_REQ *request = request_read(buf_str(&e->csr), "csr", fault);
	int result = -1;

	if (request == NULL)
		return -1;
	if (request_is_for(request, e->order.thing, fault) == 0 &&
	    enroll_check_like(e, request, fault) == 0 &&
	    enroll_check_challenge(e, request, fault) == 0) {
		e->order.key = e->key = X509_REQ_get_pubkey(request);
		result = 0;
	}
	X509_REQ_free(request);
	return result;
}

/* of the certificate that is renewed */
static int
enroll_keep_key(struct enroll *e, struct fault *fault)
{
	X509 *x = der_read_certificate(buf_str(&e->like), fault);

	if (x == NULL)
		return -1;
	e->order.key = e->key = X509_get_pubkey(x);
	X509_free(x);
	return e->key != NULL ? 0 : fault_set(fault, EX_DATAERR,
	    "the key of the certificate can't be read");
}

static void
enroll_run(struct task *t)
{
	struct enroll *e = (struct enroll *)t;
	struct fault *fault = &e->signing.change.fault;

	e->made = signer_check(e->cas->issuer, e->order.now, fault);
	if (e->made == 0 && e->csr.n > 0)
		e->made = enroll_read_request(e, fault);
	else if (e->made == 0 && e->keep_key)
		e->made = enroll_keep_key(e, fault);
	if (e->made == 0)
		e->made = issue_make(&e->issue, e->cas->issuer, &e->order,
		    fault);
}

/* ---- in the registry writer ---- */

static int
enroll_add(struct api_change *c, struct registry *r, struct fault *fault)
{
	struct enroll *e = (struct enroll *)c;
	const struct api_certs *o = e->api->options.certs;
	const struct issued_most most = { o->per_thing, o->per_user };
	const struct issued_query old = { .which = str_z(e->replaced),
	    .owner = e->order.owner, .now = e->order.now, .things = true };
	uint64_t n;

	if (issued_room(r, e->thing, e->order.now, &most, fault) < 0 ||
	    issue_add(&e->issue, r, e->cas->issuer, &e->order, fault) < 0)
		return -1;
	return *e->replaced == '\0' ? 0 : issued_revoke(r, &old,
	    REVOKED_SUPERSEDED, &n, fault);
}

/* ---- in the loop ---- */

static void
enroll_give_back(struct enroll *e)
{
	rate_limit_give_back(e->api->limits, ENROLLING, e->order.thing,
	    enroll_rate, e->api->clock);
}

/* no certificate was issued */
static void
enroll_refuse(struct enroll *e, const struct fault *fault)
{
	enroll_give_back(e);
	/* which CA there is, and until when, is no secret */
	if (fault->status == EX_CONFIG) {
		state_complain(e->api, fault);
		http_problem(e->request, 503, fault->text);
	} else {
		answer_fault(e->api, e->request, fault, 400);
	}
	enroll_free(e);
}

static void
enroll_drop(struct signing *s)
{
	struct enroll *e = (struct enroll *)s;

	http_problem(e->request, 503, "the service is being stopped");
	enroll_free(e);
}

static void
enroll_added(struct task *t)
{
	struct enroll *e = (struct enroll *)t;

	if (e->signing.change.result < 0) {
		enroll_refuse(e, &e->signing.change.fault);
		return;
	}
	state_recovered(e->api);
	e->answer(e);
	enroll_free(e);
}

static void
enroll_made(struct task *t)
{
	struct enroll *e = (struct enroll *)t;

	signing_done(&e->signing);
	if (e->made < 0) {
		enroll_refuse(e, &e->signing.change.fault);
		return;
	}
	e->signing.change.make = enroll_add;
	e->signing.change.task.done = enroll_added;
	registry_writer_add(e->api->writer, &e->signing.change);
}

void
enroll_start(struct enroll *e, const char *owner)
{
	unsigned wait = rate_limit_take(e->api->limits, ENROLLING,
	    e->order.thing, enroll_rate, e->api->clock);
	char text[16];

	if (wait > 0) {
		snprintf(text, sizeof text, "%u", wait);
		http_set(e->request, "Retry-After", text);
		http_problem(e->request, 429, "too many certificates for this "
		    "thing; try again later");
		enroll_free(e);
		return;
	}
	e->cas = ca_set_get(e->api);
	if (e->cas->issuer == NULL) {
		enroll_refuse(e, &e->cas->why);
		return;
	}
	e->signing.change.task.run = enroll_run;
	e->signing.change.task.done = enroll_made;
	e->signing.drop = enroll_drop;
	if (signing_add(e->api, str_z(owner), &e->signing,
	    e->csr.n == 0 && e->order.type >= KEY_RSA2048))
		return;
	enroll_give_back(e);
	http_problem(e->request, 503,
	    "too many certificates are being made; try again later");
	enroll_free(e);
}
