/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/run.h"
#include "line/topic.h"
#include "mqtt/plugin.h"

#define PUBLIC __attribute__((visibility("default")))
#define TRIES 20	/* told of in a minute */
#define TRIES_MAX 60000
/* what a thing may have, unless options say otherwise */
#define SESSIONS 32
#define SUBSCRIPTIONS 100	/* of each session */
#define RETAINED 1000
#define RETAINED_BYTES (INT64_C(4) << 20)
#define RESERVE ((size_t)8 << 20)	/* more than any event needs at once */

/* ---- now and then ---- */

static void
plugin_each_minute(struct plugin *p)
{
	client_ids_expire(p->client_ids, time(NULL));
	if (p->unlogged > 0)
		mosquitto_log_printf(MOSQ_LOG_NOTICE,
		    "mfx: %u more clients were refused", p->unlogged);
	p->unlogged = 0;
}

/* A full disk hides what was counted until then; once is enough to say so. */
static void
plugin_write_counts(struct plugin *p)
{
	struct fault fault;
	bool failing = counts_write(p->counts_path, &p->counts, &fault) < 0;

	if (failing && !p->counts_failing)
		mosquitto_log_printf(MOSQ_LOG_WARNING, "mfx: %s", fault.text);
	p->counts_failing = failing;
}

static int
plugin_on_tick(struct plugin *p)
{
	if (p->line->tick != NULL)
		p->line->tick(p);
	plugin_refresh(p);
	plugin_check_sessions(p);
	plugin_flush_due(p);
	client_ids_step(p->client_ids);
	retained_step(p->retained);
	if (p->now / 1000 != p->second) {
		p->second = p->now / 1000;
		mqtt_sessions_expire(&p->sessions, p->second);
		counts_run(&p->counts);
		run_tops_put(&p->tops);
		if (p->second % COUNTS_SECONDS == 0)
			plugin_write_counts(p);
		if (p->second % 60 == 0)
			plugin_each_minute(p);
	}
	return MOSQ_ERR_SUCCESS;
}

/* ---- the beginning ---- */

static struct str
plugin_thing_owner(void *arg, struct str thing)
{
	return access_owner(arg, thing);
}

/* `plugin_opt_home` and `_bus` say what the environment says elsewhere */
static bool
plugin_take_limit(struct plugin *p, const char *key, const char *value)
{
	const struct {
		const char *key;
		int64_t *to, max;
	} limits[] = {
		{ "sessions", &p->max_sessions, CLIENT_IDS_MAX },
		{ "subscriptions", &p->max_subscriptions, 10000 },
		{ "retained", &p->may_retain.messages, RETAINED_MAX },
		{ "retained_bytes", &p->may_retain.bytes, INT64_C(1) << 40 },
		{ "tries", &p->max_tries, TRIES_MAX },
	};
	size_t i;

	for (i = 0; i < sizeof limits / sizeof *limits; i++)
		if (strcmp(key, limits[i].key) == 0)
			return number_parse(value, 0, limits[i].max,
			    limits[i].to);
	return false;
}

static int
plugin_take_option(struct plugin *p, const char *key, const char *value,
    struct fault *fault)
{
	bool good = true;
	int choice;

	if (strcmp(key, "home") == 0)
		home_set(p->home = memory_strdup(value));
	else if (strcmp(key, "bus") == 0)
		p->bus_path = memory_strdup(value);
	else if (strcmp(key, "stream") == 0)
		good = bus_name_valid(str_z(p->stream = value));
	else if (strcmp(key, "sync") == 0 &&
	    (choice = opt_choice(BUS_SYNC_WORDS, value)) >= 0)
		p->sync = (enum bus_sync)choice;
	else
		good = plugin_take_limit(p, key, value);
	return good ? 0 : fault_set(fault, EX_CONFIG,
	    "plugin_opt_%s '%s': no such option, or no value for it", key,
	    value);
}

/* A full disk is no reason not to start: what can't be written to is tried
 * again when it is needed, and until then nothing is acknowledged. */
static bool
plugin_may_wait(struct plugin *p, const struct fault *fault)
{
	if (fault->status != EX_TEMPFAIL)
		return false;
	mosquitto_log_printf(MOSQ_LOG_ERR, "mfx: %s; trying again",
	    fault->text);
	p->failing = true;
	return true;
}

static int
plugin_open_all(struct plugin *p, struct fault *fault)
{
	char *path;
	int r;

	if (access_open(&p->access, NULL, fault) < 0 ||
	    bus_open(&p->bus, p->bus_path, fault) < 0)
		return -1;
	if (publisher_open(&p->publisher, p->bus, p->stream, p->sync,
	    fault) == 0)
		p->closed = false;
	else if (!plugin_may_wait(p, fault))
		return -1;
	if (bridge_key(p->bridge, true, fault) < 0) {
		p->bridge[0] = '\0';
		if (!plugin_may_wait(p, fault))
			return -1;
	}
	path = home_path("mqtt/sessions");
	r = client_ids_open(&p->client_ids, path, qos2_dedup_release, fault);
	free(path);
	p->refusal_log = refusal_log_open((unsigned)p->max_tries);
	if (r < 0)
		return -1;
	path = home_path("mqtt/retained");
	r = retained_open(&p->retained, path, fault);
	free(path);
	p->counts_path = home_path(COUNTS_FILE);
	return r;
}

/* ---- what the broker calls ---- */

/* An event without memory is given up: the broker knows what to do then, and
 * goes on.  A reserve lets most of them be ended as they should be. */
static bool
plugin_without_memory(void *arg)
{
	struct plugin *p = arg;
	bool again = p->reserve != NULL;

	free(p->reserve);
	p->reserve = NULL;
	if (!again)
		longjmp(p->give_up, 1);
	return true;
}

static int
plugin_dispatch(int event, void *data, void *arg)
{
	struct plugin *p = arg;

	switch (event) {
	case MOSQ_EVT_BASIC_AUTH:
		return plugin_on_connect(event, data, arg);
	case MOSQ_EVT_ACL_CHECK:
		return plugin_on_access(event, data, arg);
	case MOSQ_EVT_MESSAGE:
		return plugin_on_message(event, data, arg);
	case MOSQ_EVT_DISCONNECT:
	case BROKER_CLIENT_OFFLINE:
		return plugin_on_disconnect(event, data, arg);
	case MOSQ_EVT_RELOAD:
		if (p->line->reload != NULL)
			p->line->reload(p);
		return MOSQ_ERR_SUCCESS;
	default:
		return plugin_on_tick(p);
	}
}

static int
plugin_on_event(int event, void *data, void *arg)
{
	struct plugin *p = arg;

	if (setjmp(p->give_up) != 0)
		return MOSQ_ERR_NOMEM;
	if (p->reserve == NULL && (p->reserve = malloc(RESERVE)) == NULL)
		return MOSQ_ERR_NOMEM;
	return plugin_dispatch(event, data, arg);
}

static int
plugin_register_all(struct plugin *p, mosquitto_plugin_id_t *id)
{
	static const int events[] = {
		MOSQ_EVT_BASIC_AUTH, MOSQ_EVT_ACL_CHECK, MOSQ_EVT_MESSAGE,
		MOSQ_EVT_DISCONNECT, MOSQ_EVT_TICK,
	};
	size_t i;
	int r = MOSQ_ERR_SUCCESS;

	for (i = 0; i < sizeof events / sizeof *events && r == 0; i++)
		r = mosquitto_callback_register(id, events[i], plugin_on_event,
		    NULL, p);
	for (i = 0; p->line->events[i] != 0 && r == 0; i++)
		r = mosquitto_callback_register(id, p->line->events[i],
		    plugin_on_event, NULL, p);
	return r;
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

static int
plugin_set_up(struct plugin *p, const struct mosquitto_opt *options, int n,
    struct fault *fault)
{
	int i, r = 0;

	p->max_tries = TRIES;
	p->max_sessions = SESSIONS;
	p->max_subscriptions = SUBSCRIPTIONS;
	p->may_retain = (struct retained_limits){ RETAINED, RETAINED_BYTES };
	p->stream = "raw";
	p->sync = BUS_SYNC_INTERVAL;
	p->generation = 1;
	p->closed = true;
	pack_init(&p->pack);
	buf_init(&p->subtopic, SUBTOPIC_MAX);
	mqtt_sessions_init(&p->sessions);
	/* keys pass through this process: none goes into a core dump */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	for (i = 0; r == 0 && i < n; i++)
		r = plugin_take_option(p, options[i].key, options[i].value,
		    fault);
	return r == 0 ? plugin_open_all(p, fault) : r;
}

static int
plugin_open_plugin(struct plugin *p, const struct mosquitto_opt *options, int n,
    struct fault *fault)
{
	if (setjmp(p->give_up) != 0)
		return fault_set(fault, EX_OSERR, "out of memory");
	memory_on_failure(plugin_without_memory, p);
	return plugin_set_up(p, options, n, fault);
}

PUBLIC int
mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **arg,
    struct mosquitto_opt *options, int n)
{
	struct plugin *p = calloc(1, sizeof *p);
	char version[BROKER_VERSION_TEXT];
	struct fault fault;

	if (p == NULL)
		return MOSQ_ERR_NOMEM;
	*arg = p;
	p->closed = true;
	if ((p->line = broker_line_find(version)) == NULL) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "mfx: mosquitto %s is not "
		    "supported: this plugin needs 2.0.x or 2.1.x", version);
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	if (plugin_open_plugin(p, options, n, &fault) < 0) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "mfx: %s", fault.text);
		return fault.status == EX_OSERR ? MOSQ_ERR_NOMEM :
		    MOSQ_ERR_UNKNOWN;
	}
	plugin_refresh(p);
	run_tops_init(&p->tops, plugin_thing_owner, p->access);
	run_output(p->stream);
	run_open("mfx_mosquitto", RUN_COMMITTING | RUN_SERVER | RUN_MAKE);
	return plugin_register_all(p, id);
}

PUBLIC int
mosquitto_plugin_cleanup(void *arg, struct mosquitto_opt *options, int n)
{
	struct plugin *p = arg;

	(void)options;
	(void)n;
	if (!p->closed) {
		plugin_flush(p);
		if (!p->closed)
			publisher_close(&p->publisher);
	}
	if (p->line != NULL && p->line->close != NULL)
		p->line->close();
	client_ids_close(p->client_ids);
	retained_close(p->retained);
	access_close(p->access);
	refusal_log_close(p->refusal_log);
	mqtt_sessions_release(&p->sessions);
	pack_release(&p->pack);
	buf_release(&p->subtopic);
	sodium_memzero(p->bridge, sizeof p->bridge);
	memory_on_failure(NULL, NULL);
	run_close();
	home_set(NULL);
	bus_close(p->bus);
	free(p->counts_path);
	free(p->home);
	free(p->bus_path);
	free(p->reserve);
	free(p);
	return MOSQ_ERR_SUCCESS;
}
