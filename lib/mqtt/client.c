/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/client.h"

#include <errno.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/stamp.h"
#include "mqtt/connector.h"

/* a connection that held so long was a good one */
#define GOOD (5 * STAMP_SECOND)
/* packets read before the program has its turn again */
#define READS 1000
#define KEEPALIVE_MIN 5		/* seconds: libmosquitto's */
#define CLOSE_MS 2000

void
mqtt_fail(struct mqtt *c, int status, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->failed = true;
	fault_set(&c->fault, status, "%s: %s", c->name, text);
}

/* ---- what went wrong ---- */

/* libmosquitto's, whose errors and reasons are of one number */
static const char *
mqtt_reason_text(const struct mqtt *c, int rc, int err)
{
	if (rc >= 0x80)
		return mosquitto_reason_string(rc);
	if (rc == MOSQ_ERR_ERRNO)
		return strerror(err);
	if (rc == MOSQ_ERR_EAI)
		return gai_strerror(err);
	if (c->tls_text[0] != '\0')
		return c->tls_text;
	return rc == 0 ? "the broker has closed the connection" :
	    mosquitto_strerror(rc);
}

/*
 * What libmosquitto says before OpenSSL does is about our own files, or that
 * the broker's certificate is for another name; the rest may be as passing
 * as any other end of a connection.  The exit status, or 0.
 */
static int
mqtt_tls_fault(const struct mqtt *c)
{
	if (strstr(c->tls_text, "verif") != NULL)
		return EX_UNAVAILABLE;
	return strncmp(c->tls_text, "TLS: ", 5) == 0 &&
	    strncmp(c->tls_text + 5, "error:", 6) != 0 ? EX_CONFIG : 0;
}

/* Someone else's id, or a name and password that are wrong, stay so.  Later
 * it may be the broker that is at fault, and it is asked again. */
static void
mqtt_judge(struct mqtt *c)
{
	bool v5 = c->options->version == MQTT_PROTOCOL_V5;

	if (c->ended == MQTT_RC_SESSION_TAKEN_OVER) {
		mqtt_fail(c, EX_UNAVAILABLE,
		    "another client has taken our client id");
	} else if (c->refused == 0 || c->connects > 0 || c->patient) {
		return;
	} else if (c->refused == MQTT_RC_SERVER_UNAVAILABLE ||
	    c->refused == MQTT_RC_SERVER_BUSY ||
	    c->refused == MQTT_RC_QUOTA_EXCEEDED ||
	    c->refused == CONNACK_REFUSED_SERVER_UNAVAILABLE) {
		return;
	} else if (c->refused == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION) {
		mqtt_fail(c, EX_UNAVAILABLE, "the broker does not speak "
		    "MQTT 5; --protocol 3.1.1 may help");
	} else {
		mqtt_fail(c, EX_UNAVAILABLE, "refused: %s", v5 ?
		    mosquitto_reason_string(c->refused) :
		    mosquitto_connack_string(c->refused));
	}
}

/* libmosquitto closes the socket, and the next one may have its number. */
static void
mqtt_unwatch(struct mqtt *c)
{
	loop_unwatch(&c->watch);
	c->fd = -1;
	c->events_ready = 0;
}

/* Half to one and a half of the delay, so that many do not come at once. */
static int64_t
mqtt_jitter(int64_t delay)
{
	return delay / 2 + (int64_t)((uint64_t)stamp_now().ns / 1000 %
	    (uint64_t)delay);
}

static void
mqtt_leave(struct mqtt *c, const char *why, bool by_broker)
{
	int64_t now = clock_ns();
	int fd = mosquitto_socket(c->m);
	bool was_up = c->up;

	/* no byte more: what is queued must not leave when it is closed */
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
	mqtt_unwatch(c);
	if (c->up && now - c->since > GOOD)
		backoff_reset(&c->pause);
	c->away = true;
	c->up = c->established = c->more = false;
	if (was_up && c->events->down != NULL &&
	    c->events->down(c->arg, by_broker))
		backoff_reset(&c->pause);
	c->retry = now + mqtt_jitter(backoff_next(&c->pause));
	if (why == NULL)
		return;
	if (!c->said)
		diag_warning("%s: %s; trying again", c->name, why);
	else
		diag_info("%s: %s", c->name, why);
	c->said = true;
}

/* Was it the broker that ended it, and not for reasons of its own? */
static bool
mqtt_ended_by_broker(const struct mqtt *c, int rc)
{
	switch (c->ended) {
	case MQTT_RC_SERVER_BUSY:
	case MQTT_RC_SERVER_SHUTTING_DOWN:
	case MQTT_RC_KEEP_ALIVE_TIMEOUT:
	case MQTT_RC_SESSION_TAKEN_OVER:
	case MQTT_RC_ADMINISTRATIVE_ACTION:
	case MQTT_RC_USE_ANOTHER_SERVER:
	case MQTT_RC_SERVER_MOVED:
	case MQTT_RC_MAXIMUM_CONNECT_TIME:
		return false;
	default:
		return rc != MOSQ_ERR_KEEPALIVE && rc != MOSQ_ERR_NOMEM;
	}
}

/* libmosquitto has given up the connection, for this reason. */
static void
mqtt_lost(struct mqtt *c, int rc, int err)
{
	bool by_broker = mqtt_ended_by_broker(c, rc);

	if (c->away)
		return;
	if (rc == MOSQ_ERR_KEEPALIVE)
		c->stalls++;
	mqtt_judge(c);
	if (c->connects == 0 && !c->failed && mqtt_tls_fault(c) != 0)
		mqtt_fail(c, mqtt_tls_fault(c), "%s", c->tls_text);
	mqtt_leave(c, c->failed ? NULL : c->refused >= 0x80 ?
	    mosquitto_reason_string(c->refused) : c->refused > 0 ?
	    mosquitto_connack_string(c->refused) :
	    mqtt_reason_text(c, c->ended >= 0x80 ? c->ended : rc, err),
	    by_broker);
}

/* ---- libmosquitto's callbacks ---- */

static void
mqtt_on_log(struct mosquitto *m, void *arg, int level, const char *text)
{
	struct mqtt *c = arg;

	(void)m;
	/* the first of several is the one that says what it was */
	if (level != MOSQ_LOG_ERR || c->tls_text[0] != '\0')
		return;
	if (strncmp(text, "OpenSSL Error[0]: ", 18) == 0)
		text += 18;
	if (strncmp(text, "Error: ", 7) == 0)
		text += 7;
	snprintf(c->tls_text, sizeof c->tls_text, "TLS: %s", text);
}

static void
mqtt_on_connect(struct mosquitto *m, void *arg, int reason, int flags,
    const mosquitto_property *properties)
{
	struct mqtt *c = arg;

	(void)flags, (void)properties;
	if (reason != 0) {
		c->refused = reason;
		return;
	}
	/* it formats text for every packet */
	mosquitto_log_callback_set(m, NULL);
	c->up = c->used = true;
	c->connects++;
	c->since = clock_ns();
	c->unheard = 0;
	if (c->said)
		diag_warning("%s: connected again", c->name);
	c->said = false;
	c->events->up(c->arg);
}

static void
mqtt_on_disconnect(struct mosquitto *m, void *arg, int reason,
    const mosquitto_property *properties)
{
	struct mqtt *c = arg;

	(void)m, (void)properties;
	c->ended = reason;
}

static void
mqtt_on_message(struct mosquitto *m, void *arg,
    const struct mosquitto_message *message,
    const mosquitto_property *properties)
{
	struct mqtt *c = arg;

	(void)m;
	c->unheard = 0;
	c->events->message(c->arg, message, properties);
}

static void
mqtt_on_publish(struct mosquitto *m, void *arg, int mid, int reason,
    const mosquitto_property *properties)
{
	struct mqtt *c = arg;

	(void)m, (void)properties;
	c->events->acked(c->arg, mid, reason);
}

static void
mqtt_on_subscribe(struct mosquitto *m, void *arg, int mid, int n,
    const int *qos, const mosquitto_property *properties)
{
	struct mqtt *c = arg;

	(void)m, (void)properties;
	c->events->granted(c->arg, mid, n, qos);
}

static void
mqtt_set_callbacks(struct mqtt *c)
{
	mosquitto_connect_v5_callback_set(c->m, mqtt_on_connect);
	mosquitto_disconnect_v5_callback_set(c->m, mqtt_on_disconnect);
	if (c->events->message != NULL)
		mosquitto_message_v5_callback_set(c->m, mqtt_on_message);
	if (c->events->acked != NULL)
		mosquitto_publish_v5_callback_set(c->m, mqtt_on_publish);
	if (c->events->granted != NULL)
		mosquitto_subscribe_v5_callback_set(c->m, mqtt_on_subscribe);
}

/* ---- opening ---- */

/* so that a wrong name is told from what the broker thinks of it */
static int
mqtt_check_file(const char *path, struct fault *fault)
{
	if (path != NULL && access(path, R_OK) < 0)
		return fault_input(fault, path);
	return 0;
}

/* OpenSSL would ask at the terminal */
static int
mqtt_no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf, (void)size, (void)writing, (void)arg;
	return 0;
}

static int
mqtt_set_tls(struct mqtt *c, struct fault *fault)
{
	const struct mqtt_options *o = c->options;
	int rc;

	if (!o->tls)
		return 0;
	if (mqtt_check_file(o->tls_ca, fault) < 0 ||
	    mqtt_check_file(o->tls_cert, fault) < 0 ||
	    mqtt_check_file(o->tls_key, fault) < 0)
		return -1;
	if (o->tls_ca == NULL)
		mosquitto_int_option(c->m, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
	rc = mosquitto_tls_set(c->m, o->tls_ca, NULL, o->tls_cert, o->tls_key,
	    mqtt_no_passphrase);
	return rc == MOSQ_ERR_SUCCESS ? 0 : fault_set(fault, EX_CONFIG,
	    "TLS: %s", mosquitto_strerror(rc));
}

static int
mqtt_set_password(struct mqtt *c, struct fault *fault)
{
	const struct mqtt_options *o = c->options;
	struct buf b;
	int rc, r = 0;

	buf_init(&b, 64 * 1024);
	if (o->password_file != NULL)
		r = secret_read(o->password_file, "password", &b, fault);
	buf_putc(&b, '\0');
	if (b.full)
		r = fault_set(fault, EX_CONFIG, "%s: over 64 KiB",
		    o->password_file);
	if (r == 0 && (o->username != NULL || o->password_file != NULL)) {
		rc = mosquitto_username_pw_set(c->m, o->username,
		    o->password_file ? b.p : NULL);
		if (rc != MOSQ_ERR_SUCCESS)
			r = fault_set(fault, EX_CONFIG, "user name and "
			    "password: %s", mosquitto_strerror(rc));
	}
	secret_release(&b);
	return r;
}

/*
 * libmosquitto takes the properties of CONNECT only where it would wait for
 * the connection, and keeps them; so they are given with an address to which
 * there is none.
 */
static void
mqtt_set_properties(struct mqtt *c)
{
	const struct mqtt_options *o = c->options;
	mosquitto_property *properties = NULL;

	if (o->version != MQTT_PROTOCOL_V5)
		return;
	if (o->stored)
		mosquitto_property_add_int32(&properties,
		    MQTT_PROP_SESSION_EXPIRY_INTERVAL, UINT32_MAX);
	if (o->packet_max > 0)
		mosquitto_property_add_int32(&properties,
		    MQTT_PROP_MAXIMUM_PACKET_SIZE, o->packet_max);
	if (properties != NULL)
		mosquitto_connect_bind_v5(c->m, "/", 0, 0, NULL, properties);
	mosquitto_property_free_all(&properties);
}

static int
mqtt_make(struct mqtt *c, struct fault *fault)
{
	const struct mqtt_options *o = c->options;

	c->m = mosquitto_new(o->id, !o->stored, c);
	if (c->m == NULL)
		return fault_errno(fault, errno == EINVAL ? EX_USAGE :
		    EX_OSERR, "client id");
	mosquitto_int_option(c->m, MOSQ_OPT_PROTOCOL_VERSION, o->version);
	mosquitto_int_option(c->m, MOSQ_OPT_SEND_MAXIMUM, o->window);
	mosquitto_int_option(c->m, MOSQ_OPT_RECEIVE_MAXIMUM, o->window);
	mosquitto_int_option(c->m, MOSQ_OPT_TCP_NODELAY, 1);
	/* "threads": it queues what it writes, and mqtt_flush writes it */
	mosquitto_threaded_set(c->m, true);
	mqtt_set_callbacks(c);
	if (mqtt_set_tls(c, fault) < 0 || mqtt_set_password(c, fault) < 0)
		return -1;
	mqtt_set_properties(c);
	return 0;
}

static void
mqtt_release(struct mqtt *c)
{
	mosquitto_destroy(c->m);
	c->m = NULL;
	mosquitto_lib_cleanup();
}

int
mqtt_open(struct mqtt *c, struct loop *loop, const struct mqtt_options *o,
    const struct mqtt_events *events, void *arg, struct fault *fault)
{
	*c = (struct mqtt){
		.options = o, .events = events, .arg = arg, .away = true,
		.loop = loop, .fd = -1,
		.pause = { CLOCK_SECOND / 10, 30 * CLOCK_SECOND, 0 },
		.path = o->host,
	};
	if (strncmp(o->host, "unix:", 5) == 0) {
		c->path += 5;
		snprintf(c->name, sizeof c->name, "%s", c->path);
	} else {
		c->port = o->port ? (int)o->port : o->tls ? 8883 : 1883;
		snprintf(c->name, sizeof c->name, "%s:%d", c->path, c->port);
	}
	mosquitto_lib_init();
	if (mqtt_make(c, fault) == 0)
		return 0;
	mqtt_release(c);
	return -1;
}

/* ---- connecting ---- */

static int
mqtt_keepalive(const struct mqtt *c)
{
	int64_t s = c->options->stall / 2 / STAMP_SECOND;

	return s < KEEPALIVE_MIN ? KEEPALIVE_MIN : s > 3600 ? 3600 : (int)s;
}

/* With one that has nothing in it. */
static bool
mqtt_renew(struct mqtt *c)
{
	if (!c->options->forget || !c->used)
		return true;
	mosquitto_destroy(c->m);
	c->used = false;
	if (mqtt_make(c, &c->fault) == 0)
		return true;
	c->failed = true;
	return false;
}

/* libmosquitto has opened a socket, or has not. */
static void
mqtt_begun(struct mqtt *c, int rc, int err)
{
	c->waits_from = loop_now(c->loop);
	c->away = false;
	c->established = c->port == 0;
	if (rc <= MOSQ_ERR_SUCCESS)
		return;
	if (rc == MOSQ_ERR_INVAL)
		mqtt_fail(c, EX_CONFIG, "no address that can be connected to");
	mqtt_lost(c, rc, err);
}

static void
mqtt_connect_by_name(struct mqtt *c)
{
	c->connector = connector_start(c->m, c->path, c->port,
	    mqtt_keepalive(c));
	if (c->connector == NULL)
		mqtt_begun(c, MOSQ_ERR_ERRNO, errno);
	else
		loop_watch(c->loop, &c->connecting,
		    connector_fd(c->connector), LOOP_READ, NULL);
}

/* Has the thread that connects come back? */
static void
mqtt_end_connecting(struct mqtt *c)
{
	struct connector *connector = c->connector;
	struct fault fault;
	int rc, err;

	if (!connector_is_done(connector))
		return;
	loop_unwatch(&c->connecting);
	c->connector = NULL;
	connector_result(connector, &rc, &err);
	mqtt_begun(c, rc, err);
	if (c->to_reload && mqtt_reload(c, &fault) < 0)
		diag_warning("SIGHUP: nothing was reloaded: %s", fault.text);
	c->to_reload = false;
}

static void
mqtt_begin(struct mqtt *c)
{
	int rc;

	c->refused = c->ended = 0;
	c->silence = 0;
	c->tls_text[0] = '\0';
	if (!mqtt_renew(c))
		return;
	if (c->events->begin != NULL)
		c->events->begin(c->arg);
	mosquitto_log_callback_set(c->m, mqtt_on_log);
	if (c->port != 0 && connector_resolves(c->path)) {
		mqtt_connect_by_name(c);
		return;
	}
	errno = 0;
	rc = mosquitto_connect_bind_async(c->m, c->path, c->port,
	    mqtt_keepalive(c), NULL);
	mqtt_begun(c, rc, errno);
}

/* A socket that waits for its connection: false while it still does. */
static bool
mqtt_establish(struct mqtt *c, unsigned ready)
{
	int err = 0;
	socklen_t n = sizeof err;

	if (c->established || c->away)
		return !c->away;
	if ((ready & LOOP_WRITE) == 0)
		return false;
	getsockopt(mosquitto_socket(c->m), SOL_SOCKET, SO_ERROR, &err, &n);
	if (err != 0) {
		mqtt_lost(c, MOSQ_ERR_ERRNO, err);
		return false;
	}
	c->established = true;
	return true;
}

/* ---- reading and writing ---- */

/* poll(2) does not know what OpenSSL has read ahead */
static bool
mqtt_readable(struct mqtt *c)
{
	SSL *ssl = c->options->tls ? mosquitto_ssl_get(c->m) : NULL;
	int n = 0;

	if (ssl != NULL && SSL_pending(ssl) > 0)
		return true;
	return ioctl(mosquitto_socket(c->m), FIONREAD, &n) == 0 && n > 0;
}

static bool
mqtt_is_hung_up(const struct mqtt *c)
{
	struct pollfd p = { .fd = mosquitto_socket(c->m) };

	return p.fd >= 0 && poll(&p, 1, 0) > 0 &&
	    (p.revents & (POLLERR | POLLHUP)) != 0;
}

static void
mqtt_read_some(struct mqtt *c)
{
	int rc, i;

	c->more = false;
	for (i = 0; i < READS; i++) {
		errno = 0;
		rc = mosquitto_loop_read(c->m, 1);
		if (rc != MOSQ_ERR_SUCCESS || mosquitto_socket(c->m) < 0) {
			mqtt_lost(c, rc, errno);
			return;
		}
		/* a handshake goes on with the next bytes */
		if (!c->up || c->held || !mqtt_readable(c))
			break;
	}
	c->more = i == READS || (c->up && c->held);
	/* in a handshake it overlooks the end of the connection */
	if (!c->up && mqtt_is_hung_up(c))
		mqtt_lost(c, MOSQ_ERR_CONN_LOST, 0);
}

static void
mqtt_is_ready(struct loop_watch *w, unsigned events)
{
	struct mqtt *c = (struct mqtt *)((char *)w -
	    offsetof(struct mqtt, watch));

	c->events_ready |= events;
}

/* What the next turn waits for. */
static void
mqtt_watch(struct mqtt *c)
{
	unsigned events = c->held ? 0 : LOOP_READ;

	c->waits_from = clock_ns();
	if (c->away || mosquitto_socket(c->m) < 0)
		return;
	if (!c->established || (!c->held && mosquitto_want_write(c->m)))
		events |= LOOP_WRITE;
	if (c->fd < 0) {
		c->fd = mosquitto_socket(c->m);
		loop_watch(c->loop, &c->watch, c->fd, events, mqtt_is_ready);
	} else {
		loop_want(&c->watch, events);
	}
}

void
mqtt_flush(struct mqtt *c)
{
	int rc;

	c->held = false;
	if (!c->away && c->established && mosquitto_want_write(c->m)) {
		errno = 0;
		rc = mosquitto_loop_write(c->m, 1);
		if (rc != MOSQ_ERR_SUCCESS)
			mqtt_lost(c, rc, errno);
	}
	mqtt_watch(c);
}

void
mqtt_hold(struct mqtt *c)
{
	c->held = true;
	mqtt_watch(c);
}

int
mqtt_check(const struct mqtt *c, struct fault *fault)
{
	return c->up ? 0 : fault_set(fault, EX_TEMPFAIL,
	    "%s: not connected", c->name);
}

void
mqtt_drop(struct mqtt *c, const char *why)
{
	if (!c->away)
		mqtt_leave(c, why, false);
}

bool
mqtt_reloads(const struct mqtt_options *o)
{
	return o->tls || (o->password_file != NULL &&
	    strcmp(o->password_file, "-") != 0);
}

int
mqtt_reload(struct mqtt *c, struct fault *fault)
{
	const struct mqtt_options *o = c->options;

	if (c->connector != NULL) {
		c->to_reload = true;
		return 0;
	}
	if ((o->password_file != NULL && strcmp(o->password_file, "-") != 0 &&
	    mqtt_set_password(c, fault) < 0) ||
	    mqtt_check_file(o->tls_ca, fault) < 0 ||
	    mqtt_check_file(o->tls_cert, fault) < 0 ||
	    mqtt_check_file(o->tls_key, fault) < 0)
		return -1;
	mqtt_drop(c, NULL);
	backoff_reset(&c->pause);
	c->retry = 0;
	return 0;
}

/* ---- time ---- */

/* Only the time waited for the broker counts: when we were busy it may have
 * had nothing to answer. */
static void
mqtt_count_silence(struct mqtt *c, int64_t waited, unsigned ready)
{
	char why[64];

	c->silence = ready & LOOP_READ ? 0 : c->silence + waited;
	c->unheard += waited;
	if (c->silence >= c->options->stall)
		snprintf(why, sizeof why, "no traffic for %lld s",
		    (long long)(c->silence / STAMP_SECOND));
	else if (c->up && c->options->expect > 0 &&
	    c->unheard >= c->options->expect)
		snprintf(why, sizeof why, "no message for %lld s",
		    (long long)(c->unheard / STAMP_SECOND));
	else
		return;
	c->stalls++;
	mqtt_drop(c, why);
}

int
mqtt_timeout(const struct mqtt *c, int timeout)
{
	int64_t ns = c->away ? c->retry - clock_ns() :
	    c->options->stall - c->silence;
	int64_t ms;

	if (c->held || c->connector != NULL)
		return timeout;
	/* libmosquitto sends its pings when it is asked to */
	if (!c->away && ns > STAMP_SECOND)
		ns = STAMP_SECOND;
	ms = ns <= 0 ? 0 : ns / 1000000 + 1;
	if (c->more)
		ms = 0;
	return timeout < ms ? timeout : (int)ms;
}

void
mqtt_turn(struct mqtt *c)
{
	unsigned ready = c->events_ready;
	int rc;

	c->events_ready = 0;
	if (c->connector != NULL)
		mqtt_end_connecting(c);
	else if (c->away && !c->failed && clock_ns() >= c->retry)
		mqtt_begin(c);
	if (c->connector != NULL)
		return;
	if (c->held && c->established)
		return;
	if (mqtt_establish(c, ready) && (ready != 0 || c->more))
		mqtt_read_some(c);
	if (!c->away)
		mqtt_count_silence(c, loop_now(c->loop) - c->waits_from,
		    ready);
	if (!c->away && c->established && (rc = mosquitto_loop_misc(c->m)) !=
	    MOSQ_ERR_SUCCESS)
		mqtt_lost(c, rc, errno);
}

/* no resolver is waited for; what its thread still has is left to it */
static void
mqtt_abandon(struct mqtt *c)
{
	loop_unwatch(&c->connecting);
	mosquitto_log_callback_set(c->m, NULL);
	connector_abandon(c->connector);
	c->connector = NULL;
	c->m = NULL;
}

void
mqtt_close(struct mqtt *c)
{
	struct pollfd fd = { .events = POLLOUT };
	int64_t end = clock_ns() + CLOSE_MS * INT64_C(1000000);

	if (c->m == NULL)
		return;
	if (c->connector != NULL) {
		mqtt_abandon(c);
		return;
	}
	if (c->up)
		mosquitto_disconnect(c->m);
	while (c->up && !c->away && mosquitto_socket(c->m) >= 0 &&
	    mosquitto_want_write(c->m) && clock_ns() < end) {
		mqtt_flush(c);
		fd.fd = mosquitto_socket(c->m);
		if (!c->away && fd.fd >= 0)
			poll(&fd, 1, CLOSE_MS);
	}
	mqtt_unwatch(c);
	mqtt_release(c);
}
