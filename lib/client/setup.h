/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_SETUP_H
#define MFX_CLIENT_SETUP_H

#include "base/opt.h"

/*
 * Options of the commands that can do their work at a mfx-api(1) instead of
 * the registry of this machine:
 *
 *	static struct remote_setup setup = REMOTE_DEFAULTS;
 *	... REMOTE_OPTIONS(setup), ...
 *	client_open(&client, &setup, ...)
 */
struct remote_setup {
	const char *url, *token_file, *cacert;
	int64_t timeout;		/* ns without a byte */
	bool sealed;			/* nothing secret is in clear: http://
					 * may go to other machines */
};

#define REMOTE_DEFAULTS { .timeout = INT64_C(60000000000) }

#define REMOTE_OPTIONS(s)						\
	{ 0, "url", "URL", "use the mfx-api at URL, not the local registry " \
	    "(default: $MFX_URL)",					\
	    OPT_STRING(&(s).url) },					\
	{ 0, "token-file", "FILE", "read the token from FILE (default: that " \
	    "of mfx-token)", OPT_STRING(&(s).token_file) },		\
	REMOTE_CACERT(s),						\
	{ REMOTE_TIMEOUT(s), .former = 't' }

/* those of them that say how any server is reached */
#define REMOTE_SERVER_OPTIONS(s) REMOTE_CACERT(s), { REMOTE_TIMEOUT(s) }
#define REMOTE_CACERT(s)						\
	{ 0, "cacert", "FILE", "CA file used to verify the server's "	\
	    "certificate (default: $MFX_CACERT)",			\
	    OPT_STRING(&(s).cacert) }
#define REMOTE_TIMEOUT(s)						\
	0, "timeout", "DURATION", "give up when the server is silent for " \
	    "this long (default: 60s)",					\
	    OPT_TIMEOUT(&(s).timeout, INT64_C(100000000),		\
	    INT64_C(3600000000000))

/* the option, or else the variable; NULL when that is empty, too */
const char *setup_value(const char *option, const char *variable);

/* NULL: the registry of this machine */
const char *remote_url(const struct remote_setup *);

#endif
