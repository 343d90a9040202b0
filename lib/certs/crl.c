/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/crl.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <sysexits.h>

#include "certs/build.h"
#include "certs/error.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "registry/issued.h"

struct crl {
	X509_CRL *list;
	int64_t now;
	uint64_t n;
};

/* ---- one entry ---- */

static bool
crl_set_serial(X509_REVOKED *entry, struct str serial)
{
	unsigned char bytes[SERIAL_BYTES];
	ASN1_INTEGER *number;
	BIGNUM *n = NULL;
	bool done;

	if (serial.n != SERIAL_TEXT || sodium_hex2bin(bytes, sizeof bytes,
	    serial.p, serial.n, NULL, NULL, NULL) != 0)
		return false;
	n = BN_bin2bn(bytes, sizeof bytes, NULL);
	number = n ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
	done = number != NULL &&
	    X509_REVOKED_set_serialNumber(entry, number) == 1;
	ASN1_INTEGER_free(number);
	BN_free(n);
	return done;
}

/* RFC 5280 5.3.1: the extension is left out when nothing is known */
static bool
crl_set_reason(X509_REVOKED *entry, int reason)
{
	ASN1_ENUMERATED *e;
	bool done;

	if (reason == REVOKED_UNSPECIFIED)
		return true;
	e = ASN1_ENUMERATED_new();
	done = e != NULL && ASN1_ENUMERATED_set(e, reason) == 1 &&
	    X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, e, 0, 0) == 1;
	ASN1_ENUMERATED_free(e);
	return done;
}

static bool
crl_set_date(X509_REVOKED *entry, int64_t t)
{
	ASN1_TIME *date = ASN1_TIME_new();
	bool done = date != NULL && build_time(date, t) &&
	    X509_REVOKED_set_revocationDate(entry, date) == 1;

	ASN1_TIME_free(date);
	return done;
}

static int
crl_add(void *arg, const struct issued *c, struct fault *fault)
{
	struct crl *crl = arg;
	X509_REVOKED *entry = X509_REVOKED_new();
	bool done = entry != NULL && crl_set_serial(entry, c->serial) &&
	    crl_set_date(entry, c->revoked ? c->revoked : crl->now) &&
	    crl_set_reason(entry, c->revoked ? c->reason : REVOKED_HOLD) &&
	    X509_CRL_add0_revoked(crl->list, entry) == 1;

	if (!done) {
		X509_REVOKED_free(entry);
		return error_fault(fault, EX_OSERR,
		    "the list can't be made");
	}
	crl->n++;
	return 0;
}

/* ---- the list ---- */

static bool
crl_set_times(X509_CRL *list, int64_t now, int64_t next)
{
	ASN1_TIME *t = ASN1_TIME_new();
	bool done = t != NULL && build_time(t, now) &&
	    X509_CRL_set1_lastUpdate(list, t) == 1 && build_time(t, next) &&
	    X509_CRL_set1_nextUpdate(list, t) == 1;

	ASN1_TIME_free(t);
	return done;
}

static bool
crl_set_number(X509_CRL *list, int64_t number)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	bool done = n != NULL && ASN1_INTEGER_set_int64(n, number) == 1 &&
	    X509_CRL_add1_ext_i2d(list, NID_crl_number, n, 0, 0) == 1;

	ASN1_INTEGER_free(n);
	return done;
}

static bool
crl_set_issuer(X509_CRL *list, const struct signer *s)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(s->certificate);
	AUTHORITY_KEYID *a;
	bool done;

	if (X509_CRL_set_issuer_name(list,
	    X509_get_subject_name(s->certificate)) != 1)
		return false;
	/* an imported CA may have no identifier */
	if (id == NULL)
		return true;
	a = AUTHORITY_KEYID_new();
	done = a != NULL && (a->keyid = ASN1_OCTET_STRING_dup(id)) != NULL &&
	    X509_CRL_add1_ext_i2d(list, NID_authority_key_identifier, a, 0,
	    0) == 1;
	AUTHORITY_KEYID_free(a);
	return done;
}

static bool
crl_put(struct buf *pem, const X509_CRL *list)
{
	unsigned char *der = NULL;
	int n = i2d_X509_CRL(list, &der);

	if (n > 0)
		pem_put(pem, "X509 CRL", (struct str){ (char *)der,
		    (size_t)n });
	OPENSSL_free(der);
	return n > 0 && !pem->full;
}

int
crl_make(struct registry *r, const struct signer *s, int64_t now,
    int64_t days, struct buf *pem, uint64_t *n, struct fault *fault)
{
	struct crl crl = { .list = X509_CRL_new(), .now = now };
	int64_t number;
	bool done;

	ERR_clear_error();
	done = crl.list != NULL &&
	    authority_next_list(r, &s->row, &number, fault) == 0 &&
	    issued_each_revoked(r, &s->row, now, crl_add, &crl, fault) == 0;
	if (done && !(X509_CRL_set_version(crl.list, 1) == 1 &&
	    crl_set_issuer(crl.list, s) &&
	    crl_set_times(crl.list, now, now + days * 86400) &&
	    crl_set_number(crl.list, number) &&
	    X509_CRL_sort(crl.list) == 1 &&
	    X509_CRL_sign(crl.list, s->key, key_digest(s->key)) > 0 &&
	    crl_put(pem, crl.list))) {
		error_fault(fault, EX_OSERR, "the list can't be made");
		done = false;
	}
	X509_CRL_free(crl.list);
	*n = crl.n;
	return done ? 0 : -1;
}
