/* SPDX-License-Identifier: Apache-2.0 */
#include "net/certificate.h"

#include <ctype.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define UUID_TEXT 36

static const struct str certificate_urn = { "urn:uuid:", 9 };

static void
certificate_refuse(struct certificate *c, const char *why)
{
	c->kind = CERTIFICATE_REFUSED;
	c->why = why;
}

/* 8-4-4-4-12 hexadecimal digits; an id has one spelling, in lower case */
static bool
certificate_put_uuid(char *to, struct str id)
{
	size_t i;

	if (id.n != UUID_TEXT)
		return false;
	for (i = 0; i < UUID_TEXT; i++) {
		unsigned char byte = (unsigned char)id.p[i];

		if (i == 8 || i == 13 || i == 18 || i == 23 ? byte != '-' :
		    !isxdigit(byte))
			return false;
		to[i] = (char)tolower(byte);
	}
	to[UUID_TEXT] = '\0';
	return true;
}

static void
certificate_take_uri(struct certificate *c, struct str uri)
{
	if (uri.n < certificate_urn.n || strncasecmp(uri.p,
	    certificate_urn.p, certificate_urn.n) != 0)
		return;
	if (c->kind == CERTIFICATE_THING)
		certificate_refuse(c,
		    "the certificate names more than one thing");
	else if (certificate_put_uuid(c->text,
	    str_from(uri, certificate_urn.n)))
		c->kind = CERTIFICATE_THING;
	else
		certificate_refuse(c, "the urn:uuid: of the "
		    "certificate is not a valid UUID");
}

static void
certificate_take_alternative_names(struct certificate *c, const X509 *x)
{
	int critical, i;
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name,
	    &critical, NULL);

	/* -1: it has none */
	if (names == NULL && critical != -1)
		certificate_refuse(c, "the alternative names of the "
		    "certificate can't be read");
	for (i = 0; i < sk_GENERAL_NAME_num(names) &&
	    c->kind != CERTIFICATE_REFUSED; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *uri = name->d.uniformResourceIdentifier;

		if (name->type == GEN_URI)
			certificate_take_uri(c, (struct str){
			    (const char *)ASN1_STRING_get0_data(uri),
			    (size_t)ASN1_STRING_length(uri) });
	}
	GENERAL_NAMES_free(names);
}

static void
certificate_take_common_name(struct certificate *c, const X509 *x)
{
	const X509_NAME *subject = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *text = NULL;
	int n = -1;

	if (at >= 0)
		n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
		    X509_NAME_get_entry(subject, at)));
	if (n <= 0 || n >= CERTIFICATE_TEXT ||
	    memchr(text, '\0', (size_t)n) != NULL) {
		certificate_refuse(c, "the certificate names no thing");
	} else {
		memcpy(c->text, text, (size_t)n);
		c->text[n] = '\0';
		c->kind = CERTIFICATE_KEY;
	}
	/* it may be a key */
	if (n > 0)
		OPENSSL_cleanse(text, (size_t)n);
	OPENSSL_free(text);
}

static void
certificate_take_id(struct certificate *c, const X509 *x)
{
	unsigned n;

	c->id.known = X509_digest(x, EVP_sha256(), c->id.hash, &n) == 1;
	if (!c->id.known)
		certificate_refuse(c, "the certificate can't be hashed");
}

void
certificate_read(struct certificate *c, const X509 *x)
{
	*c = (struct certificate){ .kind = CERTIFICATE_NONE };
	if (x == NULL)
		return;
	certificate_take_id(c, x);
	if (c->kind == CERTIFICATE_NONE)
		certificate_take_alternative_names(c, x);
	if (c->kind == CERTIFICATE_NONE)
		certificate_take_common_name(c, x);
}

void
certificate_of(struct certificate *c, SSL *ssl)
{
	X509 *x = SSL_get1_peer_certificate(ssl);

	certificate_read(c, x);
	if (x != NULL && SSL_get_verify_result(ssl) != X509_V_OK)
		certificate_refuse(c, "the certificate is not issued by a "
		    "trusted CA, not valid now, or not for clients");
	X509_free(x);
}
