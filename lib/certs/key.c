/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>
#include <sysexits.h>

#include "base/os.h"
#include "certs/error.h"

#define RSA_MIN 2048
#define RSA_MAX 8192

EVP_PKEY *
key_make(enum key_type type, struct fault *fault)
{
	static const size_t bits[] = { [KEY_RSA2048] = 2048,
	    [KEY_RSA3072] = 3072, [KEY_RSA4096] = 4096 };
	EVP_PKEY *key = NULL;

	switch (type) {
	case KEY_P256:
		key = EVP_EC_gen("P-256");
		break;
	case KEY_P384:
		key = EVP_EC_gen("P-384");
		break;
	case KEY_ED25519:
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	case KEY_RSA2048:
	case KEY_RSA3072:
	case KEY_RSA4096:
		key = EVP_RSA_gen(bits[type]);
		break;
	}
	if (key == NULL)
		error_fault(fault, EX_OSERR, "no key can be made");
	return key;
}

/* a passphrase is not asked for */
static int
key_no_passphrase(char *to, int size, int writing, void *arg)
{
	(void)to, (void)size, (void)writing, (void)arg;
	return -1;
}

EVP_PKEY *
key_read(struct str text, const char *what, struct fault *fault)
{
	BIO *bio = BIO_new_mem_buf(text.p ? text.p : "", (int)text.n);
	EVP_PKEY *key = NULL;

	ERR_clear_error();
	if (bio != NULL && text.n > 0 && text.p[0] == '\x30')
		key = d2i_PrivateKey_bio(bio, NULL);
	else if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, key_no_passphrase,
		    NULL);
	BIO_free(bio);
	if (key == NULL)
		error_fault(fault, EX_DATAERR, "%s: not a private key "
		    "without a passphrase", what);
	return key;
}

/* ---- P-256, the common one, without OpenSSL's encoders, which take longer
 * than making the key ---- */

#define P256_BYTES 32
#define P256_POINT (1 + 2 * P256_BYTES)

/* RFC 5208 and RFC 5915: what stands before the private key, and between it
 * and the public one */
static const unsigned char key_p256_head[] = {
	0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
	0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01,
	0x01, 0x04, 0x20
};
static const unsigned char key_p256_middle[] = { 0xa1, 0x44, 0x03, 0x42,
    0x00 };

static bool
key_is_p256(EVP_PKEY *key)
{
	char name[64];

	return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_utf8_string_param(key,
	    OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, NULL) == 1 &&
	    strcmp(name, SN_X9_62_prime256v1) == 0;
}

static bool
key_p256_point(EVP_PKEY *key, unsigned char to[P256_POINT])
{
	size_t n;

	return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
	    to, P256_POINT, &n) == 1 && n == P256_POINT && to[0] == 4;
}

static bool
key_p256_secret(EVP_PKEY *key, unsigned char to[P256_BYTES])
{
	BIGNUM *n = NULL;
	bool done = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY,
	    &n) == 1 && BN_bn2binpad(n, to, P256_BYTES) == P256_BYTES;

	BN_clear_free(n);
	return done;
}

static bool
key_p256_put(struct buf *der, EVP_PKEY *key)
{
	unsigned char secret[P256_BYTES], point[P256_POINT];
	bool done = key_p256_secret(key, secret) &&
	    key_p256_point(key, point);

	if (done) {
		buf_put(der, key_p256_head, sizeof key_p256_head);
		buf_put(der, secret, sizeof secret);
		buf_put(der, key_p256_middle, sizeof key_p256_middle);
		buf_put(der, point, sizeof point);
	}
	os_wipe(secret, sizeof secret);
	return done && !der->full;
}

static bool
key_p256_set(X509 *x, EVP_PKEY *key)
{
	unsigned char *point = OPENSSL_malloc(P256_POINT);

	if (point != NULL && key_p256_point(key, point) &&
	    X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x),
	    OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
	    OBJ_nid2obj(NID_X9_62_prime256v1), point, P256_POINT) == 1)
		return true;
	OPENSSL_free(point);
	return false;
}

/* ---- any ---- */

bool
key_put(struct buf *der, EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info;
	unsigned char *text = NULL;
	int n;

	if (key_is_p256(key) && key_p256_put(der, key))
		return true;
	if ((info = EVP_PKEY2PKCS8(key)) == NULL)
		return false;
	n = i2d_PKCS8_PRIV_KEY_INFO(info, &text);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (n > 0) {
		buf_put(der, text, (size_t)n);
		OPENSSL_clear_free(text, (size_t)n);
	}
	return n > 0 && !der->full;
}

bool
key_set(X509 *x, EVP_PKEY *key)
{
	return (key_is_p256(key) && key_p256_set(x, key)) ||
	    X509_set_pubkey(x, key) == 1;
}

/* ---- judged ---- */

static const char *
key_weakness_rsa(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);
	BIGNUM *e = NULL;
	bool small;

	if (bits < RSA_MIN)
		return "an RSA key of less than 2048 bits is too weak";
	if (bits > RSA_MAX)
		return "an RSA key of more than 8192 bits is too long";
	small = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1 ||
	    BN_is_word(e, 0) || BN_num_bits(e) < 17;
	BN_free(e);
	return small ? "the exponent of the RSA key is less than 65537" : NULL;
}

static const char *
key_weakness_ec(EVP_PKEY *key)
{
	static const char *const good[] = { SN_X9_62_prime256v1, SN_secp384r1,
	    SN_secp521r1 };
	char name[64];
	size_t i;

	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
	    name, sizeof name, NULL) == 1)
		for (i = 0; i < sizeof good / sizeof *good; i++)
			if (strcmp(name, good[i]) == 0)
				return NULL;
	return "the curve of the key is not P-256, P-384 or P-521";
}

const char *
key_weakness(EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return key_weakness_rsa(key);
	if (EVP_PKEY_is_a(key, "EC"))
		return key_weakness_ec(key);
	if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
		return NULL;
	return "the key is not of type EC, Ed25519, Ed448 or RSA";
}

const EVP_MD *
key_digest(EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
		return NULL;
	return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) > 256 ?
	    EVP_sha384() : EVP_sha256();
}
