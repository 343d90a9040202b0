/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_OPTIONS_H
#define MFX_API_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/opt.h"

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
	bool open;			/* anybody may become a user */
	bool administers;		/* serves /health and /metrics too */
	/* may be NULL: tells the administrator of a fault, once until it is
	 * over */
	void (*complain)(const struct fault *);
};

#endif
