/* SPDX-License-Identifier: Apache-2.0 */

#include "base/clock.h"
#include "line/topic.h"
#include "mqtt/plugin.h"

/* how long one look through the clients may hold up the broker */
#define CHECK_NS (4 * 1000000)
/* a subtopic as long as may be, with its channel and group */
#define FILTER_MAX (2 * SUBTOPIC_MAX)
/* of refusals that are alike, one in so many is told */
#define SAY_EVERY 100

/* ---- after a change ---- */

static void
plugin_check_session(struct plugin *p, struct mqtt_session *session)
{
	size_t i;

	mqtt_session_holds(p, session);
	for (i = 0; i < session->cap_grants && !session->revoked; i++)
		if (session->grants[i].generation != 0)
			mqtt_session_may(p, session, (struct str){
			    session->grants[i].channel, ID_TEXT },
			    ACCESS_ANY_WAY);
	/* one whose client id has been taken over is closed already */
	if (!session->revoked || session->kicked || session->client_id == NULL)
		return;
	session->kicked = true;
	mosquitto_log_printf(MOSQ_LOG_NOTICE,
	    "mfx: thing %s has lost access: its connection is closed",
	    session->thing);
	mosquitto_kick_client_by_clientid(mosquitto_client_id(session->client),
	    false);
}

void
plugin_check_sessions(struct plugin *p)
{
	int64_t end = p->to_check > 0 ? clock_ns() + CHECK_NS : 0;
	struct hash_node *node;
	struct mqtt_session *session;

	while (p->to_check > 0) {
		p->to_check--;
		if ((node = mqtt_sessions_round(&p->sessions)) == NULL)
			continue;
		for (; node != NULL; node = node->next) {
			session = (struct mqtt_session *)node;
			if (session->online && session->kind != SESSION_BRIDGE)
				plugin_check_session(p, session);
		}
		if (clock_ns() > end)
			break;
	}
}

/* ---- what the broker asks ---- */

/* a refusal that ends something is not given for what has just changed */
static enum access_result
plugin_may(struct plugin *p, struct mqtt_session *session, struct str channel,
    unsigned use)
{
	enum access_result r = mqtt_session_may(p, session, channel, use);

	return (r == ACCESS_NOT_CONNECTED || r == ACCESS_OTHER_WAY) &&
	    plugin_refresh_now(p) ?
	    mqtt_session_may(p, session, channel, use) : r;
}

static bool
plugin_has_place_for(struct plugin *p, struct mqtt_session *session,
    const char *filter)
{
	if (session->client_id == NULL || (strlen(filter) <= FILTER_MAX &&
	    (p->max_subscriptions == 0 || client_id_subscribe(p->client_ids,
	    session->client_id, filter, (size_t)p->max_subscriptions))))
		return true;
	if (p->refused_filters++ % SAY_EVERY == 0)
		mosquitto_log_printf(MOSQ_LOG_NOTICE, "mfx: thing %s: a "
		    "session has too many subscriptions (%llu refused): see "
		    "plugin_opt_subscriptions", session->thing,
		    (unsigned long long)p->refused_filters);
	return false;
}

/* The wildcards of MQTT only after "messages/": which channel it is stays
 * clear.  mosquitto has seen that the filter is well formed. */
static enum access_result
plugin_may_subscribe(struct plugin *p, struct mqtt_session *session,
    const char *filter)
{
	enum access_result r;

	struct str s = str_z(filter), channel, rest;
	const char *slash;

	if (str_starts(s, STR("$share/"))) {
		/* MQTT 5, 4.8.2: a group has a name, without these */
		slash = filter + 7 + strcspn(filter + 7, "/+#");
		if (*slash != '/' || slash == filter + 7)
			return ACCESS_NOT_CONNECTED;
		s = str_z(slash + 1);
	}
	if (session == NULL || session->kind == SESSION_BRIDGE ||
	    !topic_split(s, &channel, &rest))
		return ACCESS_NOT_CONNECTED;
	r = plugin_may(p, session, channel, DIRECTION_SUBSCRIBE);
	return r == ACCESS_YES && !plugin_has_place_for(p, session, filter) ?
	    ACCESS_NOT_CONNECTED : r;
}

/* Also for a client of before the broker's start, which is not here: its
 * user name is what we gave it. */
static enum access_result
plugin_may_still(struct plugin *p, struct mqtt_session *session,
    const struct mosquitto_evt_acl_check *e, unsigned use)
{
	const char *user = mosquitto_client_username(e->client);
	struct str channel, rest;

	if (user == NULL || !topic_split(str_z(e->topic), &channel, &rest))
		return ACCESS_NOT_CONNECTED;
	if (session == NULL)
		return access_check_id(p->access, str_z(user), channel, use);
	return session->kind == SESSION_BRIDGE ? ACCESS_NOT_CONNECTED :
	    mqtt_session_may(p, session, channel, use);
}

static int
plugin_read_check(struct plugin *p, struct mqtt_session *session,
    const struct mosquitto_evt_acl_check *e)
{
	if (plugin_may_still(p, session, e, DIRECTION_SUBSCRIBE) !=
	    ACCESS_YES) {
		p->counts.withheld++;
		return MOSQ_ERR_ACL_DENIED;
	}
	p->counts.delivered++;
	return MOSQ_ERR_SUCCESS;
}

/* Once for each client, which may send any number of them. */
static void
plugin_log_topic(struct mqtt_session *session, const char *why)
{
	if (!session->logged)
		mosquitto_log_printf(MOSQ_LOG_NOTICE,
		    "mfx: a message of thing %s is refused: %s",
		    session->thing, why);
	session->logged = true;
}

static enum access_result
plugin_may_publish(struct plugin *p, struct mqtt_session *session,
    const struct mosquitto_evt_acl_check *e)
{
	enum access_result r = ACCESS_YES;
	const char *why;

	if (!session->online)
		return ACCESS_NOT_CONNECTED;
	if ((why = plugin_route(p, e->topic)) != NULL) {
		p->counts.message[MESSAGE_TOPIC]++;
		plugin_log_topic(session, why);
		return ACCESS_NOT_CONNECTED;
	}
	if (session->kind != SESSION_BRIDGE)
		r = plugin_may(p, session, p->route.channel, DIRECTION_PUBLISH);
	if (r == ACCESS_YES) {
		p->routed_client = e->client;
		p->routed_topic = e->topic;
		p->route.publisher = str_z(session->thing);
	} else {
		p->counts.message[MESSAGE_CHANNEL]++;
	}
	return r;
}

/* What another mosquitto says of itself as a bridge, unless it is told not to:
 * nobody may read it here, and it is no reason to end the connection. */
static bool
plugin_is_notification(const char *topic)
{
	const struct str head = STR("$SYS/broker/connection/");
	const struct str tail = STR("/state");
	struct str t = str_z(topic);

	return str_starts(t, head) && t.n > head.n + tail.n &&
	    str_eq(str_from(t, t.n - tail.n), tail);
}

/* A message, a will, or (session NULL) the question whether the client that
 * left a retained message may still. */
static int
plugin_write_check(struct plugin *p, struct mqtt_session *session,
    const struct mosquitto_evt_acl_check *e)
{
	if (session == NULL)
		return plugin_may_still(p, NULL, e, DIRECTION_PUBLISH) ==
		    ACCESS_YES ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
	if (plugin_is_notification(e->topic))
		return MOSQ_ERR_ACL_DENIED;
	if (p->line->is_will(p, session)) {
		plugin_will(p, session, e);
		return MOSQ_ERR_ACL_DENIED;
	}
	switch (plugin_may_publish(p, session, e)) {
	case ACCESS_YES:
		return MOSQ_ERR_SUCCESS;
	case ACCESS_ERROR:
		return MOSQ_ERR_UNKNOWN;
	default:
		/* before MQTT 5 nothing but the end says no */
		return session->version == 5 ? MOSQ_ERR_ACL_DENIED :
		    MOSQ_ERR_AUTH;
	}
}

/* The client at that address, if it is the one that we have let in. */
static struct mqtt_session *
plugin_session_of(struct plugin *p, const struct mosquitto *client)
{
	const char *user = mosquitto_client_username(client);
	struct mqtt_session *session = mqtt_sessions_find(&p->sessions, client);

	if (session == NULL || user == NULL)
		return NULL;
	return strcmp(user, session->kind == SESSION_BRIDGE ? BRIDGE_USER :
	    session->thing) == 0 ? session : NULL;
}

int
plugin_on_access(int event, void *data, void *arg)
{
	struct mosquitto_evt_acl_check *e = data;
	struct plugin *p = arg;
	struct mqtt_session *session;
	enum access_result r = ACCESS_NOT_CONNECTED;

	(void)event;
	session = plugin_session_of(p, e->client);
	if (e->access == MOSQ_ACL_UNSUBSCRIBE) {
		if (session != NULL && session->client_id != NULL)
			client_id_unsubscribe(p->client_ids, session->client_id,
			    e->topic);
		return MOSQ_ERR_SUCCESS;
	}
	/* many deliveries come at once, after a message that has looked */
	if (e->access == MOSQ_ACL_READ)
		return plugin_read_check(p, session, e);
	plugin_follow(p);
	if (e->access == MOSQ_ACL_WRITE)
		return plugin_write_check(p, session, e);
	if (e->access == MOSQ_ACL_SUBSCRIBE)
		r = plugin_may_subscribe(p, session, e->topic);
	if (r == ACCESS_YES)
		return MOSQ_ERR_SUCCESS;
	p->counts.filters++;
	if (r == ACCESS_ERROR)
		return MOSQ_ERR_UNKNOWN;
	/* MQTT 3.1 knows no refusal but the end */
	return session != NULL && session->version == 3 ? MOSQ_ERR_AUTH :
	    MOSQ_ERR_ACL_DENIED;
}
