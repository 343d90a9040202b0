/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/connector.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/signal.h"
#include "base/wakeup.h"

struct connector {
	struct mosquitto *m;
	char *host;
	int port, keepalive;
	int told[2];		/* the thread tells that it is done */
	pthread_mutex_t lock;
	/* of the lock */
	bool done, abandoned;
	int rc, err;
};

static void
connector_free(struct connector *c)
{
	wakeup_close(c->told);
	pthread_mutex_destroy(&c->lock);
	free(c->host);
	free(c);
}

static void
connector_end(struct connector *c)
{
	mosquitto_destroy(c->m);
	connector_free(c);
}

static void *
connector_run(void *arg)
{
	struct connector *c = arg;
	bool abandoned;
	int rc, err;

	errno = 0;
	rc = mosquitto_connect_bind_async(c->m, c->host, c->port,
	    c->keepalive, NULL);
	err = errno;
	pthread_mutex_lock(&c->lock);
	c->rc = rc;
	c->err = err;
	c->done = true;
	abandoned = c->abandoned;
	if (!abandoned)
		wakeup_tell(c->told);
	pthread_mutex_unlock(&c->lock);
	if (abandoned)
		connector_end(c);
	return NULL;
}

static int
connector_detach(struct connector *c)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = signal_start_thread(&thread, &attributes, connector_run, c);
	pthread_attr_destroy(&attributes);
	return error;
}

bool
connector_resolves(const char *host)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *found;

	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return true;
	freeaddrinfo(found);
	return false;
}

struct connector *
connector_start(struct mosquitto *m, const char *host, int port,
    int keepalive)
{
	struct connector *c = memory_zero(1, sizeof *c);
	int error;

	c->m = m;
	c->host = memory_strdup(host);
	c->port = port;
	c->keepalive = keepalive;
	pthread_mutex_init(&c->lock, NULL);
	error = wakeup_open(c->told) < 0 ? errno : connector_detach(c);
	if (error == 0)
		return c;
	connector_free(c);
	errno = error;
	return NULL;
}

int
connector_fd(const struct connector *c)
{
	return c->told[0];
}

bool
connector_is_done(struct connector *c)
{
	bool done;

	pthread_mutex_lock(&c->lock);
	done = c->done;
	pthread_mutex_unlock(&c->lock);
	return done;
}

void
connector_result(struct connector *c, int *rc, int *err)
{
	*rc = c->rc;
	*err = c->err;
	connector_free(c);
}

void
connector_abandon(struct connector *c)
{
	bool done;

	pthread_mutex_lock(&c->lock);
	done = c->done;
	c->abandoned = true;
	pthread_mutex_unlock(&c->lock);
	if (done)
		connector_end(c);
}
