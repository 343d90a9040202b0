/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <strings.h>
#include <sysexits.h>

#include "base/memory.h"
#include "coap/inside.h"
#include "registry/uuid.h"

#define URN "urn:uuid:"

/* 36 characters as an id, made lower case */
static bool
take_uuid(struct str text, char thing[ID_BYTES + 1])
{
	size_t i;

	if (text.n != ID_BYTES)
		return false;
	for (i = 0; i < text.n; i++)
		thing[i] = (char)tolower((unsigned char)text.p[i]);
	thing[ID_BYTES] = '\0';
	return uuid_valid((struct str){ thing, ID_BYTES });
}

/* A certificate that names two things names none. */
static const char *
take_alternative_names(X509 *x, char thing[ID_BYTES + 1])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL,
	    NULL);
	const char *why = NULL;
	int i;

	for (i = 0; why == NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		struct str uri;

		if (name->type != GEN_URI)
			continue;
		uri.p = (const char *)ASN1_STRING_get0_data(
		    name->d.uniformResourceIdentifier);
		uri.n = (size_t)ASN1_STRING_length(
		    name->d.uniformResourceIdentifier);
		if (uri.n < sizeof URN - 1 ||
		    strncasecmp(uri.p, URN, sizeof URN - 1) != 0)
			continue;
		if (*thing != '\0')
			why = "its certificate names more than one thing";
		else if (!take_uuid(str_from(uri, sizeof URN - 1), thing))
			why = "the urn:uuid: of its certificate is not a valid "
			    "UUID";
	}
	GENERAL_NAMES_free(names);
	return why;
}

static const char *
take_common_name(X509 *x, char **key)
{
	X509_NAME *subject = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *text = NULL;
	int n = -1;

	if (at >= 0)
		n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
		    X509_NAME_get_entry(subject, at)));
	if (n > 0 && memchr(text, '\0', (size_t)n) == NULL)
		*key = memory_strdup((const char *)text);
	OPENSSL_free(text);
	return *key != NULL ? NULL : "its certificate names no thing";
}

const char *
handshake_certificate(coap_session_t *session, char thing[ID_BYTES + 1],
    char **key)
{
	SSL *ssl = coap_session_get_tls(session, NULL);
	X509 *x = ssl != NULL ? SSL_get1_peer_certificate(ssl) : NULL;
	const char *why;

	*thing = '\0';
	/* without --tls-ca nobody is asked for one, and nobody has one */
	if (x == NULL)
		return NULL;
	why = SSL_get_verify_result(ssl) != X509_V_OK ?
	    "its certificate is not trusted" :
	    take_alternative_names(x, thing);
	if (why == NULL && *thing == '\0')
		why = take_common_name(x, key);
	X509_free(x);
	return why;
}

/* ---- our own ---- */

static int
readable(const char *path, struct fault *fault)
{
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return fault_errno(fault, errno == ENOENT ? EX_NOINPUT : 0,
		    "%s", path);
	fclose(f);
	return 0;
}

static int
refuse(struct fault *fault, const char *path)
{
	unsigned long e = ERR_get_error();
	const char *reason = ERR_reason_error_string(e);

	ERR_clear_error();
	return fault_set(fault, EX_CONFIG, "%s: %s", path,
	    reason ? reason : "not what it should be");
}

/* What libcoap will do, which would not say which file is wrong and why. */
static int
try_files(SSL_CTX *ctx, const struct station_options *o,
    struct fault *fault)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, o->cert) != 1)
		return refuse(fault, o->cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, o->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return refuse(fault, o->key);
	if (o->ca != NULL &&
	    SSL_CTX_load_verify_locations(ctx, o->ca, NULL) != 1)
		return refuse(fault, o->ca);
	return 0;
}

int
handshake_check_files(const struct station_options *o, struct fault *fault)
{
	SSL_CTX *ctx;
	int r;

	if (readable(o->cert, fault) < 0 || readable(o->key, fault) < 0 ||
	    (o->ca != NULL && readable(o->ca, fault) < 0))
		return -1;
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL)
		return refuse(fault, "openssl");
	r = try_files(ctx, o, fault);
	SSL_CTX_free(ctx);
	return r;
}
