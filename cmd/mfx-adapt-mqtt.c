/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the bus and MQTT, in either direction.  Without --host: lines from
 * the bus or stdin to the subscribers of our own broker.  With it: messages of
 * any broker as lines.  Either acknowledges only what is safe on the other
 * side, so nothing is lost and some may come twice.
 */
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/reject.h"
#include "base/stamp.h"
#include "mqtt/delivery.h"
#include "mqtt/source.h"

/* what a broker of mfx or of Mainflux has */
#define OWN_TOPICS "channels/{channel}/messages/#=channel:{channel}," \
	"publisher:{@publisher},subtopic:{#}"

static struct adapter adapter = ADAPTER(NULL);
static struct {
	const char *host, *id, *socket, *ack, *rejects;
	const char *input, *username, *password_file, *old_host;
	const char *tls_ca, *tls_cert, *tls_key;
	struct opt_list topics, maps;
	int64_t port, window, stall, expect, wait;
	bool all, clean, tls;
	enum { VERSION_3_1_1, VERSION_5 } version;
	int qos;
} opt = {
	.version = VERSION_5, .qos = 1, .window = 500,
	.stall = 60 * STAMP_SECOND, .wait = 10 * STAMP_SECOND,
};

static const struct opt options[] = {
	{ 0, "socket", "PATH", "socket of our broker (default: "
	    "$MFX_HOME/mqtt/broker.sock)",
	    OPT_STRING(&opt.socket) },
	{ 'i', "input", "STREAM[/GROUP]", "deliver from the bus instead of "
	    "stdin, and move the group", OPT_STRING(&opt.input) },
	{ 0, "ack", "STREAM/GROUP", "move this group as lines from stdin are "
	    "delivered", OPT_STRING(&opt.ack) },
	{ 0, "all", NULL, "also deliver messages that came over MQTT",
	    OPT_FLAG(&opt.all) },
	{ 0, "wait", "DURATION", "at the end, wait this long for the broker "
	    "(default: 10s)",
	    OPT_TIMEOUT(&opt.wait, 1, INT64_MAX) },
	{ 0, "host", "HOST", "take messages from this broker",
	    OPT_STRING(&opt.host) },
	/* what --host was called up to 0.1 */
	{ 'h', "h", "HOST", NULL, OPT_STRING(&opt.old_host) },
	{ 'p', "port", "PORT", "port of --host (default: 1883, or 8883 "
	    "with TLS)",
	    OPT_INT(&opt.port, 1, 65535) },
	{ 0, "topic", "FILTER", "subscribe to these topics; may be repeated",
	    OPT_LIST(&opt.topics), .former = 't' },
	{ 0, "map", "PATTERN=FIELDS", "take channel, publisher and subtopic "
	    "from the topic; may be repeated", OPT_LIST(&opt.maps) },
	ADAPTER_OUTPUT_OPTIONS(adapter),
	{ 0, "qos", "0|1|2", "quality of service to subscribe with (default: "
	    "1)",
	    OPT_ENUM(&opt.qos) },
	{ 0, "protocol", "3.1.1|5", "version of MQTT to speak (default: 5)",
	    OPT_ENUM(&opt.version) },
	{ 0, "id", "ID", "client id (default: made from host, home, broker and "
	    "topics)",
	    OPT_STRING(&opt.id) },
	{ 0, "clean", NULL, "let the broker keep nothing while disconnected",
	    OPT_FLAG(&opt.clean) },
	{ 0, "username", "NAME", "user name at the broker",
	    OPT_STRING(&opt.username) },
	{ 0, "password-file", "FILE", "read the password from FILE; '-' is "
	    "stdin",
	    OPT_STRING(&opt.password_file) },
	{ 0, "tls", NULL, "use TLS, with the CAs of the system",
	    OPT_FLAG(&opt.tls) },
	{ 0, "tls-ca", "FILE", "TLS: CA file used to verify the broker's "
	    "certificate",
	    OPT_STRING(&opt.tls_ca) },
	{ 0, "tls-cert", "FILE", "TLS: our client certificate, in PEM",
	    OPT_STRING(&opt.tls_cert) },
	{ 0, "tls-key", "FILE", "TLS: private key of --tls-cert, in PEM",
	    OPT_STRING(&opt.tls_key) },
	{ 0, "window", "N", "at most N unacknowledged messages (default: 500)",
	    OPT_INT(&opt.window, 1, 10000) },
	{ 0, "stall", "DURATION", "reconnect after this long without traffic "
	    "(default: 60s)",
	    OPT_TIMEOUT(&opt.stall, MQTT_STALL_MIN, 24 * 3600 * STAMP_SECOND) },
	{ 0, "expect", "DURATION", "reconnect after this long without a "
	    "message",
	    OPT_TIMEOUT(&opt.expect, STAMP_SECOND, INT64_MAX) },
	{ 0, "rejects", "FILE", "append refused messages to FILE",
	    OPT_STRING(&opt.rejects) },
	ADAPTER_COMMON_OPTIONS(adapter),
	READY_FD(&adapter.ready_fd, "when connected"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-adapt-mqtt",
	.summary = "deliver messages over MQTT, or take them from a broker",
	.synopsis = "[-i STREAM[/GROUP]] [--socket PATH] [options]\n"
	    "--host HOST --topic FILTER [-p PORT] [-o STREAM] [options]",
	.options = options,
	.network = true,
	.reloads = true,
};

/* ---- what goes together ---- */

static void
adapt_only_with(bool source, const char *name, bool given)
{
	if (given && (opt.host != NULL) != source)
		program_misuse("--%s %s --host", name,
		    source ? "needs" : "can't be used with");
}

static void
adapt_check(void)
{
	if (reject_is_bus(opt.rejects))
		program_misuse("--rejects '%s': not a file", opt.rejects);
	adapt_only_with(false, "socket", opt.socket != NULL);
	adapt_only_with(false, "input", opt.input != NULL);
	adapt_only_with(false, "ack", opt.ack != NULL);
	adapt_only_with(false, "all", opt.all);
	adapt_only_with(true, "port", opt.port != 0);
	adapt_only_with(true, "topic", opt.topics.n > 0);
	adapt_only_with(true, "map", opt.maps.n > 0);
	adapt_only_with(true, "output", strcmp(adapter.output, "-") != 0);
	adapt_only_with(true, "max-queued",
	    adapter.max_queued != ADAPTER_QUEUED);
	adapt_only_with(true, "id", opt.id != NULL);
	adapt_only_with(true, "clean", opt.clean);
	adapt_only_with(true, "username", opt.username != NULL);
	adapt_only_with(true, "password-file", opt.password_file != NULL);
	adapt_only_with(true, "tls", opt.tls || opt.tls_ca || opt.tls_cert);
	adapt_only_with(true, "expect", opt.expect != 0);
	if (opt.input != NULL && opt.ack != NULL)
		program_misuse("--ack is for lines from stdin; --input "
		    "STREAM/GROUP moves its own group");
	if ((opt.tls_cert == NULL) != (opt.tls_key == NULL))
		program_misuse("--tls-cert and --tls-key go together");
	if (opt.password_file != NULL && opt.username == NULL &&
	    opt.version == VERSION_3_1_1)
		program_misuse("--password-file needs --username with MQTT "
		    "3.1.1");
}

static void
adapt_check_topics(void)
{
	int i;

	if (opt.topics.n == 0)
		program_misuse("--host needs --topic FILTER");
	for (i = 0; i < opt.topics.n; i++)
		if (mosquitto_sub_topic_check(opt.topics.v[i]) !=
		    MOSQ_ERR_SUCCESS || opt.topics.v[i][0] == '\0')
			program_misuse("--topic '%s': not a valid topic filter",
			    opt.topics.v[i]);
}

/* ---- broker to lines ---- */

/* each text with its NUL, so that "a" "bc" is not "ab" "c" */
static uint64_t
adapt_mix(uint64_t h, const char *z)
{
	return hash_add(h, (struct str){ z, strlen(z) + 1 });
}

/*
 * The same for the same command at the same place, so that the session that
 * waits at the broker is found again; within the 23 characters that every
 * broker takes.
 */
static const char *
adapt_made_up_id(char id[32])
{
	uint64_t h = HASH_START;
	char node[256] = "", port[32], *home = home_path("");
	int i;

	gethostname(node, sizeof node - 1);
	snprintf(port, sizeof port, "%lld", (long long)opt.port);
	h = adapt_mix(adapt_mix(adapt_mix(adapt_mix(h, node), home), opt.host),
	    port);
	for (i = 0; i < opt.topics.n; i++)
		h = adapt_mix(h, opt.topics.v[i]);
	free(home);
	snprintf(id, 32, "mfx-%016llx", (unsigned long long)h);
	return id;
}

static void
adapt_take_maps(struct mqtt_map *map)
{
	const char *why;
	int i;

	for (i = 0; i < opt.maps.n; i++)
		if ((why = mqtt_map_add(map, opt.maps.v[i])) != NULL)
			program_misuse("--map '%s': %s", opt.maps.v[i], why);
	if (opt.maps.n == 0)
		mqtt_map_add(map, OWN_TOPICS);
}

static int
adapt_run_source(void)
{
	char id[32];
	struct source_options *o = memory_zero(1, sizeof *o);
	int status;

	adapt_check_topics();
	o->client = (struct mqtt_options){
		.host = opt.host, .port = opt.port, .stored = !opt.clean,
		.id = opt.id ? opt.id : adapt_made_up_id(id),
		.version = opt.version == VERSION_5 ? MQTT_PROTOCOL_V5 :
		    MQTT_PROTOCOL_V311,
		.username = opt.username, .password_file = opt.password_file,
		.tls = opt.tls || opt.tls_ca || opt.tls_cert,
		.tls_ca = opt.tls_ca, .tls_cert = opt.tls_cert,
		.tls_key = opt.tls_key, .window = (int)opt.window,
		.stall = opt.stall, .expect = opt.expect,
		.packet_max = SOURCE_PACKET_MAX,
	};
	o->filters = &opt.topics;
	o->qos = opt.qos;
	o->rejects = opt.rejects;
	adapt_take_maps(&o->map);
	adapter.protocol = source_protocol(o);
	status = adapter_run(&adapter);
	free(o);
	return status;
}

/* ---- lines to broker ---- */

static int
adapt_run_delivery(void)
{
	char *path = opt.socket ? memory_strdup(opt.socket) :
	    home_path("mqtt/broker.sock");
	char *host = memory_get(strlen(path) + sizeof "unix:");
	struct delivery_options o = {
		.client = {
			.version = MQTT_PROTOCOL_V5, .stall = opt.stall,
			.window = (int)opt.window, .host = host,
		},
		.all = opt.all, .input = opt.input, .ack = opt.ack,
		.rejects = opt.rejects, .wait = opt.wait,
	};
	struct fault fault;
	int status;

	if (delivery_check(&o, &fault) < 0)
		program_misuse("--%s: %s", opt.input ? "input" : "ack",
		    fault.text);
	memcpy(host, "unix:", 5);
	memcpy(host + 5, path, strlen(path) + 1);
	adapter.output = NULL;
	adapter.protocol = delivery_protocol(&o);
	status = adapter_run(&adapter);
	free(host);
	free(path);
	return status;
}

/* -h is help; with a value it is --host still, for a release */
static void
adapt_take_old_host(void)
{
	if (opt.old_host == NULL)
		return;
	diag_warning("-h HOST is obsolete: use --host %s",
	    opt.old_host);
	if (opt.host == NULL)
		opt.host = opt.old_host;
}

int
main(int argc, char **argv)
{
	static char help[] = "--help";

	if (argc == 2 && strcmp(argv[1], "-h") == 0)
		argv[1] = help;
	program_start(&program, argc, argv);
	adapt_take_old_host();
	adapt_check();
	return opt.host != NULL ? adapt_run_source() : adapt_run_delivery();
}
