/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mongo/conn.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define CONN_PASSWORD_MAX 1024

const char *mongo_collection = "readings";
static int64_t conn_timeout = 60 * CLOCK_SECOND;
static const char *conn_password_file, *conn_cacert;

const struct opt mongo_options[] = {
	{ 0, "collection", "NAME", "the collection of the database (default: "
	    "readings)", OPT_STRING(&mongo_collection) },
	{ 0, "password-file", "FILE", "read the password from FILE",
	    OPT_STRING(&conn_password_file) },
	{ 0, "cacert", "FILE", "CA file used to verify the server's "
	    "certificate", OPT_STRING(&conn_cacert) },
	{ 0, "timeout", "DURATION", "give up on a server that is silent this "
	    "long (default: 1m)",
	    OPT_TIMEOUT(&conn_timeout, CLOCK_SECOND, 86400 * CLOCK_SECOND) },
	OPT_END
};

/* ---- errors ---- */

/* the server's codes; those that are not here are about what was asked */
static const struct conn_code {
	int code;
	int status;
	enum store_result result;
} conn_codes[] = {
	{ 13, EX_NOPERM, STORE_FAILED },	/* Unauthorized */
	{ 18, EX_NOPERM, STORE_FAILED },	/* AuthenticationFailed */
	{ 8000, EX_NOPERM, STORE_FAILED },	/* the same at a provider's */
	{ 1, EX_TEMPFAIL, STORE_LATER },	/* InternalError */
	{ 6, EX_TEMPFAIL, STORE_LATER },	/* HostUnreachable */
	{ 7, EX_TEMPFAIL, STORE_LATER },	/* HostNotFound */
	{ 24, EX_TEMPFAIL, STORE_LATER },	/* LockTimeout */
	{ 43, EX_TEMPFAIL, STORE_LATER },	/* CursorNotFound */
	{ 50, EX_TEMPFAIL, STORE_LATER },	/* MaxTimeMSExpired */
	{ 64, EX_TEMPFAIL, STORE_LATER },	/* WriteConcernFailed */
	{ 89, EX_TEMPFAIL, STORE_LATER },	/* NetworkTimeout */
	{ 91, EX_TEMPFAIL, STORE_LATER },	/* ShutdownInProgress */
	{ 100, EX_TEMPFAIL, STORE_LATER },	/* UnsatisfiableWriteConcern */
	{ 112, EX_TEMPFAIL, STORE_LATER },	/* WriteConflict */
	{ 133, EX_TEMPFAIL, STORE_LATER },	/* no primary of a shard */
	{ 146, EX_TEMPFAIL, STORE_LATER },	/* ExceededMemoryLimit */
	{ 189, EX_TEMPFAIL, STORE_LATER },	/* PrimarySteppedDown */
	{ 202, EX_TEMPFAIL, STORE_LATER },	/* NetworkInterface…Exceeded */
	{ 262, EX_TEMPFAIL, STORE_LATER },	/* ExceededTimeLimit */
	{ 9001, EX_TEMPFAIL, STORE_LATER },	/* SocketException */
	{ 10107, EX_TEMPFAIL, STORE_LATER },	/* NotWritablePrimary */
	{ 11600, EX_TEMPFAIL, STORE_LATER },	/* InterruptedAtShutdown */
	{ 11602, EX_TEMPFAIL, STORE_LATER },	/* Interrupted…StateChange */
	{ 13435, EX_TEMPFAIL, STORE_LATER },	/* NotPrimaryNoSecondaryOk */
	{ 13436, EX_TEMPFAIL, STORE_LATER },	/* NotPrimaryOrSecondary */
	{ 14031, EX_TEMPFAIL, STORE_LATER },	/* OutOfDiskSpace */
	{ 0, EX_CONFIG, STORE_FAILED },
};

static const struct conn_code *
conn_code(int code)
{
	const struct conn_code *c = conn_codes;

	while (c->code != 0 && c->code != code)
		c++;
	return c;
}

enum store_result
conn_judge_document(int code)
{
	const struct conn_code *c = conn_code(code);

	return c->code == 0 ? STORE_DONE : c->result;
}

/* A connection that failed, or the watch. */
static enum store_result
conn_judge_stream(struct conn *c, const bson_error_t *error,
    struct fault *fault)
{
	const struct stream_guard *g = &c->guard;

	if (store_stopped(g->watch)) {
		fault_set(fault, EX_TEMPFAIL, "%s: stopped", c->name);
	} else if (g->silent) {
		fault_set(fault, EX_UNAVAILABLE, "%s: no answer within %d s%s",
		    c->name, (int)(conn_timeout / CLOCK_SECOND),
		    g->tls ? stream_hint(g) : "");
	} else {
		fault_set(fault, g->untrusted ? EX_CONFIG : EX_UNAVAILABLE,
		    "%s: %s", c->name, g->why[0] != '\0' ? g->why :
		    error->message);
	}
	return g->untrusted && fault->status == EX_CONFIG ? STORE_FAILED :
	    STORE_LATER;
}

/* Who we are, unless the connection broke meanwhile. */
static enum store_result
conn_judge_user(struct conn *c, const bson_error_t *error,
    struct fault *fault)
{
	if (c->guard.silent || c->guard.broken ||
	    store_stopped(c->guard.watch))
		return conn_judge_stream(c, error, fault);
	fault_set(fault, error->domain == MONGOC_ERROR_CLIENT &&
	    error->code != MONGOC_ERROR_CLIENT_AUTHENTICATE ? EX_CONFIG :
	    EX_NOPERM, "%s: %s", c->name, error->message);
	return STORE_FAILED;
}

enum store_result
conn_judge(struct conn *c, const bson_error_t *error, struct fault *fault)
{
	const struct conn_code *code;
	enum store_result r = STORE_FAILED;

	switch (error->domain) {
	case MONGOC_ERROR_SERVER:
	case MONGOC_ERROR_WRITE_CONCERN:
		code = conn_code((int)error->code);
		fault_set(fault, code->status, "%s: %s", c->name,
		    error->message);
		r = code->result;
		break;
	case MONGOC_ERROR_CLIENT:
	case MONGOC_ERROR_SASL:
	case MONGOC_ERROR_SCRAM:
		r = conn_judge_user(c, error, fault);
		break;
	case MONGOC_ERROR_BSON:
	case MONGOC_ERROR_COMMAND:
	case MONGOC_ERROR_NAMESPACE:
		fault_set(fault, EX_CONFIG, "%s: %s", c->name,
		    error->message);
		break;
	default:
		r = conn_judge_stream(c, error, fault);
	}
	if (r == STORE_LATER)
		conn_close(c);
	return r;
}

/* ---- connecting ---- */

void
conn_close(struct conn *c)
{
	if (c->readings != NULL)
		mongoc_collection_destroy(c->readings);
	if (c->versions != NULL)
		mongoc_collection_destroy(c->versions);
	if (c->client != NULL)
		mongoc_client_destroy(c->client);
	c->readings = c->versions = NULL;
	c->client = NULL;
}

static int
conn_put_password(mongoc_uri_t *uri, struct fault *fault)
{
	struct buf password;
	int r;

	if (conn_password_file == NULL)
		return 0;
	if (mongoc_uri_get_username(uri) == NULL)
		return fault_set(fault, EX_USAGE, "--password-file: the URL "
		    "names no user: mongodb://USER@HOST/DATABASE");
	buf_init(&password, CONN_PASSWORD_MAX);
	r = secret_read(conn_password_file, "password", &password, fault);
	buf_putc(&password, '\0');
	if (r == 0 && (password.full ||
	    !mongoc_uri_set_password(uri, password.p)))
		r = fault_set(fault, EX_USAGE, "%s: not a password",
		    conn_password_file);
	secret_release(&password);
	return r;
}

/* Without a password the library does not ask, it crashes. */
static int
conn_check_password(const struct conn *c, const mongoc_uri_t *uri,
    struct fault *fault)
{
	const char *how = mongoc_uri_get_auth_mechanism(uri);

	if (mongoc_uri_get_username(uri) == NULL ||
	    mongoc_uri_get_password(uri) != NULL ||
	    (how != NULL && strncmp(how, "SCRAM", 5) != 0 &&
	    strcmp(how, "PLAIN") != 0))
		return 0;
	return fault_set(fault, EX_NOPERM, "%s: the server asks for a "
	    "password; give it with --password-file", c->name);
}

static void
conn_name(struct conn *c, const mongoc_uri_t *uri)
{
	const mongoc_host_list_t *hosts = mongoc_uri_get_hosts(uri);

	snprintf(c->name, sizeof c->name, "%.80s%s/%.40s", hosts != NULL ?
	    hosts->host_and_port : "MongoDB", hosts != NULL && hosts->next !=
	    NULL ? ",…" : "", mongoc_uri_get_database(uri));
}

/* What can't be parsed must not be shown: it may hold a password. */
static mongoc_uri_t *
conn_uri(const char *place, struct fault *fault)
{
	mongoc_uri_t *uri = mongoc_uri_new_with_error(place, NULL);
	const char *db = uri != NULL ? mongoc_uri_get_database(uri) : NULL;
	int ms = (int)(conn_timeout / 1000000);

	if (db == NULL || *db == '\0') {
		mongoc_uri_destroy(uri);
		fault_set(fault, EX_USAGE, "not the URL of a database of "
		    "MongoDB: mongodb://USER@HOST:27017/DATABASE");
		return NULL;
	}
	mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, ms);
	mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, ms);
	mongoc_uri_set_option_as_int32(uri,
	    MONGOC_URI_SERVERSELECTIONTIMEOUTMS, ms);
	mongoc_uri_set_option_as_bool(uri, MONGOC_URI_SERVERSELECTIONTRYONCE,
	    true);
	/* whoever calls tries again, and knows what may be done twice */
	mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
	mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
	return uri;
}

/*
 * The library starts itself before main(), and puts its counters into a file
 * of /dev/shm, which would stay there after a kill; a later process of the
 * same number would say on stderr that it can't have its own.
 */
static void
conn_unlink_counters(void)
{
	char name[sizeof "/mongoc-" + 20];

	snprintf(name, sizeof name, "/mongoc-%ld", (long)getpid());
	(void)shm_unlink(name);	/* there may be no such file: that is well */
}

static void
conn_start_library(void)
{
	mongoc_init();
	conn_unlink_counters();
	/* it would write to our stderr, and what it likes */
	mongoc_log_set_handler(NULL, NULL);
}

/* What is acknowledged is on disk, whatever the URL says. */
static void
conn_set_up(struct conn *c, const mongoc_uri_t *uri)
{
	const char *db = mongoc_uri_get_database(uri);
	mongoc_write_concern_t *concern = mongoc_write_concern_new();

	mongoc_write_concern_set_wmajority(concern, 0);
	mongoc_write_concern_set_journal(concern, true);
	mongoc_client_set_write_concern(c->client, concern);
	mongoc_write_concern_destroy(concern);
	mongoc_client_set_error_api(c->client, MONGOC_ERROR_API_VERSION_2);
	mongoc_client_set_appname(c->client, "mfx");
	stream_use(c->client, &c->guard);
	c->readings = mongoc_client_get_collection(c->client, db,
	    mongo_collection);
	c->versions = mongoc_client_get_collection(c->client, db, "mfx_store");
}

static enum store_result
conn_ping(struct conn *c, const char *db, struct fault *fault)
{
	bson_t *ping = BCON_NEW("ping", BCON_INT32(1));
	bson_error_t error;
	bool ok = mongoc_client_command_simple(c->client, db, ping, NULL,
	    NULL, &error);

	bson_destroy(ping);
	return ok ? STORE_DONE : conn_judge(c, &error, fault);
}

enum store_result
conn_open(struct conn *c, const char *place, const struct store_watch *watch,
    struct fault *fault)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	enum store_result r = STORE_FAILED;
	bson_error_t error;
	mongoc_uri_t *uri;

	*c = (struct conn){ .guard = {
		.watch = watch, .timeout = (int)(conn_timeout / 1000000),
		.cacert = conn_cacert
	} };
	pthread_once(&once, conn_start_library);
	uri = conn_uri(place, fault);
	if (uri != NULL)
		conn_name(c, uri);
	if (uri == NULL || conn_put_password(uri, fault) < 0 ||
	    conn_check_password(c, uri, fault) < 0) {
		mongoc_uri_destroy(uri);
		return STORE_FAILED;
	}
	c->client = mongoc_client_new_from_uri_with_error(uri, &error);
	if (c->client == NULL) {
		r = conn_judge(c, &error, fault);
	} else {
		conn_set_up(c, uri);
		r = conn_ping(c, mongoc_uri_get_database(uri), fault);
	}
	mongoc_uri_destroy(uri);
	if (r != STORE_DONE)
		conn_close(c);
	return r;
}
