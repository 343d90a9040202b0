/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "net/openssl.h"

/* of tls-exporter */
#define TLS_EXPORTER_BYTES 32

struct tls {
	struct tls_files files;
	SSL_CTX *ctx;
	unsigned generation;
};

static int
tls_refuse(struct fault *fault, const char *file)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(e);

	/* "no start line" is how OpenSSL says that it found no PEM */
	if (ERR_GET_LIB(e) == ERR_LIB_PEM &&
	    ERR_GET_REASON(e) == PEM_R_NO_START_LINE)
		why = "not in PEM";
	ERR_clear_error();
	return fault_set(fault, EX_CONFIG, "%s: %s", file,
	    why ? why : "can't be used");
}

static int
tls_check_readable(const char *path, struct fault *fault)
{
	FILE *f = path ? fopen(path, "re") : NULL;

	if (path != NULL && f == NULL)
		return fault_errno(fault, errno == ENOENT ? EX_NOINPUT : 0,
		    "%s", path);
	if (f != NULL)
		fclose(f);
	return 0;
}

/* All is accepted here, and refused when it is known what the client wants:
 * what was wrong stays in SSL_get_verify_result(3). */
static int
tls_verified(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static int
tls_take_crl(SSL_CTX *ctx, const char *file, struct fault *fault)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	X509_LOOKUP *lookup = X509_STORE_add_lookup(store,
	    X509_LOOKUP_file());

	if (lookup == NULL ||
	    X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) < 1)
		return tls_refuse(fault, file);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return 0;
}

static int
tls_take_ca(SSL_CTX *ctx, const struct tls_files *files, struct fault *fault)
{
	STACK_OF(X509_NAME) *names;

	if (SSL_CTX_load_verify_locations(ctx, files->ca, NULL) != 1 ||
	    (names = SSL_load_client_CA_file(files->ca)) == NULL)
		return tls_refuse(fault, files->ca);
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, tls_verified);
	return files->crl ? tls_take_crl(ctx, files->crl, fault) : 0;
}

static int
tls_take_files(SSL_CTX *ctx, const struct tls_files *files,
    struct fault *fault)
{
	if (tls_check_readable(files->cert, fault) < 0 ||
	    tls_check_readable(files->key, fault) < 0 ||
	    tls_check_readable(files->ca, fault) < 0 ||
	    tls_check_readable(files->crl, fault) < 0)
		return -1;
	if (SSL_CTX_use_certificate_chain_file(ctx, files->cert) != 1)
		return tls_refuse(fault, files->cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, files->key, SSL_FILETYPE_PEM)
	    != 1 || SSL_CTX_check_private_key(ctx) != 1)
		return tls_refuse(fault, files->key);
	return files->ca ? tls_take_ca(ctx, files, fault) : 0;
}

static SSL_CTX *
tls_context(const struct tls_files *files, struct fault *fault)
{
	SSL_CTX *ctx = openssl_is_ready() ?
	    SSL_CTX_new(TLS_server_method()) : NULL;

	ERR_clear_error();
	if (ctx == NULL) {
		fault_set(fault, EX_OSERR, "OpenSSL can't be set up");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* a resumed session would bring a certificate that is not verified
	 * again */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_num_tickets(ctx, 0);
	/* an idle connection keeps no buffers; a write that could not be
	 * finished may go on from another place in memory */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (tls_take_files(ctx, files, fault) == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

int
tls_open(struct tls **out, const struct tls_files *files,
    struct fault *fault)
{
	SSL_CTX *ctx = tls_context(files, fault);

	if (ctx == NULL)
		return -1;
	*out = memory_zero(1, sizeof **out);
	(*out)->files = *files;
	(*out)->ctx = ctx;
	(*out)->generation = 1;
	return 0;
}

void
tls_close(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls);
}

int
tls_reload(struct tls *tls, struct fault *fault)
{
	SSL_CTX *ctx = tls_context(&tls->files, fault);

	if (ctx == NULL)
		return -1;
	/* each connection holds the one that it began with */
	SSL_CTX_free(tls->ctx);
	tls->ctx = ctx;
	tls->generation++;
	return 0;
}

unsigned
tls_generation(const struct tls *tls)
{
	return tls ? tls->generation : 0;
}

SSL *
tls_accept(struct tls *tls, int fd)
{
	SSL *ssl = SSL_new(tls->ctx);

	if (ssl != NULL && SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		ssl = NULL;
	}
	if (ssl != NULL)
		SSL_set_accept_state(ssl);
	else
		ERR_clear_error();
	return ssl;
}

bool
tls_lend(const struct tls *tls, SSL *ssl)
{
	STACK_OF(X509) *chain = NULL;
	bool done;

	SSL_CTX_get0_chain_certs(tls->ctx, &chain);
	done = SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(tls->ctx),
	    SSL_CTX_get0_privatekey(tls->ctx), chain, 1) == 1 &&
	    SSL_set1_verify_cert_store(ssl,
	    SSL_CTX_get_cert_store(tls->ctx)) == 1;
	ERR_clear_error();
	return done;
}

static bool
tls_verify(X509_STORE *store, X509 *x, STACK_OF(X509) *chain)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool good = ctx != NULL &&
	    X509_STORE_CTX_init(ctx, store, x, chain) == 1 &&
	    X509_STORE_CTX_set_default(ctx, "ssl_client") == 1 &&
	    X509_verify_cert(ctx) == 1;

	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

bool
tls_accepts(const struct tls *tls, SSL *ssl)
{
	X509 *x;
	bool good;

	/* it would be verified with what was read before */
	if (!SSL_is_init_finished(ssl))
		return tls->files.crl == NULL;
	x = SSL_get1_peer_certificate(ssl);
	good = x == NULL || tls_verify(SSL_CTX_get_cert_store(tls->ctx), x,
	    SSL_get_peer_cert_chain(ssl));

	X509_free(x);
	return good;
}

size_t
tls_binding(SSL *ssl, unsigned char *to, size_t max)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	size_t n;

	if (ssl == NULL || !SSL_is_init_finished(ssl))
		return 0;
	if (SSL_version(ssl) < TLS1_3_VERSION) {
		n = SSL_get_peer_finished(ssl, to, max);
		return n <= max ? n : 0;
	}
	n = TLS_EXPORTER_BYTES;
	return n <= max && SSL_export_keying_material(ssl, to, n, label,
	    sizeof label - 1, NULL, 0, 0) == 1 ? n : 0;
}
