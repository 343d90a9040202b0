/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cassandra/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/os.h"
#include "store/cassandra/replication.h"

#define LINK_SECRET_MAX 1024
#define LINK_TEXT_MAX 4096
#define LINK_HOSTS_MAX 1024
/* a request is sent again so often, to another node if there is one, before
 * the store counts as away */
#define LINK_RETRIES 2
#define LINK_DAY (86400 * CLOCK_SECOND)
#define LINK_YEAR (366 * LINK_DAY)

/* in the order of enum cql_consistency, from ONE on; the last one is
 * CQL_LOCAL_ONE.  ANY is left out: nothing is stored by then. */
#define LINK_LEVELS "one|two|three|quorum|all|local_quorum|each_quorum|" \
	"local_one"
#define LINK_LOCAL_ONE 8

static int link_consistency;
static const char *link_username, *link_password_file, *link_datacenter;
static const char *link_cacert, *link_cert, *link_key;
static int64_t link_timeout = 10 * CLOCK_SECOND;

struct cassandra_settings cassandra_settings;

static int64_t link_ttl;

#define LINK_OPTIONS							\
	{ 0, "consistency", LINK_LEVELS, "how many replicas have to answer " \
	    "(default: local_quorum)", OPT_ENUM_FROM(&link_consistency, 1) }, \
	{ 0, "datacenter", "NAME", "the data center whose nodes are asked " \
	    "(default: that of the first one)",				\
	    OPT_STRING(&link_datacenter) },				\
	{ 0, "username", "NAME", "the user, if the URL does not name one", \
	    OPT_STRING(&link_username) },				\
	{ 0, "password-file", "FILE", "read the password from FILE",	\
	    OPT_STRING(&link_password_file) },				\
	{ 0, "cacert", "FILE", "use TLS, and verify the server with this CA", \
	    OPT_STRING(&link_cacert) },					\
	{ 0, "cert", "FILE", "use TLS with this client certificate",	\
	    OPT_STRING(&link_cert) },					\
	{ 0, "key", "FILE", "private key of --cert",			\
	    OPT_STRING(&link_key) },					\
	{ 0, "timeout", "DURATION", "give up on a server that is silent this " \
	    "long (default: 10s)",					\
	    OPT_TIMEOUT(&link_timeout, CLOCK_SECOND, LINK_DAY) }

const struct opt cassandra_read_options[] = {
	LINK_OPTIONS,
	OPT_END
};

const struct opt cassandra_write_options[] = {
	{ 0, "replication", "N|DATACENTER:N,...", "how many copies a new "
	    "keyspace has", OPT_STRING(&cassandra_settings.replication) },
	{ 0, "bucket", "DURATION", "time that one partition of a new store "
	    "covers (default: 1d)", OPT_DURATION(&cassandra_settings.bucket,
	    60 * CLOCK_SECOND, LINK_YEAR) },
	{ 0, "ttl", "DURATION", "readings are gone this long after they were "
	    "stored", OPT_DURATION(&link_ttl, CLOCK_SECOND, 10 * LINK_YEAR) },
	LINK_OPTIONS,
	OPT_END
};

/* ---- errors ---- */

enum store_result
cassandra_link_result(enum cql_error error, const struct fault *from,
    struct fault *fault)
{
	if (error == CQL_OK)
		return STORE_DONE;
	if (from != fault)
		*fault = *from;
	if (cql_later(error))
		return STORE_LATER;
	if (error == CQL_INVALID || error == CQL_PROTOCOL)
		fault->status = EX_CONFIG;
	return STORE_FAILED;
}

/* ---- the place ---- */

struct link_place {
	char *text;			/* the parts are cut out of this */
	char *hosts, *user, *password, *keyspace;
	const char *cacert, *datacenter;
	int consistency;
	bool tls;
};

/* It must not be shown: it may hold a password. */
static int
link_misplaced(struct fault *fault)
{
	return fault_set(fault, EX_USAGE, "not the URL of a keyspace of "
	    "Cassandra: cassandra://USER@HOST:9042,HOST/KEYSPACE?tls=true");
}

static int
link_hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return p != NULL ? (int)(p - digits) : -1;
}

/* %41 is A; false when it is not encoded so, or a NUL */
static bool
link_decode(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++, to++) {
		*to = *text;
		if (*text != '%')
			continue;
		if (link_hex(text[1]) < 0 || link_hex(text[2]) < 0)
			return false;
		*to = (char)(link_hex(text[1]) << 4 | link_hex(text[2]));
		if (*to == '\0')
			return false;
		text += 2;
	}
	*to = '\0';
	return true;
}

static bool
link_take_parameter(struct link_place *p, const char *name, char *value)
{
	if (!link_decode(value))
		return false;
	if (strcmp(name, "tls") == 0) {
		p->tls = strcmp(value, "true") == 0;
		return p->tls || strcmp(value, "false") == 0;
	}
	if (strcmp(name, "consistency") == 0) {
		p->consistency = opt_choice(LINK_LEVELS, value) + 1;
		return p->consistency > 0;
	}
	if (strcmp(name, "cacert") == 0)
		p->cacert = value;
	else if (strcmp(name, "datacenter") == 0)
		p->datacenter = value;
	else
		return false;
	return *value != '\0';
}

static bool
link_take_parameters(struct link_place *p, char *at)
{
	char *next, *value;

	for (; at != NULL && *at != '\0'; at = next) {
		next = strchr(at, '&');
		if (next != NULL)
			*next++ = '\0';
		value = strchr(at, '=');
		if (value == NULL)
			return false;
		*value++ = '\0';
		if (!link_take_parameter(p, at, value))
			return false;
	}
	return true;
}

static bool
link_take_user(struct link_place *p, char *text)
{
	p->password = strchr(text, ':');
	if (p->password != NULL) {
		*p->password++ = '\0';
		if (!link_decode(p->password))
			return false;
	}
	p->user = text;
	return *text != '\0' && link_decode(text);
}

static bool
link_is_keyspace(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n > 0 && n <= CASSANDRA_KEYSPACE_MAX && text[n] == '\0';
}

/* cassandra://USER:PASSWORD@HOST:PORT,HOST/KEYSPACE?NAME=VALUE&… */
static int
link_read_place(struct link_place *p, const char *place, struct fault *fault)
{
	static const char scheme[] = "cassandra://";
	char *at, *query;

	*p = (struct link_place){ .consistency = 0 };
	if (strncmp(place, scheme, sizeof scheme - 1) != 0)
		return link_misplaced(fault);
	p->text = memory_strdup(place + sizeof scheme - 1);
	query = strchr(p->text, '?');
	if (query != NULL)
		*query++ = '\0';
	p->keyspace = strchr(p->text, '/');
	if (p->keyspace == NULL)
		return link_misplaced(fault);
	*p->keyspace++ = '\0';
	p->hosts = p->text;
	at = strrchr(p->text, '@');
	if (at != NULL) {
		*at = '\0';
		p->hosts = at + 1;
		if (!link_take_user(p, p->text))
			return link_misplaced(fault);
	}
	if (*p->hosts == '\0' || strlen(p->hosts) > LINK_HOSTS_MAX ||
	    !link_take_parameters(p, query))
		return link_misplaced(fault);
	return link_is_keyspace(p->keyspace) ? 0 : fault_set(fault, EX_USAGE,
	    "the name of a keyspace has letters, digits and _, at most %d: "
	    "cassandra://USER@HOST/KEYSPACE", CASSANDRA_KEYSPACE_MAX);
}

static void
link_place_release(struct link_place *p)
{
	if (p->text != NULL && p->password != NULL)
		os_wipe(p->password, strlen(p->password));
	free(p->text);
}

/* ---- opening ---- */

/* The password, of the first that has one: the file, the URL, the
 * environment. */
static int
link_read_password(const struct link_place *p, struct buf *to,
    struct fault *fault)
{
	const char *given = p->password;

	if (link_password_file != NULL) {
		if (secret_read(link_password_file, "password", to,
		    fault) < 0)
			return -1;
	} else {
		if (given == NULL)
			given = getenv("CASSANDRA_PASSWORD");
		if (given != NULL)
			buf_puts(to, given);
	}
	if (to->n > 0)
		buf_putc(to, '\0');
	return to->full ? fault_set(fault, EX_USAGE,
	    "the password is too long") : 0;
}

static bool
link_stop(void *arg)
{
	const struct cassandra_link *l = arg;

	return store_stopped(l->watch);
}

static enum cql_consistency
link_level(int given)
{
	return given == LINK_LOCAL_ONE ? CQL_LOCAL_ONE :
	    (enum cql_consistency)given;
}

static enum store_result
link_connect(struct cassandra_link *l, const struct link_place *p,
    const char *password, struct fault *fault)
{
	const struct cql_options options = {
		.hosts = p->hosts,
		.user = link_username != NULL ? link_username : p->user,
		.password = password,
		.datacenter = link_datacenter != NULL ? link_datacenter :
		    p->datacenter,
		.consistency = link_level(link_consistency != 0 ?
		    link_consistency : p->consistency),
		.retries = LINK_RETRIES,
		.timeout = link_timeout,
		.tls = p->tls || p->cacert != NULL || link_cacert != NULL ||
		    link_cert != NULL,
		.cacert = link_cacert != NULL ? link_cacert : p->cacert,
		.cert = link_cert,
		.key = link_key,
		.stop = link_stop,
		.arg = l,
	};

	return cassandra_link_result(cql_open(&l->cql, &options, fault), fault,
	    fault);
}

static int
link_check(struct fault *fault)
{
	struct buf ignored;
	int r;

	cassandra_settings.ttl = link_ttl / CLOCK_SECOND;
	if ((link_cert == NULL) != (link_key == NULL))
		return fault_set(fault, EX_USAGE,
		    "--cert and --key belong together");
	if (cassandra_settings.replication == NULL)
		return 0;
	buf_init(&ignored, LINK_TEXT_MAX);
	r = replication_put(&ignored, cassandra_settings.replication, fault);
	buf_release(&ignored);
	return r;
}

enum store_result
cassandra_link_open(struct cassandra_link *l, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct link_place p;
	struct buf password;
	enum store_result r = STORE_FAILED;

	*l = (struct cassandra_link){ .watch = watch };
	buf_init(&password, LINK_SECRET_MAX);
	if (link_read_place(&p, place, fault) == 0 &&
	    link_check(fault) == 0 &&
	    link_read_password(&p, &password, fault) == 0) {
		snprintf(l->keyspace, sizeof l->keyspace, "%s", p.keyspace);
		snprintf(l->name, sizeof l->name, "%.100s/%s", p.hosts,
		    p.keyspace);
		r = link_connect(l, &p, password.n > 0 ? password.p : NULL,
		    fault);
	}
	if (r != STORE_DONE)
		cassandra_link_close(l);
	secret_release(&password);
	link_place_release(&p);
	return r;
}

void
cassandra_link_close(struct cassandra_link *l)
{
	cql_close(l->cql);
	l->cql = NULL;
}

/* ---- statements ---- */

/* It is quoted, so its letters are as given. */
static const char *
link_text(const struct cassandra_link *l, char to[LINK_TEXT_MAX],
    const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n < LINK_TEXT_MAX - 64; text++)
		if (*text == '%')
			n += (size_t)snprintf(to + n, LINK_TEXT_MAX - n,
			    "\"%s\"", l->keyspace);
		else
			to[n++] = *text;
	to[n] = '\0';
	return to;
}

enum store_result
cassandra_link_prepare(struct cassandra_link *l, const char *text,
    struct cql_statement **to, struct fault *fault)
{
	char whole[LINK_TEXT_MAX];

	return cassandra_link_result(cql_prepare(l->cql,
	    link_text(l, whole, text), to, fault), fault, fault);
}

enum store_result
cassandra_link_run(struct cassandra_link *l, const char *text,
    struct fault *fault)
{
	char whole[LINK_TEXT_MAX];

	return cassandra_link_result(cql_run(l->cql,
	    link_text(l, whole, text), fault), fault, fault);
}

/* ---- calls ---- */

static enum store_result
link_wait(struct cassandra_link *l, struct cql_call *call,
    struct fault *fault)
{
	enum cql_error error = cql_wait(l->cql, call);

	if (call->ended)
		return cassandra_link_result(error, &call->fault, fault);
	cql_cancel(l->cql, call);
	fault_set(fault, EX_TEMPFAIL, "%s: stopped", l->name);
	return STORE_LATER;
}

enum store_result
cassandra_link_ask(struct cassandra_link *l, struct cql_call *call,
    struct fault *fault)
{
	cql_start(l->cql, call);
	return link_wait(l, call, fault);
}

enum store_result
cassandra_link_ask_on(struct cassandra_link *l, struct cql_call *call,
    struct fault *fault)
{
	cql_start_after(l->cql, call, call);
	return link_wait(l, call, fault);
}
