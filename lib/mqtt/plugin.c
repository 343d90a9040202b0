/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/opt.h"
#include "mqtt/plugin.h"
#include "senml/topic.h"

#define PUBLIC __attribute__((visibility("default")))
#define TRIES 20	/* a minute */
#define TRIES_MAX 60000

/* ---- now and then ---- */

static void
begin_generation(struct plugin *p)
{
	if (++p->generation == 0)
		p->generation = 1;
	p->to_check = p->peers.cap;
}

void
plugin_refresh(struct plugin *p)
{
	p->now = clock_coarse_ns() / 1000000;
	if (access_refresh(p->access))
		begin_generation(p);
}

bool
plugin_refresh_now(struct plugin *p)
{
	if (!access_refresh_now(p->access))
		return false;
	begin_generation(p);
	return true;
}

static int
on_tick(int event, void *data, void *arg)
{
	struct plugin *p = arg;

	(void)event;
	(void)data;
	plugin_refresh(p);
	plugin_check_peers(p);
	plugin_flush_due(p);
	if (p->now / 1000 != p->second) {
		p->second = p->now / 1000;
		peers_expire(&p->peers, p->second);
		if (p->second % 60 == 0)
			owners_expire(p->owners, time(NULL));
	}
	return MOSQ_ERR_SUCCESS;
}

/* ---- the beginning ---- */

/* `plugin_opt_home` and `_bus` say what the environment says elsewhere */
static int
take_option(struct plugin *p, const char *key, const char *value,
    int64_t *tries, struct fault *fault)
{
	bool good = true;

	if (strcmp(key, "home") == 0)
		setenv("MFX_HOME", value, 1);
	else if (strcmp(key, "bus") == 0)
		setenv("MFX_BUS", value, 1);
	else if (strcmp(key, "stream") == 0)
		good = bus_name_valid(str_z(p->stream = value));
	else if (strcmp(key, "sync") == 0 && (strcmp(value, "none") == 0 ||
	    strcmp(value, "interval") == 0 || strcmp(value, "always") == 0))
		p->sync = bus_sync_named(value);
	else if (strcmp(key, "tries") == 0)
		good = number_parse(value, 0, TRIES_MAX, tries);
	else
		good = false;
	return good ? 0 : fault_set(fault, EX_CONFIG,
	    "plugin_opt_%s '%s': no such option, or no value for it", key,
	    value);
}

static int
open_all(struct plugin *p, int64_t tries, struct fault *fault)
{
	char *path;
	int r;

	if (access_open(&p->access, NULL, fault) < 0 ||
	    outlet_open(&p->outlet, p->stream, p->sync, fault) < 0)
		return -1;
	p->closed = false;
	if (bridge_key(p->bridge, true, fault) < 0)
		return -1;
	path = home_path("mqtt/sessions");
	r = owners_open(&p->owners, path, resent_release, fault);
	free(path);
	p->tries = tries_open((unsigned)tries);
	return r;
}

static int
register_all(struct plugin *p, mosquitto_plugin_id_t *id)
{
	static const struct {
		int event;
		int (*call)(int, void *, void *);
	} events[] = {
		{ MOSQ_EVT_BASIC_AUTH, plugin_on_connect },
		{ MOSQ_EVT_ACL_CHECK, plugin_on_access },
		{ MOSQ_EVT_MESSAGE, plugin_on_message },
		{ MOSQ_EVT_DISCONNECT, plugin_on_disconnect },
		{ MOSQ_EVT_TICK, on_tick },
	};
	size_t i;
	int r = MOSQ_ERR_SUCCESS;

	for (i = 0; i < sizeof events / sizeof *events && r == 0; i++)
		r = mosquitto_callback_register(id, events[i].event,
		    events[i].call, NULL, p);
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

PUBLIC int
mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **arg,
    struct mosquitto_opt *options, int n)
{
	struct plugin *p = memory_zero(1, sizeof *p);
	int64_t tries = TRIES;
	struct fault fault;
	int i, r = 0;

	*arg = p;
	p->stream = "raw";
	p->sync = BUS_SYNC_INTERVAL;
	p->generation = 1;
	p->closed = true;
	pack_init(&p->pack);
	buf_init(&p->subtopic, SUBTOPIC_MAX);
	peers_init(&p->peers);
	/* keys pass through this process: none goes into a core dump */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	for (i = 0; r == 0 && i < n; i++)
		r = take_option(p, options[i].key, options[i].value, &tries,
		    &fault);
	if (r == 0)
		r = open_all(p, tries, &fault);
	if (r < 0) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "mfx: %s", fault.text);
		return MOSQ_ERR_UNKNOWN;
	}
	plugin_refresh(p);
	return register_all(p, id);
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
			outlet_close(&p->outlet);
	}
	owners_close(p->owners);
	access_close(p->access);
	tries_close(p->tries);
	peers_release(&p->peers);
	pack_release(&p->pack);
	buf_release(&p->subtopic);
	sodium_memzero(p->bridge, sizeof p->bridge);
	free(p);
	return MOSQ_ERR_SUCCESS;
}
