/* SPDX-License-Identifier: Apache-2.0 */
#include <mosquitto.h>
#include <mosquitto_broker.h>	/* before mosquitto_plugin.h, which needs it */
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/memory.h"
#include "bus/outlet.h"
#include "mqtt/bridge.h"
#include "registry/access.h"
#include "senml/message.h"

#define PUBLIC __attribute__((visibility("default")))

struct plugin {
	struct access *access;
	struct outlet outlet;
	struct pack pack;
	struct buf subtopic;
	char bridge[BRIDGE_KEY_TEXT + 1];
};

static bool
is_bridge(const struct mosquitto *client)
{
	const char *user = mosquitto_client_username(client);

	return user != NULL && strcmp(user, BRIDGE_USER) == 0;
}

static int
on_connect(int event, void *data, void *arg)
{
	struct mosquitto_evt_basic_auth *e = data;
	struct plugin *p = arg;
	const char *address = mosquitto_client_address(e->client);
	char name[ID_TEXT + 1];
	struct str thing;

	(void)event;
	if (e->password == NULL)
		return MOSQ_ERR_AUTH;
	if (is_bridge(e->client))
		return address != NULL && *address == '/' &&
		    strlen(e->password) == BRIDGE_KEY_TEXT &&
		    sodium_memcmp(e->password, p->bridge, BRIDGE_KEY_TEXT) ==
		    0 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
	access_refresh(p->access);
	if (access_identify(p->access, str_z(e->password), &thing) !=
	    ACCESS_YES)
		return MOSQ_ERR_AUTH;
	memcpy(name, thing.p, ID_TEXT);
	name[ID_TEXT] = '\0';
	return mosquitto_set_username(e->client, name);
}

static int
on_access(int event, void *data, void *arg)
{
	struct mosquitto_evt_acl_check *e = data;
	struct plugin *p = arg;
	struct str channel, rest;

	(void)event;
	if (e->access == MOSQ_ACL_UNSUBSCRIBE)
		return MOSQ_ERR_SUCCESS;
	access_refresh(p->access);
	if (!topic_split(str_z(e->topic), &channel, &rest))
		return MOSQ_ERR_ACL_DENIED;
	if (is_bridge(e->client))
		return e->access == MOSQ_ACL_WRITE ? MOSQ_ERR_SUCCESS :
		    MOSQ_ERR_ACL_DENIED;
	return access_check_id(p->access,
	    str_z(mosquitto_client_username(e->client)), channel) ==
	    ACCESS_YES ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
}

static int
on_message(int event, void *data, void *arg)
{
	struct mosquitto_evt_message *e = data;
	struct plugin *p = arg;
	struct route route = {
		.publisher = str_z(mosquitto_client_username(e->client)),
		.protocol = STR("mqtt"), .has_received = true,
		.received = stamp_now()
	};
	struct fault fault;
	struct str rest;

	(void)event;
	if (is_bridge(e->client))
		return MOSQ_ERR_SUCCESS;
	buf_clear(&p->subtopic);
	if (!topic_split(str_z(e->topic), &route.channel, &rest) ||
	    subtopic_put(&p->subtopic, rest) != NULL)
		return MOSQ_ERR_ACL_DENIED;
	route.subtopic = buf_str(&p->subtopic);
	if (!message_wrap(&p->outlet.lines, &route,
	    (struct str){ e->payload, e->payloadlen }, STR_NONE, &p->pack))
		return MOSQ_ERR_ACL_DENIED;
	if (outlet_commit(&p->outlet, &fault) < 0) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "mfx: %s", fault.text);
		return MOSQ_ERR_UNKNOWN;
	}
	mosquitto_property_add_string_pair(&e->properties,
	    MQTT_PROP_USER_PROPERTY, BRIDGE_PUBLISHER, route.publisher.p);
	return MOSQ_ERR_SUCCESS;
}

PUBLIC int
mosquitto_plugin_version(int n, const int *versions)
{
	int i;

	for (i = 0; i < n; i++)
		if (versions[i] == 5)
			return 5;
	return -1;
}

PUBLIC int
mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **arg,
    struct mosquitto_opt *options, int n)
{
	struct plugin *p = memory_zero(1, sizeof *p);
	const char *stream = "raw";
	struct fault fault;
	int i;

	*arg = p;
	for (i = 0; i < n; i++) {
		if (strcmp(options[i].key, "home") == 0)
			setenv("MFX_HOME", options[i].value, 1);
		else if (strcmp(options[i].key, "stream") == 0)
			stream = options[i].value;
	}
	pack_init(&p->pack);
	buf_init(&p->subtopic, SUBTOPIC_MAX);
	if (access_open(&p->access, NULL, &fault) < 0 ||
	    outlet_open(&p->outlet, stream, BUS_SYNC_INTERVAL, &fault) < 0 ||
	    bridge_key(p->bridge, true, &fault) < 0) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "mfx: %s", fault.text);
		return MOSQ_ERR_UNKNOWN;
	}
	mosquitto_callback_register(id, MOSQ_EVT_BASIC_AUTH, on_connect,
	    NULL, p);
	mosquitto_callback_register(id, MOSQ_EVT_ACL_CHECK, on_access, NULL,
	    p);
	mosquitto_callback_register(id, MOSQ_EVT_MESSAGE, on_message, NULL,
	    p);
	return MOSQ_ERR_SUCCESS;
}

PUBLIC int
mosquitto_plugin_cleanup(void *arg, struct mosquitto_opt *options, int n)
{
	struct plugin *p = arg;

	(void)options;
	(void)n;
	outlet_close(&p->outlet);
	access_close(p->access);
	pack_release(&p->pack);
	buf_release(&p->subtopic);
	free(p);
	return MOSQ_ERR_SUCCESS;
}
