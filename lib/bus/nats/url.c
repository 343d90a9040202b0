/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/nats/url.h"

#include <stddef.h>
#include <sysexits.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/os.h"
#include "base/stamp.h"
#include "base/url.h"

#define FORM "nats://host[:port][,host...][/prefix][?option=value&...]"
#define ANSWER_MS 5000
#define DUPLICATES_NS (120 * STAMP_SECOND)

/* ---- options ---- */

enum url_kind { URL_FILE, URL_COUNT, URL_TIME, URL_MS, URL_BOOL, URL_STORAGE };

static const struct url_option {
	const char *name, *form;
	enum url_kind kind;
	size_t at;
} url_options[] = {
	{ "replicas", "1 to 5", URL_COUNT,
	    offsetof(struct nats_url, replicas) },
	{ "storage", "file or memory", URL_STORAGE, 0 },
	{ "duplicates", "a duration such as 2m", URL_TIME,
	    offsetof(struct nats_url, duplicates) },
	{ "max-age", "a duration such as 30d", URL_TIME,
	    offsetof(struct nats_url, max_age) },
	{ "max-bytes", "a number of bytes", URL_COUNT,
	    offsetof(struct nats_url, max_bytes) },
	{ "timeout", "a duration from 100ms to 60s", URL_MS,
	    offsetof(struct nats_url, timeout) },
	{ "tls", "yes or no", URL_BOOL, offsetof(struct nats_url, tls) },
	{ "ca", "a file", URL_FILE, offsetof(struct nats_url, ca) },
	{ "cert", "a file", URL_FILE, offsetof(struct nats_url, cert) },
	{ "key", "a file", URL_FILE, offsetof(struct nats_url, key) },
	{ "password-file", "a file", URL_FILE,
	    offsetof(struct nats_url, password_file) },
	{ "token-file", "a file", URL_FILE,
	    offsetof(struct nats_url, token_file) },
	{ "credentials", "a file", URL_FILE,
	    offsetof(struct nats_url, credentials) },
	{ "nkey", "a public key", URL_FILE, offsetof(struct nats_url, nkey) },
	{ "seed", "a file", URL_FILE, offsetof(struct nats_url, seed) },
};

#define URL_OPTIONS (sizeof url_options / sizeof *url_options)

static bool
url_take_time(struct str text, enum url_kind kind, int64_t *to)
{
	int64_t ns;

	if (!duration_parse(text, &ns) || ns <= 0)
		return false;
	*to = kind == URL_MS ? ns / 1000000 : ns;
	return kind != URL_MS || (*to >= 100 && *to <= 60000);
}

static bool
url_take(struct nats_url *u, const struct url_option *o, char **value)
{
	char *at = (char *)u + o->at;
	struct str text = str_z(*value);
	bool yes = str_eq(text, STR("yes"));

	switch (o->kind) {
	case URL_FILE:
		if (text.n == 0)
			return false;
		free(*(char **)(void *)at);
		*(char **)(void *)at = *value;
		*value = NULL;
		return true;
	case URL_COUNT:
		return number_parse(*value, 1, o->at ==
		    offsetof(struct nats_url, replicas) ? 5 : INT64_MAX,
		    (int64_t *)(void *)at);
	case URL_TIME:
	case URL_MS:
		return url_take_time(text, o->kind, (int64_t *)(void *)at);
	case URL_BOOL:
		u->tls = yes;
		return yes || str_eq(text, STR("no"));
	case URL_STORAGE:
		u->memory = str_eq(text, STR("memory"));
		return u->memory || str_eq(text, STR("file"));
	}
	return false;
}

static int
url_option(struct nats_url *u, struct str pair, struct fault *fault)
{
	struct str name, text;
	char *value;
	bool good;
	size_t i;

	url_cut(pair, '=', &name, &text);
	for (i = 0; i < URL_OPTIONS; i++)
		if (str_eq(name, str_z(url_options[i].name)))
			break;
	if (i == URL_OPTIONS)
		return fault_set(fault, EX_CONFIG, "%s: unknown option '%.*s'",
		    u->name, (int)(name.n < 32 ? name.n : 32), name.p);
	value = url_decode(text);
	good = value != NULL && url_take(u, &url_options[i], &value);
	free(value);
	return good ? 0 : fault_set(fault, EX_CONFIG, "%s: option '%s': "
	    "give %s", u->name, url_options[i].name, url_options[i].form);
}

/* ---- servers ---- */

static int
url_user(struct nats_url *u, struct str text, struct fault *fault)
{
	struct str user, password;
	bool given = url_cut(text, ':', &user, &password);

	u->user = url_decode(user);
	u->password = given ? url_decode(password) : NULL;
	return u->user == NULL || (given && u->password == NULL) ?
	    fault_set(fault, EX_CONFIG, "%s: the user or the password: bad %%",
	    u->name) : 0;
}

static int
url_hosts(struct nats_url *u, struct str hosts, struct fault *fault)
{
	struct str host;

	do {
		char server[300];

		url_cut(hosts, ',', &host, &hosts);
		if (!url_host_valid(host) || u->servers_n == URL_SERVERS)
			return fault_set(fault, EX_CONFIG, "%s: not 1 to %d "
			    "servers: give " FORM, u->name, URL_SERVERS);
		snprintf(server, sizeof server, "nats://%.*s", (int)host.n,
		    host.p);
		u->servers[u->servers_n++] = memory_strdup(server);
	} while (hosts.n > 0);
	return 0;
}

static int
url_prefix(struct nats_url *u, struct str prefix, struct fault *fault)
{
	size_t i;

	if (prefix.n == 0)
		prefix = STR("mfx");
	for (i = 0; i < prefix.n; i++)
		if (!((prefix.p[i] >= '0' && prefix.p[i] <= '9') ||
		    (prefix.p[i] >= 'A' && prefix.p[i] <= 'Z') ||
		    (prefix.p[i] >= 'a' && prefix.p[i] <= 'z')))
			break;
	if (i < prefix.n || prefix.n > URL_PREFIX_MAX)
		return fault_set(fault, EX_CONFIG, "%s: the prefix has other "
		    "than 1 to %d letters and digits", u->name,
		    URL_PREFIX_MAX);
	memcpy(u->prefix, prefix.p, prefix.n);
	return 0;
}

/* do the options fit each other? */
static int
url_check(const struct nats_url *u, struct fault *fault)
{
	if ((u->cert != NULL) != (u->key != NULL) ||
	    (u->nkey != NULL) != (u->seed != NULL))
		return fault_set(fault, EX_CONFIG, "%s: give cert and key, or "
		    "nkey and seed, together", u->name);
	if ((u->nkey != NULL && u->credentials != NULL) ||
	    (u->token_file != NULL && u->user != NULL))
		return fault_set(fault, EX_CONFIG, "%s: give only one of nkey "
		    "and credentials, and of token-file and a user", u->name);
	return 0;
}

int
nats_url_parse(struct nats_url *u, const char *rest, struct fault *fault)
{
	struct str text = str_z(rest), path, query, at, prefix, pair;
	const char *user = NULL;
	size_t i;

	*u = (struct nats_url){
		.replicas = 1, .duplicates = DUPLICATES_NS,
		.timeout = ANSWER_MS
	};
	if (!str_starts(text, STR("//")))
		return fault_set(fault, EX_CONFIG, "bus: give " FORM);
	url_cut(str_from(text, 2), '?', &path, &query);
	for (i = 0; i < path.n && path.p[i] != '/'; i++)
		if (path.p[i] == '@')
			user = path.p + i;
	at = user ? str_from(path, (size_t)(user - path.p) + 1) : path;
	u->name = memory_get(at.n + sizeof "nats://");
	snprintf(u->name, at.n + sizeof "nats://", "nats://%.*s", (int)at.n,
	    at.p);
	if (user != NULL && url_user(u, (struct str){ path.p,
	    (size_t)(user - path.p) }, fault) < 0)
		return -1;
	url_cut(at, '/', &at, &prefix);
	if (url_hosts(u, at, fault) < 0 || url_prefix(u, prefix, fault) < 0)
		return -1;
	while (query.n > 0) {
		url_cut(query, '&', &pair, &query);
		if (url_option(u, pair, fault) < 0)
			return -1;
	}
	u->tls |= u->ca != NULL || u->cert != NULL;
	return url_check(u, fault);
}

void
nats_url_release(struct nats_url *u)
{
	size_t i;

	for (i = 0; i < (size_t)u->servers_n; i++)
		free(u->servers[i]);
	for (i = 0; i < URL_OPTIONS; i++)
		if (url_options[i].kind == URL_FILE)
			free(*(char **)(void *)((char *)u + url_options[i].at));
	if (u->password != NULL)
		os_wipe(u->password, strlen(u->password));
	free(u->password);
	free(u->user);
	free(u->name);
}
