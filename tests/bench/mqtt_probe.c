/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_probe PORT TOPIC QOS N: N messages of 200 bytes from one client of
 * libmosquitto to another, over a broker that listens on PORT; prints how
 * many came through in a second.  The thing's key is in $KEY.  At most
 * WINDOW messages are on their way at once.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mosquitto.h>

#include "base/stamp.h"

#define WINDOW 500
#define WAIT 60		/* seconds without a message */

static const char payload[] =
    "[{\"bn\":\"urn:dev:ow:10e2073a01080063:\",\"bt\":1700000000.25,"
    "\"n\":\"temperature\",\"u\":\"Cel\",\"v\":21.5},{\"n\":\"humidity\","
    "\"u\":\"%RH\",\"v\":40.25},{\"n\":\"light\",\"u\":\"lx\",\"v\":1234},"
    "{\"n\":\"on\",\"v\":1}]";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static int subscribed, received, acknowledged;

static _Noreturn void
die(const char *what, int r)
{
	fprintf(stderr, "mqtt_probe: %s: %s\n", what, mosquitto_strerror(r));
	exit(1);
}

static void
count(int *what, int every)
{
	pthread_mutex_lock(&lock);
	if (++*what % every == 0 || every == 1)
		pthread_cond_signal(&moved);
	pthread_mutex_unlock(&lock);
}

static void
on_subscribe(struct mosquitto *m, void *arg, int id, int n, const int *qos)
{
	(void)m;
	(void)arg;
	(void)id;
	if (n != 1 || qos[0] > 2) {
		fprintf(stderr, "mqtt_probe: not subscribed\n");
		exit(1);
	}
	count(&subscribed, 1);
}

static void
on_message(struct mosquitto *m, void *arg, const struct mosquitto_message *msg)
{
	(void)m;
	(void)arg;
	if (msg->payloadlen != sizeof payload - 1)
		exit(1);
	count(&received, WINDOW / 10);
}

static void
on_publish(struct mosquitto *m, void *arg, int id)
{
	(void)m;
	(void)arg;
	(void)id;
	count(&acknowledged, WINDOW / 10);
}

static struct mosquitto *
client(const char *port)
{
	struct mosquitto *m = mosquitto_new(NULL, true, NULL);
	int r;

	if (m == NULL)
		die("new", MOSQ_ERR_NOMEM);
	mosquitto_subscribe_callback_set(m, on_subscribe);
	mosquitto_message_callback_set(m, on_message);
	mosquitto_publish_callback_set(m, on_publish);
	mosquitto_max_inflight_messages_set(m, 0);
	mosquitto_username_pw_set(m, "", getenv("KEY"));
	r = mosquitto_connect(m, "127.0.0.1", (int)strtol(port, NULL, 10),
	    60);
	if (r != 0 || (r = mosquitto_loop_start(m)) != 0)
		die("connect", r);
	return m;
}

/* until fewer than `n` of `sent` are under way */
static void
wait_for(const int *what, int sent, int n)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT;
	pthread_mutex_lock(&lock);
	while (sent - *what >= n)
		if (pthread_cond_timedwait(&moved, &lock, &end) == ETIMEDOUT) {
			fprintf(stderr, "mqtt_probe: %d of %d came\n", *what,
			    sent);
			exit(1);
		}
	pthread_mutex_unlock(&lock);
}

int
main(int argc, char **argv)
{
	struct mosquitto *from, *to;
	int i, n, qos, r;
	int64_t begin;

	if (argc != 5)
		return 64;
	qos = (int)strtol(argv[3], NULL, 10);
	n = (int)strtol(argv[4], NULL, 10) / WINDOW * WINDOW;
	mosquitto_lib_init();
	to = client(argv[1]);
	if ((r = mosquitto_subscribe(to, NULL, argv[2], qos)) != 0)
		die("subscribe", r);
	wait_for(&subscribed, 1, 1);
	from = client(argv[1]);
	begin = stamp_now().ns;
	for (i = 0; i < n; i++) {
		r = mosquitto_publish(from, NULL, argv[2],
		    sizeof payload - 1, payload, qos, false);
		if (r != 0)
			die("publish", r);
		wait_for(&received, i + 1, WINDOW);
		if (qos > 0)
			wait_for(&acknowledged, i + 1, WINDOW);
	}
	wait_for(&received, n, 1);
	printf("%.0f\n", n / ((double)(stamp_now().ns - begin) / 1e9));
	mosquitto_disconnect(from);
	mosquitto_disconnect(to);
	mosquitto_loop_stop(from, false);
	mosquitto_loop_stop(to, false);
	return 0;
}
