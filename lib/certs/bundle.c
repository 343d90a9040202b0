/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/bundle.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <sysexits.h>

#include "certs/error.h"
#include "certs/pem.h"

/* ---- PKCS #12 ---- */

/* those that a peer needs to verify it: its CA, and those above */
static STACK_OF(X509) *
bundle_chain(const struct signer *s)
{
	STACK_OF(X509) *all = X509_chain_up_ref(s->above);

	if (all != NULL && X509_up_ref(s->certificate) == 1 &&
	    sk_X509_insert(all, s->certificate, 0) > 0)
		return all;
	certificates_free(all);
	return NULL;
}

static PKCS12 *
bundle_p12(const struct issue *i, const struct signer *s, const char *name,
    const char *password, struct fault *fault)
{
	EVP_PKEY *key = key_read(buf_str(&i->key), "the new key", fault);
	X509 *x = der_read_certificate(buf_str(&i->certificate), fault);
	STACK_OF(X509) *chain = bundle_chain(s);
	PKCS12 *p12 = NULL;

	if (key != NULL && x != NULL && chain != NULL)
		p12 = PKCS12_create(password, name, key, x, chain, 0, 0, 0, 0,
		    0);
	EVP_PKEY_free(key);
	X509_free(x);
	certificates_free(chain);
	return p12;
}

int
bundle_put_p12(struct buf *b, const struct issue *i, const struct signer *s,
    const char *name, const char *password, struct fault *fault)
{
	PKCS12 *p12 = bundle_p12(i, s, name, password, fault);
	unsigned char *der = NULL;
	int n = p12 != NULL ? i2d_PKCS12(p12, &der) : 0;

	if (n > 0)
		buf_put(b, der, (size_t)n);
	OPENSSL_free(der);
	PKCS12_free(p12);
	return n > 0 && !b->full ? 0 : error_fault(fault, EX_OSERR,
	    "the PKCS #12 file can't be made");
}

/* ---- PKCS #7 ---- */

static PKCS7 *
bundle_p7(STACK_OF(X509) *all)
{
	PKCS7 *p7 = PKCS7_new();
	bool done = p7 != NULL && PKCS7_set_type(p7, NID_pkcs7_signed) == 1 &&
	    PKCS7_content_new(p7, NID_pkcs7_data) == 1 &&
	    /* no content is signed, so it is not there */
	    PKCS7_set_detached(p7, 1) == 1;
	int i;

	for (i = 0; done && i < sk_X509_num(all); i++)
		done = PKCS7_add_certificate(p7, sk_X509_value(all, i)) == 1;
	if (done)
		return p7;
	PKCS7_free(p7);
	return NULL;
}

int
bundle_put_p7(struct buf *b, STACK_OF(X509) *all, struct fault *fault)
{
	PKCS7 *p7 = bundle_p7(all);
	unsigned char *der = NULL;
	int n = p7 != NULL ? i2d_PKCS7(p7, &der) : 0;

	if (n > 0)
		buf_put(b, der, (size_t)n);
	OPENSSL_free(der);
	PKCS7_free(p7);
	return n > 0 && !b->full ? 0 : error_fault(fault, EX_OSERR,
	    "the certificates can't be put together");
}

/* ---- tar ---- */

#define TAR_BLOCK 512

struct bundle_head {
	char path[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8],
	    type, link[100], magic[6], version[2], user[32], group[32],
	    major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct bundle_head) == TAR_BLOCK, "a block");

static void
bundle_pad(struct buf *b, size_t n)
{
	for (; n > 0; n--)
		buf_putc(b, '\0');
}

void
bundle_put_file(struct buf *b, const char *path, unsigned mode,
    int64_t mtime, struct str bytes)
{
	struct bundle_head h = { .type = '0', .magic = "ustar",
	    .version = { '0', '0' } };
	const unsigned char *p = (const unsigned char *)&h;
	unsigned sum = 0;
	size_t i, n = strlen(path);

	memcpy(h.path, path, n < sizeof h.path ? n : sizeof h.path);
	snprintf(h.mode, sizeof h.mode, "%07o", mode & 07777);
	snprintf(h.uid, sizeof h.uid, "%07o", 0u);
	snprintf(h.gid, sizeof h.gid, "%07o", 0u);
	snprintf(h.size, sizeof h.size, "%011llo",
	    (unsigned long long)bytes.n);
	snprintf(h.mtime, sizeof h.mtime, "%011llo",
	    (unsigned long long)mtime);
	/* of all bytes, with blanks in place of the sum */
	memset(h.sum, ' ', sizeof h.sum);
	for (i = 0; i < sizeof h; i++)
		sum += p[i];
	snprintf(h.sum, sizeof h.sum, "%06o", sum & 0777777);
	buf_put(b, &h, sizeof h);
	buf_put_str(b, bytes);
	bundle_pad(b, (TAR_BLOCK - bytes.n % TAR_BLOCK) % TAR_BLOCK);
}

void
bundle_end(struct buf *b)
{
	bundle_pad(b, (size_t)2 * TAR_BLOCK);
}
