/* SPDX-License-Identifier: Apache-2.0 */
/* mosquitto 2.1: its public interface, and nothing else. */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mqtt/plugin.h"
#include "mqtt/properties.h"

/* A stored session: the broker does not tell for how long.  With these our
 * count of client ids ends as that of mosquitto.conf may. */
#define KEPT_SECONDS (30 * 24 * 3600)
/* nor how long a will of MQTT 5 is delayed: later ones are not published */
#define WILL_SECONDS (24 * 3600)
/* what the broker can send as a string, with a thing's id in front */
#define CLIENT_ID_MAX (65535 - ID_TEXT - 1)

/* not in the headers of 2.0, by which we are built */
static int (*plugin_21_set_clientid)(struct mosquitto *, const char *);

/* ---- the end of the broker ---- */

/* It publishes all wills then, with nothing before them that tells them from
 * messages; so its signals are noted on their way. */
static volatile sig_atomic_t plugin_21_ends;
static bool plugin_21_listens;
static struct sigaction plugin_21_before[2];
static const int plugin_21_signals[2] = { SIGTERM, SIGINT };

static void
plugin_21_signal(int sig)
{
	const struct sigaction *before = &plugin_21_before[sig == SIGINT];

	plugin_21_ends = 1;
	if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN)
		before->sa_handler(sig);
}

/* The broker has set its own by the first turn. */
static void
plugin_21_listen(void)
{
	struct sigaction a;
	int i;

	plugin_21_listens = true;
	for (i = 0; i < 2; i++) {
		sigaction(plugin_21_signals[i], NULL, &plugin_21_before[i]);
		a = plugin_21_before[i];
		/* with SA_SIGINFO it is not the one that we know */
		if (a.sa_flags & SA_SIGINFO || a.sa_handler == SIG_DFL ||
		    a.sa_handler == SIG_IGN)
			continue;
		a.sa_handler = plugin_21_signal;
		sigaction(plugin_21_signals[i], &a, NULL);
	}
}

/* what we have put in its place is unloaded with us */
static void
plugin_21_close(void)
{
	struct sigaction now;
	int i;

	for (i = 0; i < 2 && plugin_21_listens; i++)
		if (sigaction(plugin_21_signals[i], NULL, &now) == 0 &&
		    now.sa_handler == plugin_21_signal)
			sigaction(plugin_21_signals[i], &plugin_21_before[i],
			    NULL);
	plugin_21_listens = false;
}

/* ---- turns ---- */

static void
plugin_21_tick(struct plugin *p)
{
	p->reviewing = false;
	if (!plugin_21_listens)
		plugin_21_listen();
}

/* Between this and the next turn it asks about everybody it knows. */
static void
plugin_21_reload(struct plugin *p)
{
	p->reviewing = true;
}

/* ---- clients ---- */

static enum broker_question
plugin_21_question(struct plugin *p, struct mosquitto *client,
    struct connect *connect)
{
	if (p->reviewing)
		return QUESTION_REVIEW;
	*connect = (struct connect){
		.version = (uint8_t)mosquitto_client_protocol_version(client),
		.clean = mosquitto_client_clean_session(client),
	};
	connect->expiry = connect->clean ? 0 : KEPT_SECONDS;
	connect->will_delay = connect->version == 5 ? WILL_SECONDS : 0;
	return QUESTION_CONNECT;
}

/* An id that the broker made up and told the client comes back with the
 * thing's id in front. */
static bool
plugin_21_scope(struct mosquitto *client, const char *thing)
{
	const char *id = mosquitto_client_id(client);
	size_t n = strlen(id), head = strlen(thing);
	char *scoped;
	bool ok;

	if (strncmp(id, thing, head) == 0 && id[head] == ':')
		return true;
	if (n > CLIENT_ID_MAX)
		return false;
	scoped = memory_get(head + n + 2);
	memcpy(scoped, thing, head);
	scoped[head] = ':';
	memcpy(scoped + head + 1, id, n + 1);
	ok = plugin_21_set_clientid(client, scoped) == MOSQ_ERR_SUCCESS;
	free(scoped);
	return ok;
}

static void
plugin_21_expiry(struct plugin *p, const struct mosquitto *client, int event,
    uint32_t *expiry)
{
	(void)p;
	(void)client;
	*expiry = event == BROKER_CLIENT_OFFLINE ? KEPT_SECONDS : 0;
}

/* ---- wills ---- */

/* One that is gone, one whose client id another has just taken, or any at the
 * end of the broker.  A message that is taken for a will is kept like one. */
static bool
plugin_21_is_will(struct plugin *p, const struct mqtt_session *session)
{
	(void)p;
	return !session->online || session->client_id == NULL || plugin_21_ends;
}

static bool
plugin_21_will(const struct mqtt_session *session, mosquitto_property *given,
    char **type, mosquitto_property **list)
{
	*list = NULL;
	*type = properties_content_type(given);
	if (properties_copy(list, given, session->thing, &plugin_21))
		return true;
	mosquitto_property_free_all(list);
	return false;
}

static uint16_t
plugin_21_message_id(struct plugin *p, const struct mosquitto *client,
    bool *dup)
{
	(void)p;
	(void)client;
	(void)dup;
	return 0;
}

static const int plugin_21_events[] = {
	MOSQ_EVT_RELOAD, BROKER_CLIENT_OFFLINE, 0
};

const struct broker_line plugin_21 = {
	.version = "2.1",
	.events = plugin_21_events,
	.free_value = mosquitto_free,
	.frees_replaced = true,
	.tick = plugin_21_tick,
	.reload = plugin_21_reload,
	.close = plugin_21_close,
	.question = plugin_21_question,
	.scope = plugin_21_scope,
	.expiry = plugin_21_expiry,
	.is_will = plugin_21_is_will,
	.will = plugin_21_will,
	.message_id = plugin_21_message_id,
};

bool
plugin_21_open(void)
{
	void *call = dlsym(RTLD_DEFAULT, "mosquitto_set_clientid");

	memcpy(&plugin_21_set_clientid, &call, sizeof call);
	return call != NULL;
}
