/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/request.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <strings.h>
#include <sysexits.h>

#include "base/base64.h"
#include "certs/error.h"
#include "certs/key.h"
#include "registry/uuid.h"

static const struct str request_urn = { "urn:uuid:", 9 };

bool
request_decode(struct buf *der, struct str text)
{
	struct buf b;
	size_t i;
	long got = -1;

	buf_init(&b, REQUEST_MAX / 3 * 4);
	for (i = 0; i < text.n; i++)
		if (text.p[i] != '\r' && text.p[i] != '\n' &&
		    text.p[i] != ' ' && text.p[i] != '\t')
			buf_putc(&b, text.p[i]);
	if (!b.full && b.n > 0 && buf_room(der, b.n + 3) != NULL)
		got = base64_decode(der->p + der->n, buf_str(&b));
	der->n += got > 0 ? (size_t)got : 0;
	buf_release(&b);
	return got > 0;
}

static X509_REQ *
request_parse(struct str text)
{
	const unsigned char *at = (const unsigned char *)text.p;
	char passphrase[] = "";		/* so that none is asked for */
	X509_REQ *request;
	BIO *bio;

	if (text.n == 0 || text.n > REQUEST_MAX)
		return NULL;
	if (text.p[0] == '\x30') {
		request = d2i_X509_REQ(NULL, &at, (long)text.n);
		if (request == NULL ||
		    at == (const unsigned char *)text.p + text.n)
			return request;
		X509_REQ_free(request);
		return NULL;
	}
	if ((bio = BIO_new_mem_buf(text.p, (int)text.n)) == NULL)
		return NULL;
	request = PEM_read_bio_X509_REQ(bio, NULL, NULL, passphrase);
	BIO_free(bio);
	return request;
}

static const char *
request_fault(X509_REQ *request)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	const char *why;

	if (key == NULL)
		return "its public key can't be read";
	if ((why = key_weakness(key)) != NULL)
		return why;
	return X509_REQ_verify(request, key) == 1 ? NULL :
	    "its signature is not by its own key";
}

X509_REQ *
request_read(struct str text, const char *what, struct fault *fault)
{
	X509_REQ *request;
	const char *why;

	ERR_clear_error();
	request = request_parse(text);
	if (request == NULL) {
		error_fault(fault, EX_DATAERR, text.n > REQUEST_MAX ?
		    "%s: too long for a certificate request" :
		    "%s: not a certificate request", what);
		return NULL;
	}
	why = request_fault(request);
	ERR_clear_error();
	if (why == NULL)
		return request;
	fault_set(fault, EX_DATAERR, "%s: refused: %s", what, why);
	X509_REQ_free(request);
	return NULL;
}

/* ---- which thing ---- */

static bool
request_same_id(struct str a, struct str b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

/* does the text have the form of an id, in any case? */
static bool
request_is_id(struct str s)
{
	char lower[ID_TEXT];
	size_t i;

	if (s.n != ID_TEXT)
		return false;
	for (i = 0; i < ID_TEXT; i++)
		lower[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ?
		    s.p[i] + ('a' - 'A') : s.p[i]);
	return uuid_valid((struct str){ lower, ID_TEXT });
}

static int
request_refuse(struct str named, struct str thing, struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "the certificate request is for "
	    "'%.*s', not for thing '%.*s'", STR_ARG(named), STR_ARG(thing));
}

/* all of its common names */
static int
request_check_subject(X509_REQ *request, struct str thing, struct fault *fault)
{
	const X509_NAME *subject = X509_REQ_get_subject_name(request);
	unsigned char *text;
	int at = -1, n, result = 0;

	while (result == 0 && (at = X509_NAME_get_index_by_NID(subject,
	    NID_commonName, at)) >= 0) {
		text = NULL;
		n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
		    X509_NAME_get_entry(subject, at)));
		if (n > 0) {
			struct str cn = { (const char *)text, (size_t)n };

			if (request_is_id(cn) && !request_same_id(cn, thing))
				result = request_refuse(cn, thing, fault);
		}
		OPENSSL_free(text);
	}
	return result;
}

static int
request_check_name(const GENERAL_NAME *name, struct str thing,
    struct fault *fault)
{
	const ASN1_STRING *text = name->d.uniformResourceIdentifier;
	struct str uri;

	if (name->type != GEN_URI)
		return 0;
	uri = (struct str){ (const char *)ASN1_STRING_get0_data(text),
	    (size_t)ASN1_STRING_length(text) };
	if (uri.n < request_urn.n ||
	    strncasecmp(uri.p, request_urn.p, request_urn.n) != 0)
		return 0;
	uri = str_from(uri, request_urn.n);
	return request_same_id(uri, thing) ? 0 :
	    request_refuse(uri, thing, fault);
}

static int
request_check_names(X509_REQ *request, struct str thing, struct fault *fault)
{
	STACK_OF(X509_EXTENSION) *all = X509_REQ_get_extensions(request);
	GENERAL_NAMES *names;
	int critical = -1, i, result = 0;

	names = X509V3_get_d2i(all, NID_subject_alt_name, &critical, NULL);
	/* -1: it has none */
	if (names == NULL && critical != -1)
		result = fault_set(fault, EX_DATAERR, "the alternative names "
		    "of the certificate request can't be read");
	for (i = 0; i < sk_GENERAL_NAME_num(names) && result == 0; i++)
		result = request_check_name(sk_GENERAL_NAME_value(names, i),
		    thing, fault);
	GENERAL_NAMES_free(names);
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	ERR_clear_error();
	return result;
}

int
request_is_for(X509_REQ *request, struct str thing, struct fault *fault)
{
	return request_check_subject(request, thing, fault) < 0 ? -1 :
	    request_check_names(request, thing, fault);
}

/* ---- names as they are ---- */

static bool
request_same_text(const ASN1_OCTET_STRING *a, const ASN1_OCTET_STRING *b)
{
	return a == NULL || b == NULL ? a == b :
	    ASN1_OCTET_STRING_cmp(a, b) == 0;
}

/* the value of the extension, borrowed; NULL: there is none */
static const ASN1_OCTET_STRING *
request_alternative_names(const STACK_OF(X509_EXTENSION) *all)
{
	int at = X509v3_get_ext_by_NID(all, NID_subject_alt_name, -1);

	return at < 0 ? NULL : X509_EXTENSION_get_data(X509v3_get_ext(all, at));
}

int
request_is_like(X509_REQ *request, const X509 *x, struct fault *fault)
{
	STACK_OF(X509_EXTENSION) *all = X509_REQ_get_extensions(request);
	bool names = request_same_text(request_alternative_names(all),
	    request_alternative_names(X509_get0_extensions(x)));

	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	ERR_clear_error();
	if (X509_NAME_cmp(X509_REQ_get_subject_name(request),
	    X509_get_subject_name(x)) != 0)
		return fault_set(fault, EX_DATAERR, "the subject of the "
		    "request is not that of the certificate");
	return names ? 0 : fault_set(fault, EX_DATAERR, "the alternative "
	    "names of the request are not those of the certificate");
}

/* ---- the challenge ---- */

static bool
request_is_text(const ASN1_TYPE *value)
{
	return value != NULL && (value->type == V_ASN1_PRINTABLESTRING ||
	    value->type == V_ASN1_UTF8STRING ||
	    value->type == V_ASN1_T61STRING ||
	    value->type == V_ASN1_IA5STRING ||
	    value->type == V_ASN1_BMPSTRING ||
	    value->type == V_ASN1_UNIVERSALSTRING);
}

int
request_challenge(X509_REQ *request, struct buf *to, struct fault *fault)
{
	int at = X509_REQ_get_attr_by_NID(request,
	    NID_pkcs9_challengePassword, -1), n = -1;
	X509_ATTRIBUTE *a;
	unsigned char *text = NULL;

	if (at < 0)
		return 0;
	a = X509_REQ_get_attr(request, at);
	/* one value, a DirectoryString */
	if (X509_ATTRIBUTE_count(a) == 1 && X509_REQ_get_attr_by_NID(request,
	    NID_pkcs9_challengePassword, at) < 0 &&
	    request_is_text(X509_ATTRIBUTE_get0_type(a, 0)))
		n = ASN1_STRING_to_UTF8(&text,
		    X509_ATTRIBUTE_get0_type(a, 0)->value.asn1_string);
	if (n >= 0)
		buf_put(to, text, (size_t)n);
	OPENSSL_free(text);
	ERR_clear_error();
	return n >= 0 && !to->full ? 1 : fault_set(fault, EX_DATAERR,
	    "the challenge password of the request can't be read");
}
