/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sysexits.h>

#include "base/out.h"
#include "certs/error.h"

/* of each line, before it is encoded */
#define PEM_LINE 48

void
pem_put(struct buf *b, const char *label, struct str der)
{
	size_t i, n;
	char *room;

	buf_printf(b, "-----BEGIN %s-----\n", label);
	for (i = 0; i < der.n; i += n) {
		n = der.n - i < PEM_LINE ? der.n - i : PEM_LINE;
		/* with a NUL, which the line end overwrites */
		if ((room = buf_room(b, PEM_LINE / 3 * 4 + 1)) == NULL) {
			b->full = true;
			return;
		}
		b->n += (size_t)EVP_EncodeBlock((unsigned char *)room,
		    (const unsigned char *)der.p + i, (int)n);
		buf_putc(b, '\n');
	}
	buf_printf(b, "-----END %s-----\n", label);
}

void
certificates_free(STACK_OF(X509) *all)
{
	sk_X509_pop_free(all, X509_free);
}

static bool
pem_push(STACK_OF(X509) *all, X509 *x)
{
	if (x != NULL && sk_X509_num(all) < PEM_CERTIFICATES &&
	    sk_X509_push(all, x) > 0)
		return true;
	X509_free(x);
	return false;
}

STACK_OF(X509) *
pem_read_certificates(struct str text, const char *what, struct fault *fault)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	BIO *bio = text.n <= PEM_MAX ?
	    BIO_new_mem_buf(text.p ? text.p : "", (int)text.n) : NULL;
	bool good = bio != NULL && all != NULL;
	char passphrase[] = "";		/* so that none is asked for */
	X509 *x;

	ERR_clear_error();
	while (good && (x = PEM_read_bio_X509(bio, NULL, NULL,
	    passphrase)) != NULL)
		good = pem_push(all, x);
	/* its end is "no start line", too */
	if (good)
		good = sk_X509_num(all) > 0 &&
		    ERR_GET_REASON(ERR_peek_last_error()) ==
		    PEM_R_NO_START_LINE;
	BIO_free(bio);
	if (good) {
		ERR_clear_error();
		return all;
	}
	certificates_free(all);
	error_fault(fault, EX_DATAERR, "%s: not a certificate", what);
	return NULL;
}

STACK_OF(X509) *
der_read_certificates(struct str der, struct fault *fault)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	const unsigned char *at;
	bool good = all != NULL;

	while (good && der.n > 0) {
		at = (const unsigned char *)der.p;
		good = pem_push(all, d2i_X509(NULL, &at, (long)der.n));
		der = str_from(der, (size_t)((const char *)at - der.p));
	}
	if (good)
		return all;
	certificates_free(all);
	error_fault(fault, EX_DATAERR, "not a certificate");
	return NULL;
}

X509 *
der_read_certificate(struct str der, struct fault *fault)
{
	const unsigned char *at = (const unsigned char *)der.p;
	X509 *x = d2i_X509(NULL, &at, (long)der.n);

	if (x != NULL && at == (const unsigned char *)der.p + der.n)
		return x;
	X509_free(x);
	error_fault(fault, EX_DATAERR, "not a certificate");
	return NULL;
}

bool
der_put_certificate(struct buf *b, const X509 *x)
{
	int n = i2d_X509(x, NULL);
	unsigned char *room = n > 0 ?
	    (unsigned char *)buf_room(b, (size_t)n) : NULL;

	if (room == NULL || i2d_X509(x, &room) != n)
		return false;
	b->n += (size_t)n;
	return true;
}

bool
pem_put_certificate(struct buf *b, const X509 *x)
{
	struct buf der;
	bool done;

	buf_init(&der, PEM_MAX);
	done = der_put_certificate(&der, x);
	if (done)
		pem_put(b, "CERTIFICATE", buf_str(&der));
	buf_release(&der);
	return done;
}
