/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/verify.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <sodium.h>
#include <stdio.h>
#include <sysexits.h>

#include "certs/build.h"
#include "certs/error.h"
#include "certs/pem.h"
#include "certs/signer.h"
#include "net/certificate.h"
#include "registry/item.h"

static int
verify_trust(void *arg, const struct authority *a, struct fault *fault)
{
	X509_STORE *store = arg;
	struct signer *s = signer_of(a, fault);
	bool done = s != NULL &&
	    X509_STORE_add_cert(store, s->certificate) == 1;

	signer_close(s);
	return done ? 0 : s == NULL ? -1 :
	    error_fault(fault, EX_OSERR, "the CAs can't be read");
}

/* a CA is trusted as such, whatever is above it */
static int
verify_chain(struct registry *r, STACK_OF(X509) *given, int64_t now,
    struct verify_result *v, struct fault *fault)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int result = -1;

	if (store == NULL || ctx == NULL ||
	    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1)
		error_fault(fault, EX_OSERR, "OpenSSL can't be set up");
	else if (authority_each(r, STR_NONE, verify_trust, store, fault) == 0)
		result = 0;
	if (result == 0 && X509_STORE_CTX_init(ctx, store,
	    sk_X509_value(given, 0), given) == 1) {
		X509_STORE_CTX_set_time(ctx, 0, (time_t)now);
		v->valid = X509_verify_cert(ctx) == 1;
		snprintf(v->why, sizeof v->why, "%s",
		    X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(ctx)));
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return result;
}

static void
verify_refuse(struct verify_result *v, const char *why)
{
	v->valid = false;
	snprintf(v->why, sizeof v->why, "%s", why);
}

/* the certificate itself, and CAs between it and the root */
static int
verify_revoked(struct registry *r, STACK_OF(X509) *given,
    struct verify_result *v, struct fault *fault)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n;
	int i, got;

	for (i = 0; i < sk_X509_num(given) && v->valid; i++) {
		if (X509_digest(sk_X509_value(given, i), EVP_sha256(), hash,
		    &n) != 1)
			return error_fault(fault, EX_OSERR,
			    "OpenSSL can't be used");
		got = issued_is_revoked(r, (struct str){ (char *)hash, n },
		    fault);
		if (got < 0)
			return -1;
		if (got > 0)
			verify_refuse(v, i == 0 ? "it is revoked" :
			    "the certificate of its CA is revoked");
	}
	return 0;
}

static int
verify_thing(struct registry *r, const X509 *x, struct verify_result *v,
    struct fault *fault)
{
	struct certificate c;
	bool disabled;
	int got = 1;

	certificate_read(&c, x);
	if (c.kind == CERTIFICATE_THING) {
		memcpy(v->thing, c.text, ID_TEXT);
		got = item_exists(r, ITEM_THING, str_z(v->thing), &disabled,
		    fault);
		if (v->valid && got == 0)
			verify_refuse(v, "its thing does not exist");
		else if (v->valid && got > 0 && disabled)
			verify_refuse(v, "its thing is disabled");
	}
	/* it may be a key */
	sodium_memzero(&c, sizeof c);
	return got < 0 ? -1 : 0;
}

int
verify_certificate(struct registry *r, struct str text, const char *what,
    int64_t now, struct verify_result *v, struct fault *fault)
{
	STACK_OF(X509) *given = pem_read_certificates(text, what, fault);
	int result = -1;

	if (given == NULL)
		return -1;
	*v = (struct verify_result){
		.expires = build_until(sk_X509_value(given, 0))
	};
	build_serial(sk_X509_value(given, 0), v->serial);
	if (verify_chain(r, given, now, v, fault) == 0 &&
	    verify_revoked(r, given, v, fault) == 0 &&
	    verify_thing(r, sk_X509_value(given, 0), v, fault) == 0)
		result = 0;
	certificates_free(given);
	return result;
}
