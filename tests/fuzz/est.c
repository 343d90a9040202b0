/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the body of an enrollment over EST: a request in base64, which
 * is like a certificate, or not, and may have a challenge password.  What is
 * like the certificate is for its thing, whatever a request for another key
 * says.
 */
#include <stdint.h>
#include <stdlib.h>

#include "certs/issue.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "certs/request.h"
#include "net/certificate.h"

#define THING "01234567-89ab-7cde-8f01-23456789abcd"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* one that a thing has, and wants to renew */
static X509 *
est_certificate(void)
{
	static X509 *x;
	struct order order = { .kind = BUILD_THING, .thing = STR(THING),
	    .now = 1800000000, .valid = ISSUE_DAY, .type = KEY_ED25519 };
	struct issue issue;
	struct fault fault;

	if (x != NULL)
		return x;
	issue_init(&issue);
	if (issue_make(&issue, NULL, &order, &fault) < 0 ||
	    (x = der_read_certificate(buf_str(&issue.certificate),
	    &fault)) == NULL)
		abort();
	issue_release(&issue);
	return x;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fault fault = { .status = 0 };
	X509_REQ *request = NULL;
	struct buf der, challenge;
	int like, tied;

	buf_init(&der, REQUEST_MAX + 8);
	buf_init(&challenge, 256);
	if (request_decode(&der, (struct str){ (const char *)data, n }))
		request = request_read(buf_str(&der), "csr", &fault);
	if (request != NULL) {
		like = request_is_like(request, est_certificate(), &fault);
		if (like == 0 && request_is_for(request, STR(THING),
		    &fault) < 0)
			abort();
		tied = request_challenge(request, &challenge, &fault);
		if (tied < 0 && fault.text[0] == '\0')
			abort();
		if (tied == 0 && challenge.n > 0)
			abort();
	}
	X509_REQ_free(request);
	buf_release(&der);
	buf_release(&challenge);
	return 0;
}
