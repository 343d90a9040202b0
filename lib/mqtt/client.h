/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_CLIENT_H
#define MFX_MQTT_CLIENT_H

#include <mosquitto.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/backoff.h"
#include "base/fault.h"
#include "net/loop.h"

/*
 * A connection to an MQTT broker that comes back: libmosquitto in a loop of
 * ours.  As filter.h it speaks for the program: it says when the broker is
 * lost and when it is there again.
 *
 *	mqtt_open(&c, loop, &options, &events, arg, &fault);
 *	while (...) {
 *		loop_turn(loop, mqtt_timeout(&c, timeout));
 *		mqtt_turn(&c);		events happen here
 *		...			what they need
 *		mqtt_flush(&c);		answers leave here
 *	}
 *	mqtt_close(&c);
 *
 * Nothing is written to the broker but by mqtt_flush, acknowledgements
 * included.  libmosquitto makes a PUBACK before it gives a message out, and
 * would write it at once; held back, it says that the message is safe.  A
 * program that could not keep what came calls mqtt_drop instead: then no answer
 * leaves, and the broker sends the messages again.
 *
 * What was published and is not acknowledged when the connection breaks is
 * sent again, in order, by libmosquitto, unless it is told to `forget`: then
 * the program does, when it is `up` again.
 */
struct mqtt_options {
	const char *host;	/* name, address, or "unix:PATH" */
	int64_t port;		/* 0: 1883, 8883 with TLS */
	const char *id;		/* client id; NULL: the broker gives one */
	bool stored;		/* the broker keeps the session while we are
				 * away; needs an id */
	int version;		/* MQTT_PROTOCOL_V311, MQTT_PROTOCOL_V5 */
	const char *username, *password_file;
	bool tls;		/* with the system's authorities, or … */
	const char *tls_ca, *tls_cert, *tls_key;	/* PEM */
	int window;		/* messages on their way, either direction */
	uint32_t packet_max;	/* bytes: of MQTT 5, longer ones are not to
				 * come; 0: whatever there is */
	int64_t stall;		/* ns: a broker that is silent so long is left;
				 * at least MQTT_STALL_MIN */
	int64_t expect;		/* ns: and one without a message; 0: never */
	bool forget;		/* what was published and is not acknowledged
				 * when the connection breaks is forgotten */
};

#define MQTT_STALL_MIN (INT64_C(6) * 1000000000)

struct mqtt_events {
	/* before each attempt to connect; may be NULL */
	void (*begin)(void *arg);
	/* it has ended, perhaps `by_broker` for what it was sent: is the next
	 * one to be had soon, as more is to be found out?  May be NULL */
	bool (*down)(void *arg, bool by_broker);
	/* connected; what was subscribed before may be forgotten */
	void (*up)(void *arg);
	/* as libmosquitto's callbacks of the same kind */
	void (*message)(void *arg, const struct mosquitto_message *,
	    const mosquitto_property *);
	void (*acked)(void *arg, int mid, int reason);
	void (*granted)(void *arg, int mid, int n, const int *qos);
};

struct mqtt {
	struct mosquitto *m;
	bool up;		/* connected, and the broker has said so */
	bool patient;		/* refused, it is not `failed`, but asks
				 * again; the caller's */
	bool failed;		/* no use to go on: `fault` says why */
	struct fault fault;
	uint64_t connects, stalls;	/* how often */
	/* private */
	const struct mqtt_options *options;
	const struct mqtt_events *events;
	void *arg;
	struct loop *loop;
	struct loop_watch watch;	/* of the socket `fd`; -1: none */
	int fd;
	unsigned events_ready;	/* LOOP_*, of this turn */
	struct connector *connector;	/* has `m` while it is not NULL */
	struct loop_watch connecting;
	bool to_reload;		/* when it has come back */
	bool held;
	int64_t waits_from;	/* ns, of clock_ns(): the turn's wait began */
	char name[128];		/* for messages */
	const char *path;	/* of a unix socket, or the host */
	int port;
	bool away;		/* no socket: connect when `retry` has come */
	bool established;	/* the socket is connected */
	bool more;		/* there is something left to read */
	bool used;		/* it has been connected with this `m` */
	bool said;		/* that it is away */
	int refused;		/* CONNACK's reason, 0: none */
	int ended;		/* DISCONNECT's or libmosquitto's reason */
	char tls_text[160];	/* what OpenSSL had to say */
	int64_t retry;		/* ns, of clock_ns() */
	struct backoff pause;	/* ns */
	int64_t since;		/* up since */
	int64_t silence, unheard;	/* ns waited without a byte, message */
};

int mqtt_open(struct mqtt *, struct loop *, const struct mqtt_options *,
    const struct mqtt_events *, void *arg, struct fault *);

/* what is to be written is written, within two seconds, then DISCONNECT */
void mqtt_close(struct mqtt *);

/* connects when it is time to, and reads what has come */
void mqtt_turn(struct mqtt *);
/* how long the loop may wait, in ms, at most `timeout` */
int mqtt_timeout(const struct mqtt *, int timeout);

/* At the end of each turn one of these: what is to be written is written; or
 * nothing is written, and nothing read either, until the next mqtt_flush.  An
 * event may call mqtt_hold, too, when it has enough. */
void mqtt_flush(struct mqtt *);
void mqtt_hold(struct mqtt *);

/* breaks the connection without another byte, says why, unless NULL, and
 * connects again after a while */
void mqtt_drop(struct mqtt *, const char *why);

/* Is there something to read again?  Then this does: the password, and, as it
 * connects again, the files of TLS.  With -1 the connection goes on as it
 * is. */
bool mqtt_reloads(const struct mqtt_options *);
int mqtt_reload(struct mqtt *, struct fault *);

/* for a health check: -1 while it is not connected */
int mqtt_check(const struct mqtt *, struct fault *);

/* the connection is of no use: `failed`, with this fault */
void mqtt_fail(struct mqtt *, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
