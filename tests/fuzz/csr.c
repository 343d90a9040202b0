/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a certificate request: what is taken has a key that is not
 * weak, is for a thing that it names or for any, never for two, and the
 * certificate for it names the thing and nothing else, and verifies.
 */
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>

#include "certs/issue.h"
#include "certs/pem.h"
#include "certs/request.h"
#include "net/certificate.h"

#define THING "01234567-89ab-7cde-8f01-23456789abcd"
#define OTHER "11234567-89ab-7cde-8f01-23456789abcd"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct signer *
csr_signer(void)
{
	static struct signer *s;
	const struct order order = { .kind = BUILD_CA, .name = STR("ca"),
	    .depth = 1, .now = 1800000000, .valid = 3650 * ISSUE_DAY,
	    .type = KEY_ED25519 };
	struct authority row = { .name = STR("ca") };
	struct issue issue;
	struct fault fault;

	if (s != NULL)
		return s;
	issue_init(&issue);
	if (issue_make(&issue, NULL, &order, &fault) < 0)
		abort();
	row.certificate = buf_str(&issue.certificate);
	row.above = STR("");
	if ((s = signer_of(&row, &fault)) == NULL ||
	    (s->key = key_read(buf_str(&issue.key), "key", &fault)) == NULL)
		abort();
	issue_release(&issue);
	return s;
}

static void
csr_check(X509_REQ *request)
{
	struct signer *signer = csr_signer();
	struct order order = { .kind = BUILD_THING, .thing = STR(THING),
	    .now = 1800000000, .valid = 365 * ISSUE_DAY };
	struct certificate named;
	struct issue issue;
	struct fault fault;
	X509 *x;

	order.key = X509_REQ_get0_pubkey(request);
	issue_init(&issue);
	if (issue_make(&issue, signer, &order, &fault) < 0 ||
	    (x = der_read_certificate(buf_str(&issue.certificate),
	    &fault)) == NULL)
		abort();
	certificate_read(&named, x);
	if (named.kind != CERTIFICATE_THING ||
	    strcmp(named.text, THING) != 0 ||
	    X509_check_issued(signer->certificate, x) != X509_V_OK ||
	    X509_verify(x, signer->key) != 1 || X509_check_ca(x) != 0)
		abort();
	X509_free(x);
	issue_release(&issue);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = { (const char *)data, n };
	struct fault fault = { .status = 0 };
	X509_REQ *request = request_read(text, "in", &fault);

	if (request == NULL)
		return fault.text[0] == '\0' ? abort(), 0 : 0;
	if (key_weakness(X509_REQ_get0_pubkey(request)) != NULL)
		abort();
	/* one that names a thing is not for another */
	if (request_is_for(request, STR(THING), &fault) == 0)
		csr_check(request);
	else
		request_is_for(request, STR(OTHER), &fault);
	X509_REQ_free(request);
	return 0;
}
