/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a request of OCSP: what is taken has its limits, and the answer
 * to it is one that OpenSSL verifies, says what it was told to say of the
 * certificates of its CA, and has the nonce of the request.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "certs/issue.h"
#include "certs/key.h"
#include "certs/ocsp.h"
#include "certs/pem.h"

#define NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct responder responder;
static STACK_OF(X509) *trusted;
static X509_STORE *store;

static void
must(bool condition)
{
	if (!condition)
		abort();
}

/* the same CA each time, so that requests of a corpus are for it */
static const char ocsp_key[] = "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
    "-----END PRIVATE KEY-----\n";

static void
ocsp_set_up(void)
{
	struct order order = { .kind = BUILD_CA, .name = STR("ca"),
	    .depth = 1, .now = NOW, .valid = 3650 * ISSUE_DAY };
	struct issue issue;
	struct fault fault;

	issue_init(&issue);
	order.key = key_read(str_z(ocsp_key), "key", &fault);
	must(order.key != NULL);
	must(issue_make(&issue, NULL, &order, &fault) == 0);
	responder.certificate = der_read_certificate(
	    buf_str(&issue.certificate), &fault);
	responder.key = order.key;
	must(responder.certificate != NULL && responder_set_issuer(&responder,
	    responder.certificate, &fault) == 0);
	trusted = sk_X509_new_null();
	store = X509_STORE_new();
	must(sk_X509_push(trusted, responder.certificate) > 0 &&
	    X509_STORE_add_cert(store, responder.certificate) == 1 &&
	    X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME) == 1);
	issue_release(&issue);
}

static void
ocsp_check_answer(const struct ocsp_request *q, struct str der)
{
	const unsigned char *at = (const unsigned char *)der.p;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &at, (long)der.n);
	OCSP_BASICRESP *basic;
	size_t i;
	int status, reason;

	must(r != NULL && (const char *)at == der.p + der.n);
	basic = OCSP_response_get1_basic(r);
	must(basic != NULL && OCSP_basic_verify(basic, trusted, store,
	    0) == 1);
	must(OCSP_check_nonce(q->request, basic) == (q->nonce ? 1 : 2));
	must(OCSP_resp_count(basic) == (int)q->n);
	for (i = 0; i < q->n; i++) {
		status = OCSP_single_get0_status(OCSP_resp_get0(basic,
		    (int)i), &reason, NULL, NULL, NULL);
		must(status == (!q->one[i].status.known ?
		    V_OCSP_CERTSTATUS_UNKNOWN : q->one[i].status.revoked ?
		    V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD));
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ocsp_request q;
	struct fault fault;
	struct buf der;
	size_t i;

	if (responder.key == NULL)
		ocsp_set_up();
	if (ocsp_read(&q, (struct str){ (const char *)data, n }) != 0)
		return 0;
	must(q.n >= 1 && q.n <= OCSP_CERTIFICATES && n <= OCSP_REQUEST_MAX);
	buf_init(&der, 1 << 20);
	/* also where there is nobody to ask */
	must(ocsp_find(&q, NULL, 0) == NULL);
	if (ocsp_find(&q, &responder, 1) != NULL) {
		for (i = 0; i < q.n; i++) {
			must(strlen(q.one[i].serial) % SERIAL_TEXT == 0);
			q.one[i].status = (struct ocsp_status){
				.known = *q.one[i].serial != '\0',
				.revoked = q.one[i].serial[0] < '8' ? NOW : 0,
				.reason = q.one[i].serial[1] % 7,
			};
		}
		must(ocsp_answer(&q, &responder, NOW, NOW + 3600, &der,
		    &fault) == 0);
		ocsp_check_answer(&q, buf_str(&der));
	}
	buf_release(&der);
	ocsp_release(&q);
	return 0;
}
