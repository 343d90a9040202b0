/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "line/topic.h"
#include "mqtt/plugin.h"

/* ---- the registry ---- */

static void
plugin_begin_generation(struct plugin *p)
{
	if (++p->generation == 0)
		p->generation = 1;
	p->to_check = p->sessions.table.size;
}

void
plugin_follow(struct plugin *p)
{
	if (access_refresh(p->access))
		plugin_begin_generation(p);
}

void
plugin_refresh(struct plugin *p)
{
	p->now = clock_coarse_ns() / 1000000;
	plugin_follow(p);
}

bool
plugin_refresh_now(struct plugin *p)
{
	if (!access_refresh_now(p->access))
		return false;
	plugin_begin_generation(p);
	return true;
}

void
plugin_registry_down(struct plugin *p)
{
	if (!p->registry_down)
		mosquitto_log_printf(MOSQ_LOG_ERR, "mfx: registry: %s",
		    access_fault(p->access));
	p->registry_down = true;
}

/* ---- what a client may do ---- */

static enum access_result
plugin_lost(struct mqtt_session *session)
{
	session->revoked = true;
	return ACCESS_NO_KEY;
}

enum access_result
mqtt_session_holds(struct plugin *p, struct mqtt_session *session)
{
	struct str thing = str_z(session->thing);
	enum access_result r;

	if (session->revoked)
		return ACCESS_NO_KEY;
	if (session->proved == p->generation || session->kind == SESSION_BRIDGE)
		return ACCESS_YES;
	r = principal_certificate(p->access, &session->certificate);
	if (r == ACCESS_YES)
		r = session->kind == SESSION_KEY ?
		    access_holds(p->access, thing, &session->proof) :
		    access_check_id(p->access, thing, thing,
		    ACCESS_ANY_WAY);
	if (r == ACCESS_ERROR) {
		plugin_registry_down(p);
		return r;
	}
	if (r == ACCESS_NO_KEY)
		return plugin_lost(session);
	session->proved = p->generation;
	return ACCESS_YES;
}

/* what it may do there is not known for this state of the registry */
static enum access_result
plugin_ask(struct plugin *p, struct mqtt_session *session, struct str channel,
    const struct grant *g, unsigned *directions)
{
	enum access_result r;

	if (!uuid_valid(channel))
		return ACCESS_NOT_CONNECTED;
	if ((r = mqtt_session_holds(p, session)) != ACCESS_YES)
		return r;
	r = access_directions(p->access, str_z(session->thing), channel,
	    directions);
	if (r == ACCESS_ERROR) {
		plugin_registry_down(p);
		return r;
	}
	p->registry_down = false;
	return r == ACCESS_NO_KEY || (g != NULL && g->used & ~*directions) ?
	    plugin_lost(session) : r;
}

enum access_result
mqtt_session_may(struct plugin *p, struct mqtt_session *session,
    struct str channel, unsigned use)
{
	struct grant *g;
	enum access_result r;
	unsigned directions = 0;

	if (channel.n != ID_TEXT)
		return ACCESS_NOT_CONNECTED;
	g = mqtt_session_granted(session, channel);
	if (g != NULL && g->generation == p->generation && !session->revoked &&
	    (g->directions & use) == use) {
		g->used |= (uint8_t)use;
		return ACCESS_YES;
	}
	r = plugin_ask(p, session, channel, g, &directions);
	if (r != ACCESS_YES)
		return r;
	if ((directions & use) != use)
		return ACCESS_OTHER_WAY;
	mqtt_session_grant(session, channel, p->generation, directions, use);
	return ACCESS_YES;
}

/* ---- topics ---- */

/* Mainflux had the content type in the topic, with '_' for '/' and '-' for
 * '+', as MQTT 3.1.1 has no other place: these are taken off. */
static struct str
plugin_take_type(struct str *rest)
{
	static const struct {
		struct str tail, type;
	} types[] = {
		{ { "ct/application_senml-cbor", 25 },
		    { "application/senml+cbor", 22 } },
		{ { "ct/application_senml-json", 25 },
		    { "application/senml+json", 22 } },
	};
	size_t i, at;

	for (i = 0; i < sizeof types / sizeof *types; i++) {
		if (rest->n < types[i].tail.n)
			continue;
		at = rest->n - types[i].tail.n;
		if (!str_eq(str_from(*rest, at), types[i].tail) ||
		    (at > 0 && rest->p[at - 1] != '/'))
			continue;
		rest->n = at;
		return types[i].type;
	}
	return STR_NONE;
}

const char *
plugin_route(struct plugin *p, const char *topic)
{
	struct str rest;
	const char *why;

	if (!topic_split(str_z(topic), &p->route.channel, &rest))
		return "not the topic of a channel";
	p->type = plugin_take_type(&rest);
	buf_clear(&p->subtopic);
	if ((why = subtopic_put(&p->subtopic, rest)) != NULL)
		return why;
	p->route.subtopic = buf_str(&p->subtopic);
	return NULL;
}
