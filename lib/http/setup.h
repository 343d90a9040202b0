/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_SETUP_H
#define MFX_HTTP_SETUP_H

#include "base/opt.h"
#include "base/stamp.h"
#include "base/address.h"
#include "http/cors.h"
#include "http/server.h"
#include "net/tls.h"

/*
 * The options that every program with an HTTP server has, and what follows
 * from them: its sockets, TLS and limits.
 *
 *	static struct http_setup setup = HTTP_SETUP("127.0.0.1:8185");
 *	static const struct opt options[] = {
 *		HTTP_OPTIONS(setup),
 *		...
 *	http_setup_open(&setup, &http_options, &h, &fault);
 *
 * Without --listen, sockets are those inherited (systemd, inetd), or else
 * the program's default address.  A connected one (inetd nowait) is served
 * alone: `single`, and the program ends when it is closed; when stderr is
 * that socket too, it is redirected to /dev/null.
 */
struct http_setup {
	const char *address;
	const char *const *also;	/* more of them; ends with NULL */
	struct opt_list listen;
	const char *tls_cert, *tls_key, *tls_ca, *tls_crl;
	bool require_cert;
	int64_t max_body, timeout, max_connections, max_per_address;
	struct opt_list trusted_proxy, proxy_from, cors_origin;
	int64_t cors_max_age;
	/* set by http_setup_open */
	struct proxies proxies, senders;
	struct http_cors cors;
	struct tls *tls;	/* NULL: plain */
	bool single;
};

#define HTTP_BODY_MAX (1 << 20)
#define HTTP_CORS_AGE (600 * STAMP_SECOND)

#define HTTP_SETUP(default_address) {					\
	.address = (default_address), .max_body = HTTP_BODY_MAX,	\
	.timeout = 60 * STAMP_SECOND, .max_connections = 4096,		\
	.cors_max_age = HTTP_CORS_AGE,					\
}

/* for a message, which has to fit into a line; and for other bodies */
#define HTTP_OPTIONS(s) HTTP_OPTIONS_BODY(s, "1M", HTTP_BODY_MAX)
#define HTTP_OPTIONS_BODY(s, text, max)					\
	{ 'l', "listen", "ADDR:PORT", "listen on this address; may be "	\
	    "repeated",							\
	    OPT_LIST(&(s).listen) },					\
	{ 0, "max-body", "SIZE", "refuse longer bodies (default: " text ")", \
	    OPT_SIZE(&(s).max_body, 0, (max)) },			\
	{ 0, "timeout", "DURATION", "close connections idle for this long " \
	    "(default: 60s)",						\
	    OPT_TIMEOUT(&(s).timeout, STAMP_SECOND, 3600 * STAMP_SECOND), \
	    .former = 't' },						\
	{ 0, "max-connections", "N", "at most N connections (default: 4096)", \
	    OPT_INT(&(s).max_connections, 1, 1000000) },		\
	{ 0, "max-per-address", "N", "at most N connections per client " \
	    "address",							\
	    OPT_INT(&(s).max_per_address, 1, 1000000) },		\
	{ 0, "trusted-proxy", "ADDR[/BITS]", "trust X-Forwarded-For from " \
	    "this proxy",						\
	    OPT_LIST(&(s).trusted_proxy) },				\
	{ 0, "proxy-from", "ADDR[/BITS]", "expect the PROXY protocol from " \
	    "this address",						\
	    OPT_LIST(&(s).proxy_from) },				\
	{ 0, "cors-origin", "ORIGIN", "allow requests from web pages of " \
	    "this origin ('*': of any); may be repeated",		\
	    OPT_LIST(&(s).cors_origin) },				\
	{ 0, "cors-max-age", "DURATION", "how long browsers may cache the " \
	    "answer to a preflight (default: 10m)",			\
	    OPT_DURATION(&(s).cors_max_age, 0, 24 * 3600 * STAMP_SECOND) }, \
	{ 0, "tls-cert", "FILE", "TLS: our certificate chain, in PEM",	\
	    OPT_STRING(&(s).tls_cert) },				\
	{ 0, "tls-key", "FILE", "TLS: private key of --tls-cert, in PEM", \
	    OPT_STRING(&(s).tls_key) },					\
	{ 0, "tls-ca", "FILE", "TLS: CA file used to verify client "	\
	    "certificates",						\
	    OPT_STRING(&(s).tls_ca) },					\
	{ 0, "tls-crl", "FILE", "TLS: revoked client certificates, in PEM", \
	    OPT_STRING(&(s).tls_crl) },					\
	{ 0, "require-cert", NULL, "TLS: refuse clients without a "	\
	    "certificate",						\
	    OPT_FLAG(&(s).require_cert) }

/* The sockets that follow from them, for a server of another kind; `single`
 * is set.  Also after -1 what is there is to be closed. */
struct http_sockets {
	int fds[HTTP_LISTEN_MAX];	/* listening */
	int n;
	int connected;			/* or -1 */
};

int http_setup_sockets(struct http_setup *, struct http_sockets *,
    struct fault *);
void http_sockets_close(struct http_sockets *);

/* A server without TLS at all addresses that this one stands for (listen.h),
 * `option` has named it. */
int http_open_at(const char *option, const char *address, struct loop *,
    const struct http_options *, struct http **, struct fault *);

/* The limits and TLS of `options` are filled in; its callbacks are the
 * caller's.  EX_USAGE for options that do not go together. */
int http_setup_open(struct http_setup *, struct loop *,
    struct http_options *options, struct http **, struct fault *);

/* for program_reload(): reads the files of TLS again; arg: the setup */
int http_setup_reload(void *setup, struct fault *);

/* after the server has been closed */
void http_setup_close(struct http_setup *);

#endif
