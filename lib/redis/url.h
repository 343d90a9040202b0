/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REDIS_URL_H
#define MFX_REDIS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/*
 * Where a server of Redis is:
 *
 *	redis://[user[:password]@]host[:port][/database][?option=value&...]
 *	rediss://…			the same over TLS
 *	unix://[user[:password]@]/path[?option=value&...]
 *
 * Options are ca, cert and key, files in PEM, and for a socket db, the number
 * of the database.
 */
struct redis_url {
	char *host;		/* NULL: a socket, */
	char *path;		/* this one */
	char *user, *password;	/* NULL: none */
	char *ca, *cert, *key;
	int64_t port, database;
	bool tls;
	char name[160];		/* for messages: without user and options */
};

#define REDIS_URL_FORM \
	"redis://HOST:PORT/DATABASE, rediss://HOST or unix:///PATH"

/* EX_USAGE; the fault's text holds no secret */
int redis_url_parse(struct redis_url *, const char *text, struct fault *);
void redis_url_release(struct redis_url *);

/* in place of the URL's, if there is one; it is copied */
void redis_url_set_password(struct redis_url *, const char *);

#endif
