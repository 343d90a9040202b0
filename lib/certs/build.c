/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/build.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "certs/error.h"
#include "certs/key.h"
#include "registry/issued.h"

#define BUILD_DAY 86400
/* RFC 5280 A.1, ub-common-name */
#define BUILD_CN_MAX 64
#define BUILD_URL_MAX 1024
/* of a SHA-256 (RFC 7093 2) */
#define BUILD_KEY_ID 20

/* ---- time ---- */

bool
build_time(ASN1_TIME *to, int64_t t)
{
	return ASN1_TIME_adj(to, 0, (int)(t / BUILD_DAY),
	    (long)(t % BUILD_DAY)) != NULL;
}

static int64_t
build_read_time(const ASN1_TIME *t)
{
	ASN1_TIME *zero = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	if (zero == NULL || ASN1_TIME_diff(&days, &seconds, zero, t) != 1)
		days = seconds = 0;
	ASN1_TIME_free(zero);
	return (int64_t)days * BUILD_DAY + seconds;
}

int64_t
build_from(const X509 *x)
{
	return build_read_time(X509_get0_notBefore(x));
}

int64_t
build_until(const X509 *x)
{
	return build_read_time(X509_get0_notAfter(x));
}

/* ---- serials ---- */

void
build_serial(const X509 *x, char to[BUILD_SERIAL_TEXT + 1])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	size_t n = (size_t)ASN1_STRING_length(serial);

	*to = '\0';
	if (2 * n <= BUILD_SERIAL_TEXT)
		sodium_bin2hex(to, BUILD_SERIAL_TEXT + 1,
		    ASN1_STRING_get0_data(serial), n);
}

/* ---- names of servers ---- */

static bool
build_label_good(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)p[i]) && p[i] != '_' &&
		    (p[i] != '-' || i == 0 || i == n - 1))
			return false;
	return n > 0 && n <= 63;
}

static bool
build_name_is_address(const char *name)
{
	ASN1_OCTET_STRING *ip = a2i_IPADDRESS(name);
	bool is = ip != NULL;

	ASN1_OCTET_STRING_free(ip);
	ERR_clear_error();
	return is;
}

const char *
build_name_fault(const char *name)
{
	const char *p = strncmp(name, "*.", 2) == 0 ? name + 2 : name;
	size_t n;

	if (build_name_is_address(name))
		return NULL;
	if (strlen(name) > 253)
		return "longer than 253 bytes";
	for (;; p += n + 1) {
		n = strcspn(p, ".");
		if (!build_label_good(p, n))
			return "not a DNS name and not an address";
		if (p[n] == '\0')
			return NULL;
	}
}

/* ---- extensions ---- */

static bool
build_add(X509 *x, int nid, void *value, bool critical)
{
	return value != NULL &&
	    X509_add1_ext_i2d(x, nid, value, critical, X509V3_ADD_APPEND) == 1;
}

static bool
build_add_constraints(X509 *x, const struct build *b)
{
	BASIC_CONSTRAINTS *c = BASIC_CONSTRAINTS_new();
	bool done = c != NULL;

	if (done && b->kind == BUILD_CA) {
		c->ca = 1;
		c->pathlen = ASN1_INTEGER_new();
		done = c->pathlen != NULL &&
		    ASN1_INTEGER_set(c->pathlen, b->depth) == 1;
	}
	done = done && build_add(x, NID_basic_constraints, c, true);
	BASIC_CONSTRAINTS_free(c);
	return done;
}

/* the bits of RFC 5280 4.2.1.3, by number */
enum { USE_SIGNATURE = 0, USE_ENCIPHERMENT = 2, USE_SIGN_CERTIFICATES = 5,
    USE_SIGN_LISTS = 6 };

static bool
build_add_usage(X509 *x, const struct build *b)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool ca = b->kind == BUILD_CA, done = bits != NULL;

	done = done && ASN1_BIT_STRING_set_bit(bits,
	    ca ? USE_SIGN_CERTIFICATES : USE_SIGNATURE, 1) == 1;
	if (ca)
		done = done &&
		    ASN1_BIT_STRING_set_bit(bits, USE_SIGN_LISTS, 1) == 1;
	else if (b->kind != BUILD_OCSP && EVP_PKEY_is_a(b->key, "RSA"))
		done = done &&
		    ASN1_BIT_STRING_set_bit(bits, USE_ENCIPHERMENT, 1) == 1;
	done = done && build_add(x, NID_key_usage, bits, true);
	ASN1_BIT_STRING_free(bits);
	return done;
}

static bool
build_add_purpose(X509 *x, const struct build *b)
{
	EXTENDED_KEY_USAGE *uses;
	bool done;

	if (b->kind == BUILD_CA)
		return true;
	uses = sk_ASN1_OBJECT_new_null();
	done = uses != NULL;
	/* these objects are constants */
	if (b->kind == BUILD_SERVER)
		done = done && sk_ASN1_OBJECT_push(uses,
		    OBJ_nid2obj(NID_server_auth)) > 0;
	done = done && sk_ASN1_OBJECT_push(uses,
	    OBJ_nid2obj(b->kind == BUILD_OCSP ? NID_OCSP_sign :
	    NID_client_auth)) > 0 &&
	    build_add(x, NID_ext_key_usage, uses, false);
	sk_ASN1_OBJECT_free(uses);
	return done;
}

/* RFC 6960 4.2.2.2.1: nobody asks whether it is revoked, as it would answer
 * that itself */
static bool
build_add_no_check(X509 *x, const struct build *b)
{
	ASN1_NULL *none;
	bool done;

	if (b->kind != BUILD_OCSP)
		return true;
	none = ASN1_NULL_new();
	done = build_add(x, NID_id_pkix_OCSP_noCheck, none, false);
	ASN1_NULL_free(none);
	return done;
}

static bool
build_add_key_id(X509 *x)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	unsigned n;
	bool done = id != NULL &&
	    X509_pubkey_digest(x, EVP_sha256(), hash, &n) == 1 &&
	    ASN1_OCTET_STRING_set(id, hash, BUILD_KEY_ID) == 1 &&
	    build_add(x, NID_subject_key_identifier, id, false);

	ASN1_OCTET_STRING_free(id);
	return done;
}

/* X509_get0_subject_key_id() wants one that is not const */
static const ASN1_OCTET_STRING *
build_key_id_of(const X509 *issuer)
{
	return X509_get0_subject_key_id((X509 *)(uintptr_t)issuer);
}

static bool
build_add_issuer_id(X509 *x, const struct build *b)
{
	const ASN1_OCTET_STRING *id = b->issuer ?
	    build_key_id_of(b->issuer) : NULL;
	AUTHORITY_KEYID *a;
	bool done;

	/* of a root it is the same; an imported CA may have no identifier */
	if (id == NULL)
		return true;
	a = AUTHORITY_KEYID_new();
	done = a != NULL && (a->keyid = ASN1_OCTET_STRING_dup(id)) != NULL &&
	    build_add(x, NID_authority_key_identifier, a, false);
	AUTHORITY_KEYID_free(a);
	return done;
}

static GENERAL_NAME *
build_general_name(int type, const void *p, size_t n)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *text = ASN1_STRING_type_new(type == GEN_IPADD ?
	    V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

	if (name == NULL || text == NULL ||
	    ASN1_STRING_set(text, p, (int)n) != 1) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(text);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, type, text);
	return name;
}

static bool
build_push_name(GENERAL_NAMES *to, int type, const void *p, size_t n)
{
	GENERAL_NAME *name = build_general_name(type, p, n);

	if (name != NULL && sk_GENERAL_NAME_push(to, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static bool
build_push_server(GENERAL_NAMES *to, const char *name)
{
	ASN1_OCTET_STRING *ip = a2i_IPADDRESS(name);
	bool done;

	ERR_clear_error();
	done = ip == NULL ?
	    build_push_name(to, GEN_DNS, name, strlen(name)) :
	    build_push_name(to, GEN_IPADD, ASN1_STRING_get0_data(ip),
	    (size_t)ASN1_STRING_length(ip));
	ASN1_OCTET_STRING_free(ip);
	return done;
}

static bool
build_add_names(X509 *x, const struct build *b)
{
	GENERAL_NAMES *names;
	char urn[sizeof "urn:uuid:" + ID_TEXT];
	int i, n;
	bool done;

	if (b->kind == BUILD_CA || b->kind == BUILD_OCSP)
		return true;
	names = sk_GENERAL_NAME_new_null();
	done = names != NULL;
	if (b->kind == BUILD_THING) {
		n = snprintf(urn, sizeof urn, "urn:uuid:%.*s",
		    STR_ARG(b->thing));
		done = done && build_push_name(names, GEN_URI, urn, (size_t)n);
	} else {
		for (i = 0; done && b->names[i] != NULL; i++)
			done = build_push_server(names, b->names[i]);
	}
	/* RFC 5280 4.2.1.6: critical when there is no subject */
	done = done && build_add(x, NID_subject_alt_name, names,
	    b->name.n == 0 || b->name.n > BUILD_CN_MAX);
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	return done;
}

/* ---- where it is asked about ---- */

const char *
build_url_fault(const char *url)
{
	const char *p;

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return "not a URL that begins with http:// or https://";
	for (p = url; *p != '\0'; p++)
		if (!isgraph((unsigned char)*p))
			return "a URL has no spaces, controls or letters "
			    "beyond ASCII";
	return p - url > BUILD_URL_MAX ? "longer than 1024 bytes" : NULL;
}

static bool
build_add_ocsp(X509 *x, const char *url)
{
	AUTHORITY_INFO_ACCESS *all;
	ACCESS_DESCRIPTION *one;
	GENERAL_NAME *place;
	bool done;

	if (url == NULL)
		return true;
	all = sk_ACCESS_DESCRIPTION_new_null();
	one = ACCESS_DESCRIPTION_new();
	place = build_general_name(GEN_URI, url, strlen(url));
	done = all != NULL && one != NULL && place != NULL &&
	    sk_ACCESS_DESCRIPTION_push(all, one) > 0;
	if (done) {
		/* a constant */
		one->method = OBJ_nid2obj(NID_ad_OCSP);
		GENERAL_NAME_free(one->location);
		one->location = place;
		done = build_add(x, NID_info_access, all, false);
	} else {
		ACCESS_DESCRIPTION_free(one);
		GENERAL_NAME_free(place);
	}
	sk_ACCESS_DESCRIPTION_pop_free(all, ACCESS_DESCRIPTION_free);
	return done;
}

/* the name of a point; NULL without memory */
static DIST_POINT *
build_point(const char *url)
{
	DIST_POINT *point = DIST_POINT_new();
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool done = point != NULL && names != NULL &&
	    (point->distpoint = DIST_POINT_NAME_new()) != NULL &&
	    build_push_name(names, GEN_URI, url, strlen(url));

	if (!done) {
		sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
		DIST_POINT_free(point);
		return NULL;
	}
	point->distpoint->type = 0;
	point->distpoint->name.fullname = names;
	return point;
}

static bool
build_add_crl(X509 *x, const char *url)
{
	CRL_DIST_POINTS *all;
	DIST_POINT *point;
	bool done;

	if (url == NULL)
		return true;
	all = sk_DIST_POINT_new_null();
	point = build_point(url);
	done = all != NULL && point != NULL &&
	    sk_DIST_POINT_push(all, point) > 0;
	if (done)
		done = build_add(x, NID_crl_distribution_points, all, false);
	else
		DIST_POINT_free(point);
	sk_DIST_POINT_pop_free(all, DIST_POINT_free);
	return done;
}

/* ---- all of it ---- */

static bool
build_set_serial(X509 *x, const unsigned char *serial)
{
	BIGNUM *n = BN_bin2bn(serial, SERIAL_BYTES, NULL);
	bool done = n != NULL &&
	    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;

	BN_free(n);
	return done;
}

static bool
build_set_subject(X509 *x, struct str cn)
{
	X509_NAME *name = X509_get_subject_name(x);

	return cn.n == 0 || cn.n > BUILD_CN_MAX ||
	    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
	    (const unsigned char *)cn.p, (int)cn.n, -1, 0) == 1;
}

static bool
build_all(X509 *x, const struct build *b)
{
	return X509_set_version(x, X509_VERSION_3) == 1 &&
	    build_set_serial(x, b->serial) &&
	    build_time(X509_getm_notBefore(x), b->from) &&
	    build_time(X509_getm_notAfter(x), b->until) &&
	    build_set_subject(x, b->name) &&
	    X509_set_issuer_name(x, b->issuer ?
	    X509_get_subject_name(b->issuer) : X509_get_subject_name(x)) == 1 &&
	    key_set(x, b->key) &&
	    build_add_constraints(x, b) && build_add_usage(x, b) &&
	    build_add_purpose(x, b) && build_add_key_id(x) &&
	    build_add_issuer_id(x, b) && build_add_names(x, b) &&
	    build_add_no_check(x, b) && build_add_ocsp(x, b->ocsp) &&
	    build_add_crl(x, b->crl) &&
	    X509_sign(x, b->signer, key_digest(b->signer)) > 0;
}

int
build_certificate(const struct build *b, struct buf *der, struct fault *fault)
{
	unsigned char *text = NULL;
	X509 *x = X509_new();
	int n = 0;

	ERR_clear_error();
	if (x != NULL && build_all(x, b) && (n = i2d_X509(x, &text)) > 0)
		buf_put(der, text, (size_t)n);
	OPENSSL_free(text);
	X509_free(x);
	if (n > 0 && !der->full)
		return 0;
	return error_fault(fault, EX_OSERR, "the certificate can't be made");
}
