/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/os.h"
#include "net/openssl.h"

#define TCP_CHUNK ((size_t)32 << 10)
#define TCP_OUT_MAX ((size_t)4 << 20)

static const char *
tcp_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text != NULL ? text : "an error of TLS";
}

/* ---- what a session has once ---- */

static int
tcp_load(SSL_CTX *ctx, const char *cacert, const char *cert, const char *key,
    struct fault *fault)
{
	if (cacert == NULL) {
		SSL_CTX_set_default_verify_paths(ctx);
	} else if (SSL_CTX_load_verify_locations(ctx, cacert, NULL) != 1)
		return fault_set(fault, EX_CONFIG, "%s: no certificate of an "
		    "authority can be read: %s", cacert, tcp_reason());
	if (cert != NULL && SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return fault_set(fault, EX_CONFIG, "%s: no certificate can be "
		    "read: %s", cert, tcp_reason());
	if (cert != NULL && key == NULL)
		return fault_set(fault, EX_CONFIG, "%s: the certificate needs "
		    "its private key", cert);
	if (cert != NULL && access(key, R_OK) < 0)
		return fault_input(fault, key);
	if (cert != NULL && (SSL_CTX_use_PrivateKey_file(ctx, key,
	    SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1))
		return fault_set(fault, EX_CONFIG, "%s: no private key of "
		    "that certificate can be read: %s", key, tcp_reason());
	return 0;
}

SSL_CTX *
tcp_context(const char *cacert, const char *cert, const char *key,
    bool insecure, struct fault *fault)
{
	SSL_CTX *ctx = openssl_is_ready() ?
	    SSL_CTX_new(TLS_client_method()) : NULL;

	ERR_clear_error();
	if (ctx == NULL) {
		fault_set(fault, EX_OSERR, "out of memory");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
	    NULL);
	if (tcp_load(ctx, cacert, cert, key, fault) < 0) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* ---- connecting ---- */

static int
tcp_errno(struct tcp *t, int code)
{
	snprintf(t->why, sizeof t->why, "%s", strerror(code));
	return -1;
}

void
tcp_init(struct tcp *t)
{
	*t = (struct tcp){ .fd = -1 };
	buf_init(&t->out, TCP_OUT_MAX);
}

int
tcp_connect(struct tcp *t, const struct sockaddr *address, socklen_t size)
{
	int one = 1;

	t->refused = false;
	t->fd = os_socket(address->sa_family, SOCK_STREAM, 0, true);
	if (t->fd < 0)
		return tcp_errno(t, errno);
	setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(t->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	if (connect(t->fd, address, size) < 0 && errno != EINPROGRESS)
		return tcp_errno(t, errno);
	return 0;
}

int
tcp_connected(struct tcp *t)
{
	int code = 0;
	socklen_t size = sizeof code;

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
		code = errno;
	return code != 0 ? tcp_errno(t, code) : 0;
}

int
tcp_secure(struct tcp *t, SSL_CTX *ctx, const char *host)
{
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	struct in6_addr ip;
	X509_VERIFY_PARAM *verify;

	t->ssl = SSL_new(ctx);
	if (t->ssl == NULL || in == NULL || out == NULL) {
		BIO_free(in);
		BIO_free(out);
		return tcp_errno(t, ENOMEM);
	}
	SSL_set_bio(t->ssl, in, out);
	SSL_set_connect_state(t->ssl);
	verify = SSL_get0_param(t->ssl);
	if (inet_pton(AF_INET, host, &ip) == 1 ||
	    inet_pton(AF_INET6, host, &ip) == 1) {
		X509_VERIFY_PARAM_set1_ip_asc(verify, host);
	} else {
		X509_VERIFY_PARAM_set1_host(verify, host, 0);
		/* it copies the name, but its macro drops the const */
		SSL_set_tlsext_host_name(t->ssl, (char *)(uintptr_t)host);
	}
	return 0;
}

/* what encrypting gave, as far as the socket takes it */
static int
tcp_flush(struct tcp *t)
{
	BIO *out = SSL_get_wbio(t->ssl);
	int n = (int)BIO_ctrl_pending(out);
	ssize_t sent;
	char *p;

	if (n > 0 && (p = buf_room(&t->out, (size_t)n)) != NULL &&
	    (n = BIO_read(out, p, n)) > 0)
		t->out.n += (size_t)n;
	while (tcp_pending(t)) {
		sent = send(t->fd, t->out.p + t->sent, t->out.n - t->sent,
		    MSG_NOSIGNAL);
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == EINTR))
			return 0;
		if (sent < 0)
			return tcp_errno(t, errno);
		t->sent += (size_t)sent;
	}
	buf_clear(&t->out);
	t->sent = 0;
	return 0;
}

static ssize_t
tcp_receive(struct tcp *t, void *p, size_t n)
{
	ssize_t got = recv(t->fd, p, n, 0);

	if (got > 0)
		return got;
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK ||
	    errno == EINTR))
		return 0;
	if (got < 0)
		return tcp_errno(t, errno);
	snprintf(t->why, sizeof t->why, "the server closed the connection");
	return -1;
}

/* encrypted bytes to be taken apart */
static ssize_t
tcp_feed(struct tcp *t)
{
	char chunk[TCP_CHUNK];
	ssize_t n = tcp_receive(t, chunk, sizeof chunk);

	if (n > 0)
		BIO_write(SSL_get_rbio(t->ssl), chunk, (int)n);
	return n;
}

/* what a call of OpenSSL that failed means: 0 when more has to come */
static int
tcp_judge(struct tcp *t, int r)
{
	long verify = SSL_get_verify_result(t->ssl);

	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		snprintf(t->why, sizeof t->why,
		    "the server closed the connection");
		return -1;
	}
	t->refused = true;
	if (verify != X509_V_OK)
		snprintf(t->why, sizeof t->why, "the certificate is refused: "
		    "%s", X509_verify_cert_error_string(verify));
	else
		snprintf(t->why, sizeof t->why, "TLS: %s%s", tcp_reason(),
		    ERR_GET_REASON(ERR_peek_last_error()) ==
		    SSL_R_WRONG_VERSION_NUMBER ?
		    ": the server does not speak it here" : "");
	return -1;
}

int
tcp_handshake(struct tcp *t)
{
	ssize_t n;
	int r, judged = 0;

	for (;;) {
		ERR_clear_error();
		r = SSL_do_handshake(t->ssl);
		if (r != 1)
			judged = tcp_judge(t, r);
		/* an alert, too, as far as it goes */
		if (tcp_flush(t) < 0 && judged == 0)
			return -1;
		if (r == 1)
			return 1;
		if (judged < 0)
			return -1;
		n = tcp_feed(t);
		if (n <= 0)
			return (int)n;
	}
}

/* ---- bytes ---- */

ssize_t
tcp_read(struct tcp *t, void *p, size_t n)
{
	ssize_t fed;
	int r;

	if (t->ssl == NULL)
		return tcp_receive(t, p, n);
	for (;;) {
		ERR_clear_error();
		r = SSL_read(t->ssl, p, n < TCP_CHUNK ? (int)n :
		    (int)TCP_CHUNK);
		if (r > 0)
			return r;
		if (tcp_judge(t, r) < 0)
			return -1;
		fed = tcp_feed(t);
		if (fed <= 0)
			return fed;
	}
}

ssize_t
tcp_write(struct tcp *t, const void *p, size_t n)
{
	ssize_t sent;
	int r;

	if (t->ssl == NULL) {
		sent = send(t->fd, p, n, MSG_NOSIGNAL);
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == EINTR))
			return 0;
		return sent < 0 ? tcp_errno(t, errno) : sent;
	}
	if (tcp_flush(t) < 0)
		return -1;
	if (tcp_pending(t) || n == 0)
		return 0;
	ERR_clear_error();
	r = SSL_write(t->ssl, p, n < TCP_CHUNK ? (int)n : (int)TCP_CHUNK);
	if (r <= 0)
		return tcp_judge(t, r);
	return tcp_flush(t) < 0 ? -1 : r;
}

void
tcp_close(struct tcp *t)
{
	SSL_free(t->ssl);
	t->ssl = NULL;
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	buf_clear(&t->out);
	buf_release(&t->out);
	t->sent = 0;
}
