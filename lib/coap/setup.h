/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_SETUP_H
#define MFX_COAP_SETUP_H

#include "base/opt.h"
#include "coap/coap_server.h"

/*
 * The options of a CoAP server, and what follows from them: its sockets,
 * TLS and limits.
 *
 *	static struct coap_setup setup = COAP_SETUP("127.0.0.1:5683");
 *	static const struct opt options[] = {
 *		COAP_SETUP_OPTIONS(setup),
 *		...
 *	coap_setup_open(&setup, &coap_server_options, &server, &fault);
 *
 * Without an address, sockets are those inherited (systemd, whose
 * FileDescriptorName= is "psk" or "tls" for those that are not plain; or
 * stdin, from inetd), or else the default address, plain.
 */
struct coap_setup {
	const char *address;
	struct opt_list listen[COAP_SECURITIES];
	const char *cert, *key, *ca, *crl;
	int64_t max_body, timeout, max_sessions, max_per_address;
	int64_t max_observers, max_observers_per_thing;
	int64_t max_observers_per_address, retries, ping, attempts;
	bool bootstrap;
	bool served_stdin;	/* set by coap_setup_open: fd 0 is one of
				 * the sockets, and closed */
};

#define COAP_BODY_MAX (1 << 20)

#define COAP_SETUP(default_address) {				\
	.address = (default_address), .max_body = COAP_BODY_MAX,	\
	.timeout = 60 * STAMP_SECOND, .max_sessions = 4096,		\
	.max_observers = 16384, .retries = 4,				\
	.ping = 3600 * STAMP_SECOND, .attempts = 10,			\
}

#define COAP_SETUP_OPTIONS(s)						\
	{ 'l', "listen", "ADDR:PORT",					\
	    "listen here for UDP and TCP; may be repeated",		\
	    OPT_LIST(&(s).listen[COAP_NOSEC]) },			\
	{ 0, "listen-psk", "ADDR:PORT", "listen here for DTLS and TLS with " \
	    "things' keys",						\
	    OPT_LIST(&(s).listen[COAP_PSK]) },			\
	{ 0, "listen-tls", "ADDR:PORT", "listen here for DTLS and TLS with " \
	    "certificates",						\
	    OPT_LIST(&(s).listen[COAP_CERTIFICATES]) },			\
	{ 0, "tls-cert", "FILE", "our certificate chain, in PEM",	\
	    OPT_STRING(&(s).cert) },					\
	{ 0, "tls-key", "FILE", "private key of --tls-cert, in PEM",	\
	    OPT_STRING(&(s).key) },					\
	{ 0, "tls-ca", "FILE", "CA file used to verify client certificates", \
	    OPT_STRING(&(s).ca) },					\
	{ 0, "tls-crl", "FILE", "revoked client certificates, in PEM",	\
	    OPT_STRING(&(s).crl) },					\
	{ 0, "max-body", "SIZE", "refuse longer messages (default: 1M)", \
	    OPT_SIZE(&(s).max_body, 0, COAP_BODY_MAX) },		\
	{ 0, "timeout", "DURATION", "close connections idle for this long " \
	    "(default: 60s)",						\
	    OPT_TIMEOUT(&(s).timeout, STAMP_SECOND, 3600 * STAMP_SECOND), \
	    .former = 't' },						\
	{ 0, "max-sessions", "N", "at most N sessions of TCP, TLS and DTLS " \
	    "(default: 4096)",						\
	    OPT_INT(&(s).max_sessions, 1, 1000000) },			\
	{ 0, "max-per-address", "N",					\
	    "at most N sessions per client address (default: a quarter of " \
	    "--max-sessions)",						\
	    OPT_INT(&(s).max_per_address, 1, 1000000) },		\
	{ 0, "max-observers", "N", "at most N observers (default: 16384)", \
	    OPT_INT(&(s).max_observers, 0, 1000000) },			\
	{ 0, "max-observers-per-thing", "N",				\
	    "at most N observers per thing (default: a 16th of "	\
	    "--max-observers)",						\
	    OPT_INT(&(s).max_observers_per_thing, 1, 1000000) },	\
	{ 0, "max-observers-per-address", "N",				\
	    "at most N observers per client address (default: a quarter of " \
	    "--max-observers)",						\
	    OPT_INT(&(s).max_observers_per_address, 1, 1000000) },	\
	{ 0, "bootstrap", NULL, "give devices their configurations: "	\
	    "mfx-bootstrap(1)", OPT_FLAG(&(s).bootstrap) },		\
	{ 0, "attempts", "N", "at most N failed attempts of a device per " \
	    "minute (default: 10)",					\
	    OPT_INT(&(s).attempts, 1, 1000000) },			\
	{ 0, "retries", "N", "repeat an unanswered notification N times " \
	    "(default: 4)",						\
	    OPT_INT(&(s).retries, 1, 10) },				\
	{ 0, "ping", "DURATION", "ping silent observers this often "	\
	    "(default: 1h)",						\
	    OPT_TIMEOUT(&(s).ping, STAMP_SECOND, 86400 * STAMP_SECOND) }

/* The limits and TLS of `options` are filled in; the rest is the caller's.
 * EX_USAGE for options that do not go together. */
int coap_setup_open(struct coap_setup *,
    struct coap_server_options *options, struct coap_server **, struct fault *);

#endif
