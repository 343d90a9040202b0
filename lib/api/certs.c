/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/certs.h"
#include "api/enroll.h"
#include "api/handlers.h"
#include "api/parameters.h"
#include "api/state.h"
#include "base/file.h"
#include "base/memory.h"
#include "certs/pem.h"
#include "registry/item.h"

/*
 * Certificates of a user's things, as Mainflux's certs service of 0.11 to 0.13
 * has them.  A private key is in the answer to its request, and nowhere else.
 */
#define CERTS_ANSWER_MAX ((size_t)1 << 20)

/* ---- one, in JSON ---- */

static void
certs_put_time(struct buf *b, const char *name, int64_t t)
{
	char text[STAMP_TEXT];
	size_t n = stamp_print_utc(text, (struct stamp){ t * STAMP_SECOND });

	buf_printf(b, ",\"%s\":\"%.*s\"", name, (int)n, text);
}

static void
certs_put_pem(struct buf *b, const char *label, struct str der)
{
	struct buf pem;

	buf_init(&pem, PEM_MAX);
	pem_put(&pem, label, der);
	json_put_string(b, buf_str(&pem));
	secret_release(&pem);
}

void
certs_put(struct buf *b, const struct issued *c, int64_t now)
{
	buf_printf(b, "{\"thing_id\":\"%.*s\",\"cert_serial\":\"%.*s\"",
	    STR_ARG(c->thing), STR_ARG(c->serial));
	buf_puts(b, ",\"ca\":");
	json_put_string(b, c->authority);
	certs_put_time(b, "issued_at", c->issued);
	/* as it was called in 0.12, and in 0.13 */
	certs_put_time(b, "expires_at", c->expires);
	certs_put_time(b, "expiration", c->expires);
	buf_printf(b, ",\"status\":\"%s\"", c->revoked != 0 ? "revoked" :
	    c->expires <= now ? "expired" : c->held ? "disabled" : "valid");
	if (c->revoked != 0)
		certs_put_time(b, "revocation_time", c->revoked);
}

/* ---- issue ---- */

enum { THING, KEY_TYPE, KEY_BITS, TTL, VALID, CSR, FIELDS };

static const struct {
	const char *type;
	int64_t bits;			/* 0: those of the first one */
	enum key_type key;
} certs_types[] = {
	{ "ec", 256, KEY_P256 }, { "ec", 384, KEY_P384 },
	{ "ecdsa", 256, KEY_P256 }, { "ecdsa", 384, KEY_P384 },
	{ "rsa", 2048, KEY_RSA2048 }, { "rsa", 3072, KEY_RSA3072 },
	{ "rsa", 4096, KEY_RSA4096 }, { "ed25519", 256, KEY_ED25519 },
};
#define CERTS_TYPES (sizeof certs_types / sizeof *certs_types)

static const char *
certs_take_type(struct str type, struct str bits, enum key_type *key)
{
	int64_t n = 0;
	size_t i;

	if (bits.p != NULL && !object_number(bits, &n))
		return "key_bits must be a number";
	if (type.n == 0)
		type = STR("ec");
	for (i = 0; i < CERTS_TYPES; i++)
		if (str_eq(type, str_z(certs_types[i].type)) &&
		    (n == 0 || n == certs_types[i].bits)) {
			*key = certs_types[i].key;
			return NULL;
		}
	return "key_type and key_bits must be rsa with 2048, 3072 or 4096, ec "
	    "with 256 or 384, or ed25519";
}

static const char *
certs_take_ttl(struct str text, int64_t *seconds)
{
	int64_t ns;

	if (text.n == 0)
		return NULL;
	if (!duration_parse(text, &ns) || ns < 60 * STAMP_SECOND ||
	    ns / STAMP_SECOND > (int64_t)ISSUE_DAYS_MAX * ISSUE_DAY)
		return "ttl must be a duration from 1m to 36500d, such as "
		    "\"8760h\"";
	*seconds = ns / STAMP_SECOND;
	return NULL;
}

static const char *
certs_take_order(struct enroll *e, const struct object_field f[FIELDS])
{
	const char *why = NULL;

	if (!uuid_valid(f[THING].value))
		why = "thing_id must be the id of a thing";
	else if (f[CSR].value.n > 0 && (f[KEY_TYPE].value.n > 0 ||
	    f[KEY_BITS].value.p != NULL))
		why = "give csr, or key_type and key_bits, not both";
	if (why == NULL)
		why = certs_take_type(f[KEY_TYPE].value, f[KEY_BITS].value,
		    &e->order.type);
	if (why == NULL)
		why = certs_take_ttl(f[TTL].value.n > 0 ? f[TTL].value :
		    f[VALID].value, &e->order.valid);
	buf_put_str(&e->csr, f[CSR].value);
	return why == NULL && e->csr.full ? "csr is too long" : why;
}

/* the new key, and of what kind it is */
static void
certs_put_key(struct buf *b, const struct enroll *e)
{
	size_t i;

	if (e->issue.key.n == 0)
		return;
	buf_puts(b, ",\"client_key\":");
	certs_put_pem(b, "PRIVATE KEY", buf_str(&e->issue.key));
	for (i = 0; certs_types[i].key != e->order.type; i++)
		;
	buf_printf(b, ",\"private_key_type\":\"%s\",\"key_bits\":%lld",
	    certs_types[i].type, (long long)certs_types[i].bits);
}

static void
certs_put_x509(struct buf *b, const X509 *x)
{
	struct buf pem;

	buf_init(&pem, PEM_MAX);
	pem_put_certificate(&pem, x);
	json_put_string(b, buf_str(&pem));
	buf_release(&pem);
}

static void
certs_put_chain(struct buf *b, const struct signer *ca)
{
	int i;

	buf_puts(b, ",\"issuing_ca\":");
	certs_put_x509(b, ca->certificate);
	buf_puts(b, ",\"ca_chain\":[");
	for (i = -1; i < sk_X509_num(ca->above); i++) {
		buf_puts(b, i >= 0 ? "," : "");
		certs_put_x509(b, i < 0 ? ca->certificate :
		    sk_X509_value(ca->above, i));
	}
	buf_putc(b, ']');
}

static void
certs_answer_issued(struct enroll *e)
{
	const struct issued made = {
		.serial = { e->issue.serial, SERIAL_TEXT },
		.thing = e->order.thing,
		.authority = str_z(e->cas->issuer->name),
		.issued = e->issue.issued, .expires = e->issue.expires,
	};
	char place[sizeof "/certs/" + SERIAL_TEXT];
	struct buf b;

	buf_init(&b, CERTS_ANSWER_MAX);
	certs_put(&b, &made, e->order.now);
	buf_puts(&b, ",\"client_cert\":");
	certs_put_pem(&b, "CERTIFICATE", buf_str(&e->issue.certificate));
	certs_put_key(&b, e);
	certs_put_chain(&b, e->cas->issuer);
	buf_puts(&b, "}\n");
	snprintf(place, sizeof place, "/certs/%s", e->issue.serial);
	http_set(e->request, "Location", place);
	http_set(e->request, "Cache-Control", "no-store");
	answer_json(e->request, 201, buf_str(&b));
	secret_release(&b);
}

bool
certs_find_thing(struct request_ctx *c, const struct user *user,
    struct str thing)
{
	struct fault fault;
	struct item item;
	void *found;

	if (item_find(c->api->registry, ITEM_THING, user, thing, &item,
	    &found, &fault) < 0) {
		answer_fault(c->api, c->request, &fault, 409);
		return false;
	}
	item_found_end(found);
	return true;
}

void
certs_create(struct request_ctx *c)
{
	struct object_field f[] = {
		[THING] = { .name = "thing_id", .type = OBJECT_TEXT },
		[KEY_TYPE] = { .name = "key_type", .type = OBJECT_TEXT },
		[KEY_BITS] = { .name = "key_bits", .type = OBJECT_NUMBER },
		[TTL] = { .name = "ttl", .type = OBJECT_TEXT },
		[VALID] = { .name = "valid", .type = OBJECT_TEXT },
		[CSR] = { .name = "csr", .type = OBJECT_TEXT },
	};
	const struct principal *principal = NULL;
	struct enroll *e;
	const char *why;

	if (!body_read(c, f, FIELDS))
		return;
	e = enroll_new(c, f[THING].value);
	e->answer = certs_answer_issued;
	if ((why = certs_take_order(e, f)) != NULL)
		http_problem(c->request, 400, why);
	else
		principal = auth_user(c, 0);
	if (principal == NULL || !certs_find_thing(c, &principal->user,
	    f[THING].value)) {
		enroll_free(e);
		return;
	}
	e->user = principal->user;
	e->order.owner = &e->user;
	enroll_start(e, e->user.id);
}

/* ---- renew ---- */

static int
certs_take_like(void *arg, const struct issued *c, struct fault *fault)
{
	struct enroll *e = arg;

	(void)fault;
	snprintf(e->thing, sizeof e->thing, "%.*s", STR_ARG(c->thing));
	e->order.thing = str_z(e->thing);
	if (c->revoked == 0)
		buf_put_str(&e->like, c->certificate);
	return 1;
}

/* false: it is not one of the user's that can be renewed, which is answered */
static bool
certs_find_like(struct enroll *e, struct str serial)
{
	char which[SERIAL_TEXT + 1];
	const struct issued_query q = { .which = { which, SERIAL_TEXT },
	    .owner = &e->user, .things = true };
	struct fault fault;
	int got = serial_parse(serial, which) ? issued_each(e->api->registry,
	    &q, certs_take_like, e, &fault) : 0;

	if (got < 0)
		answer_unable(e->api, e->request, &fault);
	else if (e->like.n == 0)
		http_problem(e->request, 404, got == 0 ? "no such certificate" :
		    "no certificate of this serial that is not revoked");
	else
		return true;
	return false;
}

/* how: in the query, as there is nothing else to say */
static const char *
certs_take_renewal(struct request_ctx *c, struct enroll *e)
{
	struct str ttl = STR(""), type = STR(""), bits = STR_NONE;
	const char *why;

	parameter_get(c, "ttl", &ttl);
	parameter_get(c, "key_type", &type);
	parameter_get(c, "key_bits", &bits);
	e->keep_key = !parameter_is_true(c, "new_key");
	if (e->keep_key && (type.n > 0 || bits.p != NULL))
		return "key_type and key_bits need new_key=true";
	why = certs_take_type(type, bits, &e->order.type);
	return why != NULL ? why : certs_take_ttl(ttl, &e->order.valid);
}

void
certs_renew(struct request_ctx *c)
{
	const struct principal *principal = auth_user(c, 0);
	struct enroll *e;
	const char *why;

	if (principal == NULL)
		return;
	e = enroll_new(c, STR(""));
	e->answer = certs_answer_issued;
	e->user = principal->user;
	e->order.owner = &e->user;
	if ((why = certs_take_renewal(c, e)) != NULL) {
		http_problem(c->request, 400, why);
	} else if (certs_find_like(e, c->id[0])) {
		if (parameter_is_true(c, "replace"))
			serial_parse(c->id[0], e->replaced);
		enroll_start(e, e->user.id);
		return;
	}
	enroll_free(e);
}

/* ---- show ---- */

static int
certs_show_one(void *arg, const struct issued *issued, struct fault *fault)
{
	struct request_ctx *c = arg;
	struct buf *b = &c->api->answer;

	(void)fault;
	certs_put(b, issued, c->api->now);
	buf_puts(b, ",\"client_cert\":");
	certs_put_pem(b, "CERTIFICATE", issued->certificate);
	buf_puts(b, "}\n");
	return 1;
}

void
certs_show(struct request_ctx *c)
{
	const struct principal *principal = auth_user(c, 0);
	char serial[SERIAL_TEXT + 1];
	struct issued_query q = { .which = { serial, SERIAL_TEXT },
	    .things = true };
	struct fault fault;
	int got = 0;

	if (principal == NULL)
		return;
	q.owner = &principal->user;
	if (serial_parse(c->id[0], serial))
		got = issued_each(c->api->registry, &q, certs_show_one, c,
		    &fault);
	if (got < 0)
		answer_unable(c->api, c->request, &fault);
	else if (got == 0)
		http_problem(c->request, 404, "no such certificate");
	else
		answer_json(c->request, 200, buf_str(&c->api->answer));
}

/* ---- revoke ---- */

struct certs_revocation {
	struct api_change change;
	struct api *api;
	struct http_request *request;
	struct user user;
	char which[ID_TEXT + 1];
	int64_t now;
	enum revoked_reason reason;
};

static int
certs_revoke(struct api_change *c, struct registry *r, struct fault *fault)
{
	struct certs_revocation *v = (struct certs_revocation *)c;
	const struct issued_query q = { .which = str_z(v->which),
	    .owner = &v->user, .now = v->now, .things = true };
	uint64_t n;

	if (issued_revoke(r, &q, v->reason, &n, fault) < 0)
		return -1;
	return n > 0 ? 0 : fault_set(fault, 1, "no valid certificate '%s'",
	    v->which);
}

static void
certs_revoked(struct task *t)
{
	struct certs_revocation *v = (struct certs_revocation *)t;
	struct buf b;

	buf_init(&b, CERTS_ANSWER_MAX);
	if (v->change.result < 0) {
		answer_fault(v->api, v->request, &v->change.fault, 409);
	} else {
		state_recovered(v->api);
		certs_put_time(&b, "revocation_time", v->now);
		*b.p = '{';
		buf_puts(&b, "}\n");
		answer_json(v->request, 200, buf_str(&b));
	}
	buf_release(&b);
	free(v);
}

/* false: it is not a reason, which is answered */
static bool
certs_take_reason(struct request_ctx *c, enum revoked_reason *reason)
{
	static const struct {
		const char *word;
		enum revoked_reason reason;
	} reasons[] = {
		{ "unspecified", REVOKED_UNSPECIFIED }, { "key", REVOKED_KEY },
		{ "affiliation", REVOKED_AFFILIATION },
		{ "superseded", REVOKED_SUPERSEDED },
		{ "cessation", REVOKED_CESSATION },
	};
	struct str value;
	size_t i;

	*reason = REVOKED_UNSPECIFIED;
	if (parameter_get(c, "reason", &value) == 0)
		return true;
	for (i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (str_eq(value, str_z(reasons[i].word))) {
			*reason = reasons[i].reason;
			return true;
		}
	http_problem(c->request, 400, "reason must be unspecified, key, "
	    "affiliation, superseded or cessation");
	return false;
}

void
certs_remove(struct request_ctx *c)
{
	const struct principal *principal;
	struct certs_revocation *v;
	char which[ID_TEXT + 1];
	enum revoked_reason reason;

	if (!certs_take_reason(c, &reason) ||
	    (principal = auth_user(c, 0)) == NULL)
		return;
	if (uuid_valid(c->id[0])) {
		snprintf(which, sizeof which, "%.*s", STR_ARG(c->id[0]));
	} else if (!serial_parse(c->id[0], which)) {
		http_problem(c->request, 404, "no such certificate");
		return;
	}
	v = memory_zero(1, sizeof *v);
	v->api = c->api;
	v->request = c->request;
	v->user = principal->user;
	v->now = c->api->now;
	v->reason = reason;
	memcpy(v->which, which, sizeof which);
	v->change.make = certs_revoke;
	v->change.task.done = certs_revoked;
	registry_writer_add(c->api->writer, &v->change);
}
