/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libwebsockets is not left to load certificates: of a client's it takes
 * every one for good, whatever OpenSSL has found about it.
 */
#include <openssl/err.h>
#include <stdlib.h>
#include <sysexits.h>

#include "http/ws_server.h"

static int
refuse(struct fault *fault, const char *file)
{
	unsigned long e = ERR_get_error();
	const char *why = ERR_reason_error_string(e);

	ERR_clear_error();
	return fault_set(fault, EX_CONFIG, "%s: %s", file,
	    why ? why : "can't be used");
}

static int
believe(SSL_CTX *ctx, const char *ca, struct fault *fault)
{
	STACK_OF(X509_NAME) *names;

	if (SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1 ||
	    (names = SSL_load_client_CA_file(ca)) == NULL)
		return refuse(fault, ca);
	SSL_CTX_set_client_CA_list(ctx, names);
	/* whether one must have a certificate is said at the handshake of
	 * the WebSocket, where it can be explained */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return 0;
}

int
ws_tls_context(SSL_CTX *ctx, const struct ws_tls_files *files,
    struct fault *fault)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* a resumed session would bring a certificate that nobody looks at
	 * again */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_num_tickets(ctx, 0);
	if (SSL_CTX_use_certificate_chain_file(ctx, files->cert) != 1)
		return refuse(fault, files->cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, files->key, SSL_FILETYPE_PEM)
	    != 1 || SSL_CTX_check_private_key(ctx) != 1)
		return refuse(fault, files->key);
	return files->ca ? believe(ctx, files->ca, fault) : 0;
}

void
ws_tls_peer(SSL *ssl, struct tls_peer *peer)
{
	X509 *x = ssl ? SSL_get_peer_certificate(ssl) : NULL;
	unsigned char *der = NULL;
	int n;

	*peer = (struct tls_peer){ .kind = TLS_PEER_NONE };
	if (x == NULL)
		return;
	n = i2d_X509(x, &der);
	X509_free(x);
	tls_peer_name(peer, der, n > 0 ? (size_t)n : 0);
	OPENSSL_free(der);
}
