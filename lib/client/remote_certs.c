/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/stamp.h"
#include "client/remote.h"
#include "client/session.h"

/* Certificates of things, at a mfx-api. */

#define CERTS_PAGE 100
#define CERTS_PAGE_MAX ((size_t)1 << 20)
#define CERTS_PATH_MAX 256

/* ---- issue ---- */

/* all but the last, which is the root */
static bool
remote_take_time(struct str text, int64_t *t)
{
	struct stamp stamp;

	if (!stamp_parse(text, (struct stamp){ 0 }, &stamp))
		return false;
	*t = stamp.ns / STAMP_SECOND;
	return true;
}

static int
remote_put_between(struct session *s, struct str json, struct buf *pem,
    struct fault *fault)
{
	struct str element, text = STR("");
	struct object_array array;
	int got;

	object_array_init(&array, json, &s->scratch);
	while ((got = object_array_next(&array, &element)) > 0) {
		buf_put_str(pem, text);
		if (!object_text(element, &s->scratch, &text))
			got = -1;
		if (got < 0)
			break;
	}
	return got < 0 ? session_unexpected(s, "certificates", fault) : 0;
}

static int
remote_take_cert(struct session *s, struct client_issued *to,
    struct fault *fault)
{
	enum { CERT, KEY, CHAIN, SERIAL, EXPIRES, FIELDS };
	struct object_field f[] = {
		[CERT] = { .name = "client_cert" },
		[KEY] = { .name = "client_key" },
		[CHAIN] = { .name = "ca_chain", .type = OBJECT_TEXTS },
		[SERIAL] = { .name = "cert_serial" },
		[EXPIRES] = { .name = "expiration" },
	};

	if (session_read(s, buf_str(&s->body), f, FIELDS, fault) < 0)
		return -1;
	if (f[CERT].value.n == 0 || f[CHAIN].value.p == NULL ||
	    !serial_parse(f[SERIAL].value, to->serial) ||
	    !remote_take_time(f[EXPIRES].value, &to->expires))
		return session_unexpected(s, "a certificate", fault);
	buf_put_str(&to->key, f[KEY].value);
	buf_put_str(&to->certificate, f[CERT].value);
	return remote_put_between(s, f[CHAIN].value, &to->certificate, fault);
}

static int
remote_cert_renew(struct session *s, const struct client_cert *cert,
    struct client_issued *to, struct fault *fault)
{
	char path[CERTS_PATH_MAX], key[64] = "", ttl[32] = "";
	const struct ask ask = { .method = "POST", .path = path,
	    .limit = CERTS_PAGE_MAX, .change = true };

	if (cert->key_type != NULL)
		snprintf(key, sizeof key, "&new_key=true&key_type=%s"
		    "&key_bits=%" PRId64, cert->key_type, cert->key_bits);
	if (cert->valid > 0)
		snprintf(ttl, sizeof ttl, "&ttl=%" PRId64 "s", cert->valid);
	snprintf(path, sizeof path, "/certs/%s/renew?replace=%s%s%s",
	    cert->renews, cert->replace ? "true" : "false", key, ttl);
	return session_ask(s, &ask, fault) < 0 ? -1 :
	    remote_take_cert(s, to, fault);
}

int
remote_cert_issue(struct client *c, const struct client_cert *cert,
    struct client_issued *to, struct fault *fault)
{
	char bits[24] = "", ttl[24] = "";
	struct object_field f[] = {
		{ .name = "thing_id", .value = cert->thing },
		{ .name = "key_type", .value = str_z(cert->key_type) },
		{ .name = "key_bits", .type = OBJECT_NUMBER },
		{ .name = "ttl" }, { .name = "csr", .value = cert->csr },
	};
	struct ask ask = { .method = "POST", .path = "/certs",
	    .limit = CERTS_PAGE_MAX, .change = true };

	if (cert->renews != NULL)
		return remote_cert_renew(c->session, cert, to, fault);
	if (cert->key_bits > 0) {
		snprintf(bits, sizeof bits, "%" PRId64, cert->key_bits);
		f[2].value = str_z(bits);
	}
	if (cert->valid > 0)
		snprintf(ttl, sizeof ttl, "%" PRId64 "s", cert->valid);
	f[3].value = str_z(ttl);
	return session_send(c->session, &ask, f, sizeof f / sizeof *f,
	    fault) < 0 ? -1 : remote_take_cert(c->session, to, fault);
}

/* ---- revoke ---- */

int
remote_cert_revoke(struct client *c, const char *which, const char *reason,
    struct fault *fault)
{
	char path[CERTS_PATH_MAX];
	const struct ask ask = { .method = "DELETE", .path = path,
	    .change = true };

	snprintf(path, sizeof path, "/certs/%s?reason=%s", which, reason);
	return session_ask(c->session, &ask, fault);
}

/* ---- show ---- */

static int
remote_show_cert(struct session *s, struct str json,
    int (*each)(void *, const struct issued *, struct fault *), void *arg,
    struct fault *fault)
{
	enum { THING, SERIAL, ISSUED, EXPIRES, REVOKED, STATUS, CA };
	struct object_field f[] = {
		[THING] = { .name = "thing_id" },
		[SERIAL] = { .name = "cert_serial" },
		[ISSUED] = { .name = "issued_at" },
		[EXPIRES] = { .name = "expiration" },
		[REVOKED] = { .name = "revocation_time" },
		[STATUS] = { .name = "status" },
		[CA] = { .name = "ca" },
	};
	struct issued one = { .name = STR(""), .authority = STR("") };

	if (session_read(s, json, f, sizeof f / sizeof *f, fault) < 0)
		return -1;
	one.thing = f[THING].value;
	one.serial = f[SERIAL].value;
	if (f[CA].value.n > 0)
		one.authority = f[CA].value;
	one.held = str_eq(f[STATUS].value, STR("disabled"));
	if (one.thing.n == 0 || one.serial.n == 0 ||
	    !remote_take_time(f[ISSUED].value, &one.issued) ||
	    !remote_take_time(f[EXPIRES].value, &one.expires) ||
	    (f[REVOKED].value.n > 0 &&
	    !remote_take_time(f[REVOKED].value, &one.revoked)))
		return session_unexpected(s, "a certificate", fault);
	return each(arg, &one, fault);
}

/* one page: how many there were, or -1 */
static int
remote_show_certs(struct session *s, int (*each)(void *,
    const struct issued *, struct fault *), void *arg, struct fault *fault)
{
	struct object_field f = { .name = "certs", .type = OBJECT_TEXTS };
	struct object_array array;
	struct arena arena;
	struct str element;
	int got = -1, shown = 0, n;

	if (session_read(s, buf_str(&s->body), &f, 1, fault) < 0)
		return -1;
	if (f.value.p == NULL)
		return session_unexpected(s, "a page of a list", fault);
	/* what is read of one does not touch this */
	arena_init(&arena, CERTS_PAGE_MAX);
	object_array_init(&array, f.value, &arena);
	for (n = 0; shown == 0 && (got = object_array_next(&array,
	    &element)) > 0; n++)
		shown = remote_show_cert(s, element, each, arg, fault);
	arena_release(&arena);
	/* who shows them wants no more */
	if (shown != 0)
		return shown < 0 ? -1 : 0;
	return got == 0 ? n : session_unexpected(s, "a page of a list",
	    fault);
}

int
remote_cert_each(struct client *c, const char *which, int (*each)(void *,
    const struct issued *, struct fault *), void *arg, struct fault *fault)
{
	char path[CERTS_PATH_MAX];
	const struct ask ask = { .path = path, .limit = CERTS_PAGE_MAX };
	uint64_t offset;
	int n;

	if (which != NULL && !uuid_valid(str_z(which))) {
		snprintf(path, sizeof path, "/certs/%s", which);
		return session_ask(c->session, &ask, fault) < 0 ||
		    remote_show_cert(c->session, buf_str(&c->session->body),
		    each, arg, fault) < 0 ? -1 : 0;
	}
	for (offset = 0;; offset += CERTS_PAGE) {
		snprintf(path, sizeof path, "%s%s?offset=%" PRIu64
		    "&limit=%d", which != NULL ? "/serials/" : "/certs",
		    which != NULL ? which : "", offset, CERTS_PAGE);
		if (session_ask(c->session, &ask, fault) < 0)
			return -1;
		n = remote_show_certs(c->session, each, arg, fault);
		if (n < CERTS_PAGE)
			return n < 0 ? -1 : 0;
	}
}
