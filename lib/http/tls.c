/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls.h"

#include <ctype.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/file.h"

#define PEM_MAX (1 << 20)
#define URN "urn:uuid:"

static int
load(struct buf *b, const char *path, struct fault *fault)
{
	if (file_read(path, b, fault) < 0)
		return -1;
	buf_putc(b, '\0');
	return b->full ? fault_set(fault, EX_CONFIG, "%s: too long", path) : 0;
}

static gnutls_datum_t
datum(const struct buf *b)
{
	return (gnutls_datum_t){ (unsigned char *)b->p, (unsigned)b->n - 1 };
}

/* Tries what libmicrohttpd will do, to say which file is wrong and why. */
static int
check(const struct http_tls *t, const char *cert, const char *ca,
    struct fault *fault)
{
	gnutls_certificate_credentials_t cred;
	gnutls_datum_t c = datum(&t->cert), k = datum(&t->key), a;
	int r;

	r = gnutls_certificate_allocate_credentials(&cred);
	if (r < 0)
		return fault_set(fault, EX_SOFTWARE, "gnutls: %s",
		    gnutls_strerror(r));
	r = gnutls_certificate_set_x509_key_mem(cred, &c, &k,
	    GNUTLS_X509_FMT_PEM);
	if (r < 0)
		fault_set(fault, EX_CONFIG, "%s and its key: %s", cert,
		    gnutls_strerror(r));
	if (r >= 0 && ca != NULL) {
		a = datum(&t->ca);
		r = gnutls_certificate_set_x509_trust_mem(cred, &a,
		    GNUTLS_X509_FMT_PEM);
		if (r == 0)
			r = GNUTLS_E_NO_CERTIFICATE_FOUND;
		if (r < 0)
			fault_set(fault, EX_CONFIG, "%s: %s", ca,
			    gnutls_strerror(r));
	}
	gnutls_certificate_free_credentials(cred);
	return r < 0 ? -1 : 0;
}

int
http_tls_load(struct http_tls *t, const char *cert, const char *key,
    const char *ca, struct fault *fault)
{
	buf_init(&t->cert, PEM_MAX);
	buf_init(&t->key, PEM_MAX);
	buf_init(&t->ca, PEM_MAX);
	if (load(&t->cert, cert, fault) == 0 &&
	    load(&t->key, key, fault) == 0 &&
	    (ca == NULL || load(&t->ca, ca, fault) == 0) &&
	    check(t, cert, ca, fault) == 0)
		return 0;
	http_tls_release(t);
	return -1;
}

void
http_tls_release(struct http_tls *t)
{
	secret_release(&t->key);
	buf_release(&t->cert);
	buf_release(&t->ca);
}

static void
refuse(struct tls_peer *p, const char *why)
{
	p->kind = TLS_PEER_REFUSED;
	p->why = why;
}

/* 8-4-4-4-12 hexadecimal digits, made lower case */
static bool
take_uuid(struct tls_peer *p, const char *z)
{
	size_t i;

	if (strlen(z) != 36)
		return false;
	for (i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? z[i] != '-' :
		    !isxdigit((unsigned char)z[i]))
			return false;
		else
			p->text[i] = (char)tolower((unsigned char)z[i]);
	p->text[i] = '\0';
	p->kind = TLS_PEER_THING;
	return true;
}

/* A certificate that names two things names none. */
static void
take_alternative_names(struct tls_peer *p, gnutls_x509_crt_t crt)
{
	char name[256];
	unsigned i;
	int r;

	for (i = 0; p->kind != TLS_PEER_REFUSED; i++) {
		size_t n = sizeof name - 1;

		r = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &n,
		    NULL);
		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (r == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (r < 0) {
			refuse(p, "its alternative names can't be read");
			break;
		}
		name[n] = '\0';
		if (r != GNUTLS_SAN_URI ||
		    strncasecmp(name, URN, sizeof URN - 1) != 0)
			continue;
		if (p->kind == TLS_PEER_THING)
			refuse(p, "it names more than one thing");
		else if (strlen(name) != n ||
		    !take_uuid(p, name + sizeof URN - 1))
			refuse(p, "its urn:uuid: is not a valid UUID");
	}
}

static void
take_common_name(struct tls_peer *p, gnutls_x509_crt_t crt)
{
	size_t n = sizeof p->text;

	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
	    0, p->text, &n) < 0 || n == 0 || strlen(p->text) != n)
		refuse(p, "it names no thing");
	else
		p->kind = TLS_PEER_KEY;
}

static void
take_name(struct tls_peer *p, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t crt;

	if (gnutls_x509_crt_init(&crt) < 0) {
		refuse(p, "it can't be read");
		return;
	}
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) < 0)
		refuse(p, "it can't be read");
	else
		take_alternative_names(p, crt);
	if (p->kind == TLS_PEER_NONE)
		take_common_name(p, crt);
	gnutls_x509_crt_deinit(crt);
}

void
tls_peer_name(struct tls_peer *p, const void *der, size_t n)
{
	/* gnutls only reads it */
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)der, (unsigned)n };

	*p = (struct tls_peer){ .kind = TLS_PEER_NONE };
	take_name(p, &text);
}

void
tls_peer_read(struct tls_peer *p, gnutls_session_t session)
{
	unsigned char client[] = GNUTLS_KP_TLS_WWW_CLIENT;
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = client
	};
	const gnutls_datum_t *chain;
	unsigned n = 0, status = 0;

	*p = (struct tls_peer){ .kind = TLS_PEER_NONE };
	chain = gnutls_certificate_get_peers(session, &n);
	if (chain == NULL || n == 0)
		return;
	if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0
	    || status != 0)
		refuse(p, "it is not issued by a trusted CA, not valid now, or "
		    "not for clients");
	else
		take_name(p, &chain[0]);
}
