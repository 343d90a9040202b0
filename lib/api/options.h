/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_OPTIONS_H
#define MFX_API_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/opt.h"

/* What is issued and signed, and the options for it. */
struct api_certs {
	const char *ca;			/* that issues; NULL: the one made
					 * last */
	const char *ocsp, *crl_url;	/* put into certificates; or NULL */
	int64_t days;			/* how long they are valid */
	/* files of the certificate that answers OCSP for its CA, and its key;
	 * NULL: each CA does */
	const char *ocsp_cert, *ocsp_key;
	/* at most so many that have not expired */
	int64_t per_thing, per_user;
	bool est;			/* things may enroll by themselves */
	const char *ocsp_listen;	/* for the program: a server without TLS
					 * for OCSP alone; or NULL */
};

#define API_CERTS_DEFAULTS						\
	{ .days = 365, .per_thing = 100, .per_user = 250000 }
#define API_CERTS_OPTIONS(c)						\
	{ 0, "ca", "NAME", "CA that issues certificates (default: the one " \
	    "made last)", OPT_STRING(&(c).ca) },			\
	{ 0, "cert-days", "N", "certificates are valid for this long "	\
	    "unless a user asks for another time (default: 365)",	\
	    OPT_INT(&(c).days, 1, 36500) },				\
	{ 0, "thing-certs", "N", "a thing has at most N certificates that " \
	    "have not expired (default: 100)",				\
	    OPT_INT(&(c).per_thing, 1, 1000000) },			\
	{ 0, "user-certs", "N", "the things of a user have at most N "	\
	    "certificates that have not expired (default: 250000)",	\
	    OPT_INT(&(c).per_user, 1, 1000000000) },			\
	{ 0, "est", NULL, "let things enroll and renew certificates (EST)", \
	    OPT_FLAG(&(c).est) },					\
	{ 0, "ocsp", "URL", "name URL in certificates as the place of OCSP", \
	    OPT_STRING(&(c).ocsp) },					\
	{ 0, "crl-url", "URL", "name URL in certificates as the place of " \
	    "the CRL", OPT_STRING(&(c).crl_url) },			\
	{ 0, "ocsp-cert", "FILE", "certificate that answers OCSP for its CA, " \
	    "in PEM (default: each CA answers)",			\
	    OPT_STRING(&(c).ocsp_cert) },				\
	{ 0, "ocsp-key", "FILE", "private key of --ocsp-cert, in PEM",	\
	    OPT_STRING(&(c).ocsp_key) },				\
	{ 0, "ocsp-listen", "ADDR:PORT", "serve OCSP alone, without TLS, on " \
	    "this address", OPT_STRING(&(c).ocsp_listen) }

/* What the program tells the service when it is opened. */
struct api_options {
	const char *home;		/* NULL: as registry_open */
	const struct opt_list *stores;	/* of messages: stores.h */
	const char *store_file;		/* with more of them, or NULL */
	int64_t session;		/* lifetime of a session token, ns */
	int64_t limit;			/* longest time to work on an answer, or
					 * on a piece of a long one, ns */
	size_t password_min;		/* bytes, of a new one */
	/* failed logins a minute, by account from one address */
	unsigned attempts;
	unsigned registrations;		/* new users an hour, by address */
	const char *primary;		/* changes of a replica are made there;
					 * NULL: refused */
	/* email addresses of those who may see what is of no user */
	const struct opt_list *administrators;
	const struct api_certs *certs;
	bool open;			/* anybody may become a user */
	bool administers;		/* serves /health and /metrics too */
	/* may be NULL: tells the administrator of a fault, once until it is
	 * over */
	void (*complain)(const struct fault *);
};

#endif
