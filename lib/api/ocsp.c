/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ocsp.h"

#include <sodium.h>
#include <stdlib.h>
#include <strings.h>

#include "api/ca_set.h"
#include "api/handlers.h"
#include "api/request_ctx.h"
#include "api/signing.h"
#include "api/state.h"
#include "base/base64.h"
#include "base/hash.h"
#include "base/memory.h"
#include "http/response.h"

/*
 * OCSP over HTTP (RFC 6960 appendix A), as in the profile of RFC 5019.
 *
 * The status of a certificate is looked up in the loop, so that an answer says
 * what the registry says at that moment.  Signatures are made by the pool, by
 * turns of the addresses that ask; one for a request of one certificate without
 * a nonce is kept for those who ask the same, until the status is another one
 * or half of its time has passed.
 */
#define OCSP_VALID 3600		/* seconds */
#define OCSP_FRESH (OCSP_VALID / 2)
#define OCSP_ANSWER_MAX ((size_t)32 << 10)
#define OCSP_TYPE "application/ocsp-response"
/* what is kept, and of that what an attacker's names may push out */
#define OCSP_KEPT 4096
#define OCSP_KEY_MAX 256
#define OCSP_TAG 32

struct ocsp_kept {
	unsigned char key[OCSP_KEY_MAX];	/* DER of the CertID */
	size_t key_n;			/* 0: nothing is kept */
	uint64_t cas;			/* the number of the set */
	struct ocsp_status status;
	int64_t since;			/* seconds since 1970 */
	char tag[OCSP_TAG + 1];
	struct buf der;
};

struct ocsp_cache {
	uint64_t seed;
	struct ocsp_kept kept[OCSP_KEPT];
};

struct ocsp_question {
	struct signing signing;
	struct api *api;
	struct http_request *request;
	struct ca_set *cas;
	const struct responder *responder;
	struct ocsp_request asked;
	int64_t now;
	struct buf der;
	int made;
};

/* ---- what is kept ---- */

struct ocsp_cache *
ocsp_cache_open(void)
{
	struct ocsp_cache *cache = memory_zero(1, sizeof *cache);
	size_t i;

	cache->seed = hash_seed();
	for (i = 0; i < OCSP_KEPT; i++)
		buf_init(&cache->kept[i].der, OCSP_ANSWER_MAX);
	return cache;
}

void
ocsp_cache_close(struct ocsp_cache *cache)
{
	size_t i;

	for (i = 0; cache != NULL && i < OCSP_KEPT; i++)
		buf_release(&cache->kept[i].der);
	free(cache);
}

/* May its answer be kept, and under which key?  Else 0. */
static size_t
ocsp_key(const struct ocsp_request *q, unsigned char key[OCSP_KEY_MAX])
{
	int n = i2d_OCSP_CERTID(q->one[0].id, NULL);

	if (q->n != 1 || q->nonce || n <= 0 || n > OCSP_KEY_MAX)
		return 0;
	return (size_t)i2d_OCSP_CERTID(q->one[0].id, &key);
}

static struct ocsp_kept *
ocsp_place(struct ocsp_cache *cache, struct str key)
{
	return &cache->kept[hash_seeded(cache->seed, key) % OCSP_KEPT];
}

static bool
ocsp_same_status(const struct ocsp_status *a, const struct ocsp_status *b)
{
	return a->known == b->known && a->revoked == b->revoked &&
	    a->reason == b->reason;
}

/* the answer that still holds, or NULL */
static const struct ocsp_kept *
ocsp_kept(const struct ocsp_question *o)
{
	unsigned char key[OCSP_KEY_MAX];
	size_t n = ocsp_key(&o->asked, key);
	const struct ocsp_kept *k = ocsp_place(o->api->ocsp,
	    (struct str){ (const char *)key, n });

	return n > 0 && k->key_n == n && memcmp(k->key, key, n) == 0 &&
	    k->cas == o->cas->number &&
	    ocsp_same_status(&k->status, &o->asked.one[0].status) &&
	    o->now >= k->since && o->now - k->since < OCSP_FRESH ? k : NULL;
}

static void
ocsp_keep(struct ocsp_question *o)
{
	unsigned char key[OCSP_KEY_MAX], hash[OCSP_TAG / 2];
	size_t n = ocsp_key(&o->asked, key);
	struct ocsp_kept *k;

	if (n == 0)
		return;
	k = ocsp_place(o->api->ocsp, (struct str){ (const char *)key, n });
	memcpy(k->key, key, n);
	k->key_n = n;
	k->cas = o->cas->number;
	k->status = o->asked.one[0].status;
	k->since = o->now;
	crypto_generichash(hash, sizeof hash, (unsigned char *)o->der.p,
	    o->der.n, NULL, 0);
	sodium_bin2hex(k->tag, sizeof k->tag, hash, sizeof hash);
	buf_clear(&k->der);
	buf_put_str(&k->der, buf_str(&o->der));
}

/* ---- answers ---- */

static void
ocsp_set_date(struct http_request *r, const char *name, int64_t t)
{
	char date[HTTP_DATE_TEXT + 1];

	http_date_print(date, (struct stamp){ t * STAMP_SECOND });
	date[HTTP_DATE_TEXT] = '\0';
	http_set(r, name, date);
}

/* RFC 5019 6.2: how long caches may have it */
static void
ocsp_answer_kept(struct ocsp_question *o, const struct ocsp_kept *k)
{
	struct http_request *r = o->request;
	char text[80];

	snprintf(text, sizeof text, "max-age=%lld, public, no-transform, "
	    "must-revalidate", (long long)(k->since + OCSP_FRESH - o->now));
	http_set(r, "Cache-Control", text);
	ocsp_set_date(r, "Last-Modified", k->since);
	ocsp_set_date(r, "Expires", k->since + OCSP_VALID);
	snprintf(text, sizeof text, "\"%s\"", k->tag);
	http_set(r, "ETag", text);
	http_answer_text(r, 200, OCSP_TYPE, buf_str(&k->der));
}

static void
ocsp_answer_once(struct http_request *r, struct str der)
{
	http_set(r, "Cache-Control", "no-store");
	http_answer_text(r, 200, OCSP_TYPE, der);
}

/* RFC 6960 A.2: in an answer of OCSP, and not by a status of HTTP */
static void
ocsp_answer_error(struct http_request *r, int status)
{
	struct buf der;

	buf_init(&der, OCSP_ANSWER_MAX);
	ocsp_put_error(&der, status);
	ocsp_answer_once(r, buf_str(&der));
	buf_release(&der);
}

static void
ocsp_free(struct ocsp_question *o)
{
	if (o->cas != NULL)
		ca_set_put(o->cas);
	ocsp_release(&o->asked);
	buf_release(&o->der);
	free(o);
}

static void
ocsp_refuse(struct ocsp_question *o, int status)
{
	ocsp_answer_error(o->request, status);
	ocsp_free(o);
}

/* ---- signing ---- */

static void
ocsp_run(struct task *t)
{
	struct ocsp_question *o = (struct ocsp_question *)t;

	o->made = ocsp_answer(&o->asked, o->responder, o->now,
	    o->now + OCSP_VALID, &o->der, &o->signing.change.fault);
}

static void
ocsp_done(struct task *t)
{
	struct ocsp_question *o = (struct ocsp_question *)t;
	const struct ocsp_kept *k;

	signing_done(&o->signing);
	if (o->made < 0) {
		state_complain(o->api, &o->signing.change.fault);
		ocsp_refuse(o, OCSP_RESPONSE_STATUS_INTERNALERROR);
		return;
	}
	ocsp_keep(o);
	if ((k = ocsp_kept(o)) != NULL)
		ocsp_answer_kept(o, k);
	else
		ocsp_answer_once(o->request, buf_str(&o->der));
	ocsp_free(o);
}

static void
ocsp_drop(struct signing *s)
{
	ocsp_refuse((struct ocsp_question *)s, OCSP_RESPONSE_STATUS_TRYLATER);
}

static void
ocsp_sign(struct ocsp_question *o)
{
	char owner[1 + 16];
	size_t n;

	owner[0] = 'o';
	n = http_address(o->request, (unsigned char *)owner + 1);
	o->signing.change.task.run = ocsp_run;
	o->signing.change.task.done = ocsp_done;
	o->signing.drop = ocsp_drop;
	if (!signing_add(o->api, (struct str){ owner, 1 + n }, &o->signing,
	    false))
		ocsp_refuse(o, OCSP_RESPONSE_STATUS_TRYLATER);
}

/* ---- status ---- */

static int
ocsp_take_status(void *arg, const struct issued *c, struct fault *fault)
{
	struct ocsp_status *s = arg;

	(void)fault;
	s->known = true;
	s->revoked = c->revoked;
	s->reason = c->reason;
	/* since when, nothing says */
	if (c->revoked == 0 && c->held) {
		s->revoked = c->issued;
		s->reason = REVOKED_HOLD;
	}
	return 1;
}

static bool
ocsp_look_up(struct ocsp_question *o)
{
	struct issued_query q = { .authority = str_z(o->responder->name) };
	struct ocsp_one *one;
	struct fault fault;
	size_t i;

	for (i = 0; i < o->asked.n; i++) {
		one = &o->asked.one[i];
		q.which = str_z(one->serial);
		if (q.which.n == 0)
			continue;
		if (o->api->registry == NULL || issued_each(o->api->registry,
		    &q, ocsp_take_status, &one->status, &fault) < 0)
			return false;
	}
	return true;
}

/* ---- requests ---- */

static void
ocsp_ask(struct request_ctx *c, struct str der)
{
	struct ocsp_question *o = memory_zero(1, sizeof *o);
	const struct ocsp_kept *k;

	o->api = c->api;
	o->request = c->request;
	o->now = c->api->now;
	buf_init(&o->der, OCSP_ANSWER_MAX);
	o->cas = ca_set_get(c->api);
	if (ocsp_read(&o->asked, der) != 0) {
		ocsp_refuse(o, OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
		return;
	}
	o->responder = ocsp_find(&o->asked, o->cas->responders, o->cas->n);
	/* RFC 5019 2.2.3: it is not asked about one CA of ours */
	if (o->responder == NULL || o->responder->until <= o->now) {
		ocsp_refuse(o, OCSP_RESPONSE_STATUS_UNAUTHORIZED);
	} else if (!ocsp_look_up(o)) {
		ocsp_refuse(o, OCSP_RESPONSE_STATUS_TRYLATER);
	} else if ((k = ocsp_kept(o)) != NULL) {
		ocsp_answer_kept(o, k);
		ocsp_free(o);
	} else {
		ocsp_sign(o);
	}
}

void
ocsp_post(struct request_ctx *c)
{
	struct str type = http_header(c->request, "Content-Type");
	const struct str want = STR("application/ocsp-request");

	if (type.n != want.n || strncasecmp(type.p, want.p, want.n) != 0)
		http_problem(c->request, 415,
		    "the body must be application/ocsp-request");
	else
		ocsp_ask(c, c->request->body);
}

/* RFC 6960 A.1: in base64, percent-encoded */
void
ocsp_get(struct request_ctx *c)
{
	struct str text = c->id[0];
	char der[OCSP_REQUEST_MAX + 3];
	long n = -1;

	if (text.n <= OCSP_REQUEST_MAX / 3 * 4)
		n = base64_decode(der, text);
	if (n < 0)
		ocsp_answer_error(c->request,
		    OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
	else
		ocsp_ask(c, (struct str){ der, (size_t)n });
}
