/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "mqtt/connect.h"
#include "mqtt/plugin.h"
#include "registry/principal.h"

/* how long we remember a client that is gone and whose will is not to come,
 * seconds */
#define GONE_SECONDS 60
/* a session that was left longer ago does not count */
#define KEPT_SECONDS (30 * 24 * 3600)
/* whose client ids the bridge's are: no thing has this id */
#define NOBODY "00000000-0000-0000-0000-000000000000"

/* a client that connects, and the thing that it wants to be */
struct plugin_client {
	struct mosquitto *client;
	const char *user;	/* "" for none */
	const char *address;
	struct str key;		/* p NULL: none was shown */
	struct connect connect;
	enum session_kind kind;
	char thing[ID_TEXT + 1];
	struct access_proof proof;
	struct certificate_id certificate;
	enum counts_client reason;	/* of a refusal */
	const char *why;	/* the same in words; never a secret */
};

static enum access_result
plugin_refuse(struct plugin_client *c, enum counts_client reason,
    const char *why)
{
	c->reason = reason;
	c->why = why;
	return ACCESS_NO_KEY;
}

/* A user name may be anything but the name of another thing. */
static bool
plugin_names_another(const struct plugin_client *c)
{
	char lower[ID_TEXT + 1];
	size_t i;

	if (strlen(c->user) != ID_TEXT)
		return false;
	for (i = 0; i <= ID_TEXT; i++)
		lower[i] = (char)(c->user[i] >= 'A' && c->user[i] <= 'Z' ?
		    c->user[i] + ('a' - 'A') : c->user[i]);
	return uuid_valid(str_z(lower)) && strcmp(lower, c->thing) != 0;
}

static enum access_result
plugin_know(struct plugin *p, struct plugin_client *c,
    const struct certificate *cert)
{
	struct principal principal;
	enum access_result r = principal_prove(p->access, c->key, cert,
	    NULL, ACCESS_ANY_WAY, &principal);
	struct str key = c->key.n > 0 ? c->key : str_z(cert->text);

	if (r == ACCESS_NO_KEY)
		return plugin_refuse(c, principal.certificate ?
		    CLIENT_CERTIFICATE : CLIENT_KEY, principal.why);
	if (r != ACCESS_YES)
		return r;
	memcpy(c->thing, principal.thing, sizeof c->thing);
	c->kind = principal.by_key ? SESSION_KEY : SESSION_ID;
	return !principal.by_key || access_prove(p->access, key, &c->proof) ?
	    ACCESS_YES : ACCESS_ERROR;
}

static enum access_result
plugin_as_thing(struct plugin *p, struct plugin_client *c)
{
	X509 *x509 = mosquitto_client_certificate(c->client);
	struct certificate cert;
	enum access_result r;

	certificate_read(&cert, x509);
	X509_free(x509);
	r = plugin_know(p, c, &cert);
	c->certificate = cert.id;
	sodium_memzero(&cert, sizeof cert);
	if (r == ACCESS_YES && plugin_names_another(c))
		return plugin_refuse(c, CLIENT_NAME,
		    "the user name is another thing's id");
	return r;
}

/* A unix socket's address is its path. */
static enum access_result
plugin_as_bridge(struct plugin *p, struct plugin_client *c)
{
	struct fault ignored;

	if (*c->address != '/')
		return plugin_refuse(c, CLIENT_NAME,
		    "the bridge comes over a unix socket only");
	/* the disk may have been full when it was to be made */
	if (p->bridge[0] == '\0' && bridge_key(p->bridge, true, &ignored) < 0)
		p->bridge[0] = '\0';
	if (p->bridge[0] == '\0' || c->key.n != BRIDGE_KEY_TEXT ||
	    sodium_memcmp(c->key.p, p->bridge, BRIDGE_KEY_TEXT) != 0)
		return plugin_refuse(c, CLIENT_KEY, "not the bridge's key");
	c->kind = SESSION_BRIDGE;
	memcpy(c->thing, NOBODY, sizeof NOBODY);
	return ACCESS_YES;
}

/* ---- client ids ---- */

/* A client id that is in use or has a stored session is its thing's.  Of a
 * thing that is gone, a session may be ended but not resumed. */
static bool
plugin_is_anothers(struct plugin *p, const struct plugin_client *c,
    const struct client_id *o)
{
	if (o == NULL || strcmp(o->thing, c->thing) == 0)
		return false;
	return !c->connect.clean || access_check_id(p->access,
	    str_z(o->thing), STR(NOBODY), ACCESS_ANY_WAY) != ACCESS_NO_KEY;
}

/* Of sessions that no client has come back for the broker may have forgotten
 * some: they do not count for ever. */
static bool
plugin_has_too_many(const struct plugin *p, const struct plugin_client *c)
{
	return p->max_sessions > 0 && c->kind != SESSION_BRIDGE &&
	    client_ids_count(p->client_ids, c->thing,
	    time(NULL) - KEPT_SECONDS) >= (size_t)p->max_sessions;
}

/* The same with an id that the broker itself keeps apart, where it can. */
static struct client_id *
plugin_own_client_id(struct plugin *p, struct plugin_client *c)
{
	struct client_id *o;
	struct fault fault;
	struct mqtt_session *before;
	const char *id;

	if (c->kind != SESSION_BRIDGE && !p->line->scope(c->client, c->thing)) {
		plugin_refuse(c, CLIENT_ID, "the client id can't be used");
		return NULL;
	}
	id = mosquitto_client_id(c->client);
	o = client_ids_find(p->client_ids, id);
	if (plugin_is_anothers(p, c, o)) {
		plugin_refuse(c, CLIENT_ID, "the client id is another thing's");
		return NULL;
	}
	if ((o == NULL || strcmp(o->thing, c->thing) != 0) &&
	    plugin_has_too_many(p, c)) {
		plugin_refuse(c, CLIENT_SESSIONS, "its thing has too many "
		    "client ids: see plugin_opt_sessions");
		return NULL;
	}
	o = client_ids_connect(p->client_ids, id, c->thing, c->connect.expiry,
	    &fault);
	if (o == NULL) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "mfx: %s", fault.text);
		plugin_refuse(c, CLIENT_SESSIONS, "its session can't be noted");
		return NULL;
	}
	before = o->connection;
	if (before != NULL)
		before->client_id = NULL;
	if (c->connect.clean) {
		qos2_dedup_release(o);
		client_id_clean(o);
	}
	return o;
}

/* ---- coming ---- */

/* The client that was at that address went without our being told. */
static void
plugin_leave_before(struct plugin *p, const struct mosquitto *client)
{
	struct mqtt_session *old = mqtt_sessions_find(&p->sessions, client);

	if (old != NULL && old->client_id != NULL)
		client_ids_disconnect(p->client_ids, old->client_id,
		    time(NULL));
}

static int
plugin_let_in(struct plugin *p, struct plugin_client *c)
{
	size_t buckets = p->sessions.table.size;
	struct client_id *owner;
	struct mqtt_session *session;

	plugin_leave_before(p, c->client);
	if ((owner = plugin_own_client_id(p, c)) == NULL)
		return MOSQ_ERR_AUTH;
	session = mqtt_sessions_add(&p->sessions, c->client);
	if (p->to_check > 0 && p->sessions.table.size != buckets)
		p->to_check = p->sessions.table.size;
	owner->connection = session;
	session->client_id = owner;
	session->kind = c->kind;
	session->version = c->connect.version;
	session->online = true;
	p->counts.clients++;
	memcpy(session->thing, c->thing, sizeof c->thing);
	session->proof = c->proof;
	session->certificate = c->certificate;
	session->proved = p->generation;
	session->will_delay = c->connect.will_delay;
	session->will_properties_n = c->connect.will_properties.n;
	if (session->will_properties_n > 0) {
		session->will_properties =
		    memory_get(session->will_properties_n);
		memcpy(session->will_properties, c->connect.will_properties.p,
		    session->will_properties_n);
	}
	if (c->kind == SESSION_BRIDGE)
		return MOSQ_ERR_SUCCESS;
	return mosquitto_set_username(c->client, c->thing);
}

static void
plugin_tell_refusal(struct plugin *p, const struct plugin_client *c)
{
	bool last;

	p->counts.client[c->reason]++;
	if (!refusal_log_wants(p->refusal_log, c->address, c->user, p->now,
	    &last)) {
		p->unlogged++;
		return;
	}
	mosquitto_log_printf(MOSQ_LOG_NOTICE,
	    "mfx: a client from %s is refused: %s%s", c->address, c->why,
	    last ? "; the next ones are counted only" : "");
}

static int
plugin_try(struct plugin *p, struct plugin_client *c)
{
	enum access_result r = strcmp(c->user, BRIDGE_USER) == 0 ?
	    plugin_as_bridge(p, c) : plugin_as_thing(p, c);

	if (r == ACCESS_ERROR) {
		p->counts.client[CLIENT_REGISTRY]++;
		plugin_registry_down(p);
		return MOSQ_ERR_UNKNOWN;
	}
	return r == ACCESS_YES ? plugin_let_in(p, c) : MOSQ_ERR_AUTH;
}

static int
plugin_admit(struct plugin *p, struct plugin_client *c)
{
	int r = plugin_try(p, c);

	if (r == MOSQ_ERR_AUTH && plugin_refresh_now(p))
		r = plugin_try(p, c);
	if (r == MOSQ_ERR_AUTH)
		plugin_tell_refusal(p, c);
	return r;
}

/* On SIGHUP the broker asks again, about everybody it knows.  Of those who
 * are gone nothing is decided: deliveries to them are. */
static int
plugin_still_in(struct plugin *p, const struct mosquitto_evt_basic_auth *e)
{
	struct mqtt_session *session = mqtt_sessions_find(&p->sessions,
	    e->client);

	if (session == NULL || !session->online)
		return e->password == NULL || *e->password == '\0' ?
		    MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
	return mqtt_session_holds(p, session) == ACCESS_NO_KEY ? MOSQ_ERR_AUTH :
	    MOSQ_ERR_SUCCESS;
}

int
plugin_on_connect(int event, void *data, void *arg)
{
	struct mosquitto_evt_basic_auth *e = data;
	struct plugin *p = arg;
	struct plugin_client c = {
		.client = e->client,
		.user = e->username ? e->username : "",
		.address = mosquitto_client_address(e->client),
		.key = str_z(e->password),
	};
	int r;

	(void)event;
	plugin_refresh(p);
	switch (p->line->question(p, e->client, &c.connect)) {
	case QUESTION_REVIEW:
		return plugin_still_in(p, e);
	case QUESTION_MALFORMED:
		return MOSQ_ERR_AUTH;
	case QUESTION_UNSUPPORTED:
		mosquitto_log_printf(MOSQ_LOG_ERR, "mfx: unsupported mosquitto "
		    "version (need 2.0.x or 2.1.x): all clients are refused");
		return MOSQ_ERR_UNKNOWN;
	case QUESTION_CONNECT:
		break;
	}
	if (c.address == NULL || mosquitto_client_id(e->client) == NULL)
		return MOSQ_ERR_AUTH;
	r = plugin_admit(p, &c);
	/* it is not needed any more, neither by us nor by the broker */
	if (e->password != NULL)
		sodium_memzero(e->password, strlen(e->password));
	sodium_memzero(&c.proof, sizeof c.proof);
	return r;
}

/* ---- going ---- */

int
plugin_on_disconnect(int event, void *data, void *arg)
{
	struct mosquitto_evt_disconnect *e = data;
	struct plugin *p = arg;
	struct mqtt_session *session = mqtt_sessions_find(&p->sessions,
	    e->client);

	if (session == NULL || !session->online)
		return MOSQ_ERR_SUCCESS;
	session->online = false;
	p->counts.clients--;
	session->drop_at = p->second + session->will_delay + GONE_SECONDS;
	if (session->client_id == NULL)
		return MOSQ_ERR_SUCCESS;
	p->line->expiry(p, e->client, event, &session->client_id->expiry);
	client_ids_disconnect(p->client_ids, session->client_id, time(NULL));
	session->client_id = NULL;
	return MOSQ_ERR_SUCCESS;
}
