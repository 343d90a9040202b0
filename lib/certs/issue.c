/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/issue.h"

#include <sodium.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/stamp.h"
#include "certs/error.h"
#include "certs/pem.h"

#define ISSUE_KEY_MAX ((size_t)16 << 10)

void
issue_init(struct issue *i)
{
	*i = (struct issue){ .issued = 0 };
	buf_init(&i->certificate, PEM_MAX);
	buf_init(&i->key, ISSUE_KEY_MAX);
}

void
issue_clear(struct issue *i)
{
	buf_clear(&i->certificate);
	sodium_memzero(i->key.p, i->key.n);
	buf_clear(&i->key);
}

void
issue_release(struct issue *i)
{
	buf_release(&i->certificate);
	secret_release(&i->key);
}

/* Milliseconds since 1970, so that serials made together are neighbours in the
 * index of the registry, and 80 random bits: more than anybody can guess. */
static void
issue_make_serial(unsigned char serial[SERIAL_BYTES])
{
	uint64_t ms = (uint64_t)(stamp_now().ns / 1000000);
	int i;

	for (i = 0; i < 6; i++)
		serial[i] = (unsigned char)(ms >> (40 - 8 * i));
	/* positive, and never 0, whatever the clock says */
	serial[0] = (serial[0] & 0x7f) | 1;
	randombytes_buf(serial + 6, SERIAL_BYTES - 6);
}

static struct str
issue_common_name(const struct order *o)
{
	return o->kind == BUILD_THING ? o->thing :
	    o->kind == BUILD_SERVER ? str_z(o->names[0]) : o->name;
}

static int
issue_build(struct issue *i, const struct signer *signer,
    const struct order *o, EVP_PKEY *key, struct fault *fault)
{
	unsigned char serial[SERIAL_BYTES];
	struct build b = {
		.kind = o->kind,
		.name = issue_common_name(o),
		.thing = o->thing,
		.names = o->names,
		.depth = o->depth,
		.ocsp = o->ocsp,
		.crl = o->crl,
		.serial = serial,
		.now = o->now,
		.from = o->now - ISSUE_EARLY,
		.until = o->now + o->valid,
		.key = key,
		.issuer = signer ? signer->certificate : NULL,
		.signer = signer ? signer->key : key,
	};

	if (signer != NULL && b.until > signer->until)
		b.until = signer->until;
	issue_make_serial(serial);
	i->issued = o->now;
	i->expires = b.until;
	if (build_certificate(&b, &i->certificate, fault) < 0)
		return -1;
	sodium_bin2hex(i->serial, sizeof i->serial, serial, sizeof serial);
	crypto_hash_sha256(i->fingerprint,
	    (const unsigned char *)i->certificate.p, i->certificate.n);
	return 0;
}

int
issue_make(struct issue *i, const struct signer *signer,
    const struct order *o, struct fault *fault)
{
	EVP_PKEY *key = o->key;
	int result;

	if (key == NULL && (key = key_make(o->type, fault)) == NULL)
		return -1;
	result = issue_build(i, signer, o, key, fault);
	if (result == 0 && o->key == NULL && !key_put(&i->key, key))
		result = error_fault(fault, EX_OSERR,
		    "the private key can't be written");
	if (o->key == NULL)
		EVP_PKEY_free(key);
	return result;
}

int
issue_add(const struct issue *i, struct registry *r,
    const struct signer *signer, const struct order *o, struct fault *fault)
{
	const struct issued row = {
		.serial = { i->serial, SERIAL_TEXT },
		.fingerprint = { (const char *)i->fingerprint,
		    sizeof i->fingerprint },
		.thing = o->thing,
		.name = o->name,
		.certificate = buf_str(&i->certificate),
		.issued = i->issued,
		.expires = i->expires,
	};

	return issued_add(r, &signer->row, &row, o->owner, fault);
}
