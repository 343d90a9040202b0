/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/ocsp.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <sysexits.h>

#include "certs/build.h"
#include "certs/error.h"
#include "certs/key.h"

#define OCSP_DAY 86400

/* ---- who answers ---- */

int
responder_set_issuer(struct responder *r, const X509 *issuer,
    struct fault *fault)
{
	/* RFC 5019 2.1.1 has SHA-1; others may be asked with */
	const EVP_MD *const hashes[OCSP_HASHES] = { EVP_sha1(), EVP_sha256(),
	    EVP_sha384(), EVP_sha512() };
	int i;

	r->issuer = issuer;
	for (i = 0; i < OCSP_HASHES; i++) {
		r->ids[i] = OCSP_cert_to_id(hashes[i], NULL, issuer);
		if (r->ids[i] == NULL)
			return error_fault(fault, EX_OSERR,
			    "the CA can't be hashed");
	}
	return 0;
}

void
responder_release(struct responder *r)
{
	int i;

	for (i = 0; i < OCSP_HASHES; i++)
		OCSP_CERTID_free(r->ids[i]);
}

const char *
responder_fault(const X509 *x, EVP_PKEY *key, const X509 *issuer, int64_t now)
{
	X509 *asked = (X509 *)(uintptr_t)x, *ca = (X509 *)(uintptr_t)issuer;
	const char *why = NULL;

	if (X509_check_private_key(x, key) != 1)
		why = "the private key is not that of the certificate";
	else if (X509_check_issued(ca, asked) != X509_V_OK ||
	    X509_verify(asked, X509_get0_pubkey(issuer)) != 1)
		why = "the certificate is not issued by that CA";
	else if (X509_get_extended_key_usage(asked) != XKU_OCSP_SIGN)
		why = "the certificate is not for OCSP";
	else if (build_from(x) > now || build_until(x) <= now)
		why = "the certificate is not valid now";
	ERR_clear_error();
	return why;
}

static bool
responder_is_for(const struct responder *r, const OCSP_CERTID *id)
{
	int i;

	for (i = 0; i < OCSP_HASHES; i++)
		if (OCSP_id_issuer_cmp(r->ids[i], id) == 0)
			return true;
	return false;
}

/* ---- the request ---- */

/* What is critical has to be understood; the nonce alone is. */
static bool
ocsp_known_extension(const X509_EXTENSION *e, int known)
{
	return !X509_EXTENSION_get_critical(e) ||
	    OBJ_obj2nid(X509_EXTENSION_get_object((X509_EXTENSION *)
	    (uintptr_t)e)) == known;
}

/* RFC 8954 2.1, RFC 9654 2.1: an octet string in the extension's own */
static bool
ocsp_nonce_valid(const X509_EXTENSION *e)
{
	const ASN1_OCTET_STRING *value =
	    X509_EXTENSION_get_data((X509_EXTENSION *)(uintptr_t)e);
	const unsigned char *at = ASN1_STRING_get0_data(value);
	const unsigned char *end = at + ASN1_STRING_length(value);
	ASN1_OCTET_STRING *nonce = d2i_ASN1_OCTET_STRING(NULL, &at,
	    ASN1_STRING_length(value));
	bool valid = nonce != NULL && at == end &&
	    ASN1_STRING_length(nonce) >= 1 &&
	    ASN1_STRING_length(nonce) <= OCSP_NONCE_MAX;

	ASN1_OCTET_STRING_free(nonce);
	return valid;
}

static bool
ocsp_read_extensions(struct ocsp_request *q)
{
	int i, nonces = 0;

	for (i = 0; i < OCSP_REQUEST_get_ext_count(q->request); i++) {
		const X509_EXTENSION *e = OCSP_REQUEST_get_ext(q->request, i);

		if (!ocsp_known_extension(e, NID_id_pkix_OCSP_Nonce))
			return false;
		if (OBJ_obj2nid(X509_EXTENSION_get_object((X509_EXTENSION *)
		    (uintptr_t)e)) != NID_id_pkix_OCSP_Nonce)
			continue;
		if (nonces++ > 0 || !ocsp_nonce_valid(e))
			return false;
	}
	q->nonce = nonces > 0;
	return true;
}

static void
ocsp_read_serial(struct ocsp_one *one, const ASN1_INTEGER *serial)
{
	if (ASN1_STRING_type(serial) == V_ASN1_INTEGER &&
	    ASN1_STRING_length(serial) == SERIAL_BYTES)
		sodium_bin2hex(one->serial, sizeof one->serial,
		    ASN1_STRING_get0_data(serial), SERIAL_BYTES);
}

static bool
ocsp_read_one(struct ocsp_one *one, OCSP_ONEREQ *asked)
{
	ASN1_INTEGER *serial;
	int i;

	for (i = 0; i < OCSP_ONEREQ_get_ext_count(asked); i++)
		if (!ocsp_known_extension(OCSP_ONEREQ_get_ext(asked, i),
		    NID_undef))
			return false;
	*one = (struct ocsp_one){ .id = OCSP_onereq_get0_id(asked) };
	if (OCSP_id_get0_info(NULL, NULL, NULL, &serial, one->id) == 1)
		ocsp_read_serial(one, serial);
	return true;
}

static bool
ocsp_read_all(struct ocsp_request *q)
{
	int i, n = OCSP_request_onereq_count(q->request);

	if (n < 1 || n > OCSP_CERTIFICATES || !ocsp_read_extensions(q))
		return false;
	for (i = 0; i < n; i++)
		if (!ocsp_read_one(&q->one[i],
		    OCSP_request_onereq_get0(q->request, i)))
			return false;
	q->n = (size_t)n;
	return true;
}

int
ocsp_read(struct ocsp_request *q, struct str der)
{
	const unsigned char *at = (const unsigned char *)der.p;
	bool good;

	*q = (struct ocsp_request){ .n = 0 };
	if (der.n == 0 || der.n > OCSP_REQUEST_MAX)
		return OCSP_RESPONSE_STATUS_MALFORMEDREQUEST;
	q->request = d2i_OCSP_REQUEST(NULL, &at, (long)der.n);
	good = q->request != NULL && (const char *)at == der.p + der.n &&
	    ocsp_read_all(q);
	ERR_clear_error();
	if (good)
		return 0;
	ocsp_release(q);
	return OCSP_RESPONSE_STATUS_MALFORMEDREQUEST;
}

void
ocsp_release(struct ocsp_request *q)
{
	OCSP_REQUEST_free(q->request);
	q->request = NULL;
	q->n = 0;
}

static bool
ocsp_is_for(const struct ocsp_request *q, const struct responder *r)
{
	size_t i;

	for (i = 0; i < q->n; i++)
		if (!responder_is_for(r, q->one[i].id))
			return false;
	return true;
}

const struct responder *
ocsp_find(const struct ocsp_request *q, const struct responder *all, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ocsp_is_for(q, &all[i]))
			return &all[i];
	return NULL;
}

/* ---- the answer ---- */

static ASN1_GENERALIZEDTIME *
ocsp_time(int64_t t)
{
	return ASN1_GENERALIZEDTIME_adj(NULL, 0, (int)(t / OCSP_DAY),
	    (long)(t % OCSP_DAY));
}

static bool
ocsp_add_one(OCSP_BASICRESP *to, const struct ocsp_one *one,
    ASN1_GENERALIZEDTIME *now, ASN1_GENERALIZEDTIME *until)
{
	const struct ocsp_status *s = &one->status;
	ASN1_GENERALIZEDTIME *revoked = NULL;
	int state = !s->known ? V_OCSP_CERTSTATUS_UNKNOWN :
	    s->revoked == 0 ? V_OCSP_CERTSTATUS_GOOD :
	    V_OCSP_CERTSTATUS_REVOKED;
	bool done;

	if (state == V_OCSP_CERTSTATUS_REVOKED &&
	    (revoked = ocsp_time(s->revoked)) == NULL)
		return false;
	/* RFC 5280 5.3.1: no reason rather than that it is unspecified */
	done = OCSP_basic_add1_status(to, one->id, state, s->reason ==
	    REVOKED_UNSPECIFIED ? OCSP_REVOKED_STATUS_NOSTATUS : s->reason,
	    revoked, now, until) != NULL;
	ASN1_GENERALIZEDTIME_free(revoked);
	return done;
}

static bool
ocsp_add_all(OCSP_BASICRESP *to, const struct ocsp_request *q, int64_t from,
    int64_t to_time)
{
	ASN1_GENERALIZEDTIME *now = ocsp_time(from);
	ASN1_GENERALIZEDTIME *until = ocsp_time(to_time);
	bool done = now != NULL && until != NULL;
	size_t i;

	for (i = 0; done && i < q->n; i++)
		done = ocsp_add_one(to, &q->one[i], now, until);
	ASN1_GENERALIZEDTIME_free(now);
	ASN1_GENERALIZEDTIME_free(until);
	return done;
}

static bool
ocsp_put(struct buf *b, OCSP_RESPONSE *response)
{
	unsigned char *der = NULL;
	int n = response != NULL ? i2d_OCSP_RESPONSE(response, &der) : 0;

	if (n > 0)
		buf_put(b, der, (size_t)n);
	OPENSSL_free(der);
	OCSP_RESPONSE_free(response);
	return n > 0 && !b->full;
}

int
ocsp_answer(const struct ocsp_request *q, const struct responder *r,
    int64_t now, int64_t until, struct buf *der, struct fault *fault)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	bool done;

	ERR_clear_error();
	done = basic != NULL && ocsp_add_all(basic, q, now, until) &&
	    (!q->nonce || OCSP_copy_nonce(basic, q->request) == 1) &&
	    /* with the certificate, even of the CA itself: nginx looks for it
	     * nowhere else when that CA is a root */
	    OCSP_basic_sign(basic, r->certificate, r->key, key_digest(r->key),
	    NULL, OCSP_RESPID_KEY) == 1 &&
	    ocsp_put(der, OCSP_response_create(
	    OCSP_RESPONSE_STATUS_SUCCESSFUL, basic));
	OCSP_BASICRESP_free(basic);
	return done ? 0 : error_fault(fault, EX_OSERR,
	    "the answer can't be made");
}

void
ocsp_put_error(struct buf *der, int status)
{
	ocsp_put(der, OCSP_response_create(status, NULL));
}
