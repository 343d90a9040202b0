/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/os.h"
#include "base/url.h"

#define URL_PORT 6379
#define URL_DATABASE_MAX 1000000

static int
url_bad(const char *what, struct fault *fault)
{
	return fault_set(fault, EX_USAGE, "--redis: %s; give "
	    REDIS_URL_FORM, what);
}

static bool
url_number(struct str text, uint64_t min, uint64_t max, int64_t *to)
{
	uint64_t n;

	if (!number_digits(text, max, &n) || n < min)
		return false;
	*to = (int64_t)n;
	return true;
}

static bool
url_option(struct redis_url *u, struct str name, struct str value)
{
	char **to = str_eq(name, STR("ca")) ? &u->ca :
	    str_eq(name, STR("cert")) ? &u->cert :
	    str_eq(name, STR("key")) ? &u->key : NULL;

	if (to == NULL)
		return str_eq(name, STR("db")) && u->host == NULL &&
		    url_number(value, 0, URL_DATABASE_MAX, &u->database);
	free(*to);
	*to = value.n > 0 ? url_decode(value) : NULL;
	return *to != NULL;
}

static int
url_options(struct redis_url *u, struct str query, struct fault *fault)
{
	struct str pair, name, value;

	while (query.n > 0) {
		url_cut(query, '&', &pair, &query);
		url_cut(pair, '=', &name, &value);
		if (!url_option(u, name, value))
			return url_bad("an option that is not ca=FILE, "
			    "cert=FILE, key=FILE or, for a socket, db=N",
			    fault);
	}
	if (!u->tls && (u->ca != NULL || u->cert != NULL || u->key != NULL))
		return url_bad("certificates are for rediss:// only", fault);
	return (u->cert != NULL) == (u->key != NULL) ? 0 :
	    url_bad("cert and key go together", fault);
}

/* Takes "user:password@" off the front. */
static int
url_user(struct redis_url *u, struct str *text, struct fault *fault)
{
	struct str at = *text, user, password;
	size_t i, end = 0;
	bool found = false;

	/* a path may have an '@' in it */
	for (i = 0; i < at.n && at.p[i] != '/'; i++)
		if (at.p[i] == '@') {
			end = i;
			found = true;
		}
	if (!found)
		return 0;
	*text = str_from(at, end + 1);
	if (url_cut((struct str){ at.p, end }, ':', &user, &password) &&
	    (u->password = url_decode(password)) == NULL)
		return url_bad("a bad % in the password", fault);
	if (user.n > 0 && (u->user = url_decode(user)) == NULL)
		return url_bad("a bad % in the user", fault);
	return 0;
}

static int
url_host(struct redis_url *u, struct str at, struct fault *fault)
{
	struct str host, database, port;
	bool bracket;

	url_cut(at, '/', &host, &database);
	if (database.n > 0 && !url_number(database, 0, URL_DATABASE_MAX,
	    &u->database))
		return url_bad("the database is not a number", fault);
	if (!url_host_valid(host))
		return url_bad("no host", fault);
	snprintf(u->name, sizeof u->name, "%s%.*s",
	    u->tls ? "rediss://" : "redis://", STR_ARG(host));
	bracket = host.p[0] == '[';
	if (bracket && !url_cut(str_from(host, 1), ']', &host, &port))
		return url_bad("a [ without its ]", fault);
	if (!bracket && url_cut(host, ':', &host, &port))
		port = (struct str){ port.p - 1, port.n + 1 };
	if (bracket ? port.n > 0 : port.p != NULL)
		if (port.p[0] != ':' || !url_number(str_from(port, 1), 1,
		    65535, &u->port))
			return url_bad("the port is not a number from 1 to "
			    "65535", fault);
	if (host.n == 0)
		return url_bad("no host", fault);
	u->host = url_decode(host);
	return u->host != NULL ? 0 : url_bad("no host", fault);
}

static int
url_socket(struct redis_url *u, struct str path, struct fault *fault)
{
	if (path.n == 0 || path.p[0] != '/' ||
	    (u->path = url_decode(path)) == NULL)
		return url_bad("no path", fault);
	snprintf(u->name, sizeof u->name, "%s", u->path);
	return 0;
}

int
redis_url_parse(struct redis_url *u, const char *text, struct fault *fault)
{
	struct str rest = str_z(text), at, query;
	bool socket = str_starts(rest, STR("unix://"));

	*u = (struct redis_url){ .port = URL_PORT };
	u->tls = str_starts(rest, STR("rediss://"));
	if (!socket && !u->tls && !str_starts(rest, STR("redis://")))
		return url_bad("not the URL of a server", fault);
	rest = str_from(rest, socket ? 7 : u->tls ? 9 : 8);
	if (url_user(u, &rest, fault) < 0)
		return -1;
	url_cut(rest, '?', &at, &query);
	if ((socket ? url_socket(u, at, fault) : url_host(u, at, fault)) < 0)
		return -1;
	return url_options(u, query, fault);
}

static void
url_wipe(char *secret)
{
	if (secret != NULL)
		os_wipe(secret, strlen(secret));
	free(secret);
}

void
redis_url_set_password(struct redis_url *u, const char *password)
{
	url_wipe(u->password);
	u->password = memory_strdup(password);
}

void
redis_url_release(struct redis_url *u)
{
	free(u->host);
	free(u->path);
	free(u->user);
	url_wipe(u->password);
	free(u->ca);
	free(u->cert);
	free(u->key);
}
