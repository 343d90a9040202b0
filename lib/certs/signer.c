/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/signer.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/stamp.h"
#include "certs/build.h"
#include "certs/error.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "certs/token.h"

void
signer_close(struct signer *s)
{
	if (s == NULL)
		return;
	X509_free(s->certificate);
	EVP_PKEY_free(s->key);
	certificates_free(s->above);
	free(s);
}

struct signer *
signer_of(const struct authority *a, struct fault *fault)
{
	struct signer *s = memory_zero(1, sizeof *s);

	snprintf(s->name, sizeof s->name, "%.*s", STR_ARG(a->name));
	s->row = (struct authority){ .row = a->row, .name = str_z(s->name) };
	s->certificate = der_read_certificate(a->certificate, fault);
	if (s->certificate != NULL)
		s->above = der_read_certificates(a->above, fault);
	if (s->above == NULL) {
		signer_close(s);
		return NULL;
	}
	s->until = build_until(s->certificate);
	/* what OpenSSL keeps of it is made now, before several threads ask */
	X509_check_ca(s->certificate);
	return s;
}

/* ---- keys ---- */

EVP_PKEY *
signer_read_key(const char *path, struct fault *fault)
{
	EVP_PKEY *key = NULL;
	struct buf text;

	if (token_is_uri(path))
		return token_read_key(path, fault);
	buf_init(&text, PEM_MAX);
	if (file_read(path, &text, fault) == 0)
		key = key_read(buf_str(&text), path, fault);
	secret_release(&text);
	return key;
}

static EVP_PKEY *
signer_open_box(struct registry *r, const struct authority *a,
    struct fault *fault)
{
	EVP_PKEY *key = NULL;
	struct buf der;

	buf_init(&der, THING_KEY_MAX);
	if (authority_unseal(r, a, &der, fault) == 0)
		key = key_read(buf_str(&der), "the key of the CA", fault);
	secret_release(&der);
	return key;
}

static int
signer_take_key(struct signer *s, struct registry *r,
    const struct authority *a, struct fault *fault)
{
	char *path;

	if (a->box.p != NULL) {
		s->key = signer_open_box(r, a, fault);
	} else if (a->outside.n == 0) {
		return fault_set(fault, EX_CONFIG, "the CA '%s' has no private "
		    "key here: it can't sign", s->name);
	} else {
		path = memory_zero(a->outside.n + 1, 1);
		memcpy(path, a->outside.p, a->outside.n);
		s->key = signer_read_key(path, fault);
		free(path);
	}
	if (s->key == NULL)
		return -1;
	if (X509_check_private_key(s->certificate, s->key) == 1)
		return 0;
	ERR_clear_error();
	return fault_set(fault, EX_CONFIG, "the private key of the CA '%s' "
	    "is not that of its certificate", s->name);
}

/* ---- open ---- */

struct signer_wanted {
	struct registry *registry;
	bool sign, any;
	struct signer *got;
};

static int
signer_take(void *arg, const struct authority *a, struct fault *fault)
{
	struct signer_wanted *w = arg;

	/* one without a key is only there to verify what it has issued */
	if (w->sign && w->any && a->box.p == NULL && a->outside.n == 0)
		return 0;
	if ((w->got = signer_of(a, fault)) == NULL)
		return -1;
	if (w->sign && signer_take_key(w->got, w->registry, a, fault) < 0) {
		signer_close(w->got);
		w->got = NULL;
		return -1;
	}
	return 1;
}

int
signer_open(struct signer **out, struct registry *r, const char *name,
    bool sign, struct fault *fault)
{
	struct signer_wanted w = { .registry = r, .sign = sign,
	    .any = name == NULL };
	int got = authority_each(r, str_z(name), signer_take, &w, fault);

	*out = w.got;
	if (got != 0)
		return got < 0 ? -1 : 0;
	return name != NULL ? fault_set(fault, 1, "no CA '%s'", name) :
	    fault_set(fault, EX_CONFIG,
	    "no CA: make one with 'mfx-certs ca init'");
}

int
signer_check(const struct signer *s, int64_t now, struct fault *fault)
{
	int64_t from = build_from(s->certificate);
	char text[STAMP_TEXT];
	size_t n;

	if (from <= now && now < s->until)
		return 0;
	n = stamp_print_utc(text, (struct stamp){
	    (from > now ? from : s->until) * STAMP_SECOND });
	return fault_set(fault, EX_CONFIG, from > now ?
	    "the CA '%s' is not valid before %.*s" :
	    "the CA '%s' expired at %.*s: make another one with "
	    "'mfx-certs ca init'", s->name, (int)n, text);
}

/* ---- chains ---- */

static bool
signer_put_some(struct buf *b, const struct signer *s, int from, int to)
{
	int i;

	for (i = from; i < to; i++)
		if (!pem_put_certificate(b, i == 0 ? s->certificate :
		    sk_X509_value(s->above, i - 1)))
			return false;
	return true;
}

bool
signer_put_between(struct buf *b, const struct signer *s)
{
	return signer_put_some(b, s, 0, sk_X509_num(s->above));
}

bool
signer_put_root(struct buf *b, const struct signer *s)
{
	int n = sk_X509_num(s->above);

	return signer_put_some(b, s, n, n + 1);
}

bool
signer_put_chain(struct buf *b, const struct signer *s)
{
	return signer_put_some(b, s, 0, sk_X509_num(s->above) + 1);
}
