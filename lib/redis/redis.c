/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/redis.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/os.h"
#include "base/signal.h"

#define REDIS_CHUNK ((size_t)64 << 10)
#define REDIS_OUT_MAX ((size_t)16 << 20)
/* of one answer; those that are asked for are much shorter */
#define REDIS_UNREAD_MAX ((size_t)4 << 20)

/* ---- errors ---- */

/* by the word that an error begins with, or by more of it */
static const struct redis_error {
	const char *begin;
	enum redis_result result;
	int status;
} redis_errors[] = {
	{ "LOADING", REDIS_LATER, EX_TEMPFAIL },
	{ "BUSY", REDIS_LATER, EX_TEMPFAIL },
	{ "MASTERDOWN", REDIS_LATER, EX_TEMPFAIL },
	{ "READONLY", REDIS_LATER, EX_TEMPFAIL },
	{ "OOM", REDIS_LATER, EX_TEMPFAIL },
	{ "MISCONF", REDIS_LATER, EX_TEMPFAIL },	/* its disk is full */
	{ "NOREPLICAS", REDIS_LATER, EX_TEMPFAIL },
	{ "CLUSTERDOWN", REDIS_LATER, EX_TEMPFAIL },
	{ "TRYAGAIN", REDIS_LATER, EX_TEMPFAIL },
	{ "ASK", REDIS_LATER, EX_TEMPFAIL },
	{ "ERR max number of clients", REDIS_LATER, EX_TEMPFAIL },
	{ "NOAUTH", REDIS_FAILED, EX_NOPERM },
	{ "WRONGPASS", REDIS_FAILED, EX_NOPERM },
	{ "NOPERM", REDIS_FAILED, EX_NOPERM },
	{ "DENIED", REDIS_FAILED, EX_NOPERM },
	{ "ERR invalid password", REDIS_FAILED, EX_NOPERM },
	{ "ERR AUTH", REDIS_FAILED, EX_NOPERM },
	{ "ERR Client sent AUTH", REDIS_FAILED, EX_NOPERM },
	{ "WRONGTYPE", REDIS_FAILED, EX_DATAERR },
	/* another server of a cluster has the key, and what else is there */
	{ "", REDIS_FAILED, EX_CONFIG },
};

enum redis_result
redis_judge(const struct redis *r, const char *error, struct fault *fault)
{
	const struct redis_error *e = redis_errors;

	while (strncmp(e->begin, error, strlen(e->begin)) != 0)
		e++;
	fault_set(fault, e->status, "%s: %s", r->url->name, error);
	return e->result;
}

static enum redis_result
redis_lost(struct redis *r, const char *why, struct fault *fault)
{
	fault_set(fault, EX_TEMPFAIL, "%s: %s", r->url->name, why);
	redis_close(r);
	return REDIS_LATER;
}

/* what tcp.h says of it */
static enum redis_result
redis_broken(struct redis *r, struct fault *fault)
{
	bool refused = r->tcp.refused;

	redis_lost(r, r->tcp.why, fault);
	if (!refused)
		return REDIS_LATER;
	fault->status = EX_CONFIG;
	return REDIS_FAILED;
}

enum redis_result
redis_strange(struct redis *r, struct fault *fault)
{
	fault_set(fault, EX_UNAVAILABLE, "%s: an answer that Redis does not "
	    "give; is it another server?", r->url->name);
	redis_close(r);
	return REDIS_FAILED;
}

/* ---- bytes ---- */

static void
redis_put_length(struct buf *b, char mark, uint64_t n)
{
	buf_putc(b, mark);
	buf_put_u64(b, n);
	buf_puts(b, "\r\n");
}

void
redis_put(struct buf *b, int argc, const struct str *argv)
{
	int i;

	redis_put_length(b, '*', (uint64_t)argc);
	for (i = 0; i < argc; i++) {
		redis_put_length(b, '$', argv[i].n);
		buf_put_str(b, argv[i]);
		buf_puts(b, "\r\n");
	}
}

static enum redis_result
redis_write(struct redis *r, struct fault *fault)
{
	ssize_t n = 1;

	while (n > 0 && (r->sent < r->out.n || tcp_pending(&r->tcp))) {
		n = tcp_write(&r->tcp, r->out.p + r->sent,
		    r->out.n - r->sent);
		if (n < 0)
			return redis_broken(r, fault);
		r->sent += (size_t)n;
	}
	if (r->sent == r->out.n) {
		buf_clear(&r->out);
		r->sent = 0;
	}
	return REDIS_DONE;
}

static enum redis_result
redis_read(struct redis *r, struct fault *fault)
{
	char chunk[REDIS_CHUNK];
	ssize_t n = tcp_read(&r->tcp, chunk, sizeof chunk);

	if (n < 0)
		return redis_broken(r, fault);
	if (n == 0)
		return REDIS_DONE;
	r->unread += (size_t)n;
	if (r->unread > REDIS_UNREAD_MAX || redisReaderFeed(r->reader, chunk,
	    (size_t)n) != REDIS_OK)
		return redis_strange(r, fault);
	return REDIS_DONE;
}

/* until the descriptor is ready */
static enum redis_result
redis_wait(struct redis *r, short events, struct fault *fault)
{
	struct pollfd p = { .fd = r->tcp.fd, .events = events };
	int64_t end = clock_ms() + r->timeout, left;
	int n;

	do {
		if (signal_stop())
			return redis_lost(r, "asked to stop", fault);
		left = end - clock_ms();
		n = left > 0 ? signal_poll(&p, 1, (int)left) : 0;
	} while (n < 0);
	if (n > 0)
		return REDIS_DONE;
	fault_set(fault, EX_TEMPFAIL, "%s: no answer within %d s",
	    r->url->name, (int)((r->timeout + 999) / 1000));
	redis_close(r);
	return REDIS_LATER;
}

enum redis_result
redis_send(struct redis *r, struct fault *fault)
{
	return redis_write(r, fault);
}

enum redis_result
redis_take(struct redis *r, struct reply **reply, struct fault *fault)
{
	enum redis_result result = redis_write(r, fault);
	void *object = NULL;

	r->reply.type = 0;
	while (result == REDIS_DONE) {
		if (redisReaderGetReply(r->reader, &object) != REDIS_OK)
			return redis_strange(r, fault);
		if (object != NULL)
			break;
		result = redis_wait(r, r->sent < r->out.n ||
		    tcp_pending(&r->tcp) ? POLLIN | POLLOUT : POLLIN, fault);
		if (result == REDIS_DONE)
			result = redis_write(r, fault);
		if (result == REDIS_DONE)
			result = redis_read(r, fault);
	}
	r->unread = result == REDIS_DONE ? r->reader->len - r->reader->pos : 0;
	*reply = &r->reply;
	return result;
}

enum redis_result
redis_expect(struct redis *r, struct reply **reply, struct fault *fault)
{
	enum redis_result result = redis_take(r, reply, fault);

	if (result != REDIS_DONE || (*reply)->type != REDIS_REPLY_ERROR)
		return result;
	result = redis_judge(r, (*reply)->text, fault);
	redis_close(r);
	return result;
}

enum redis_result
redis_check(struct redis *r, struct fault *fault)
{
	enum redis_result result = redis_read(r, fault);

	return result == REDIS_DONE && r->unread > 0 ?
	    redis_strange(r, fault) : result;
}

/* ---- connecting ---- */

void
redis_init(struct redis *r, const struct redis_url *url, int64_t timeout)
{
	*r = (struct redis){ .url = url, .timeout = timeout };
	tcp_init(&r->tcp);
	buf_init(&r->out, REDIS_OUT_MAX);
}

void
redis_close(struct redis *r)
{
	tcp_close(&r->tcp);
	if (r->reader != NULL)
		redisReaderFree(r->reader);
	r->reader = NULL;
	buf_clear(&r->out);
	r->sent = r->unread = 0;
}

void
redis_release(struct redis *r)
{
	redis_close(r);
	SSL_CTX_free(r->context);
	buf_release(&r->out);
}

static enum redis_result
redis_connect(struct redis *r, const struct sockaddr *address, socklen_t size,
    struct fault *fault)
{
	enum redis_result result;

	tcp_init(&r->tcp);
	if (tcp_connect(&r->tcp, address, size) < 0)
		return redis_broken(r, fault);
	result = redis_wait(r, POLLOUT, fault);
	if (result == REDIS_DONE && tcp_connected(&r->tcp) < 0)
		result = redis_broken(r, fault);
	return result;
}

static enum redis_result
redis_connect_socket(struct redis *r, struct fault *fault)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(r->url->path) >= sizeof a.sun_path) {
		fault_set(fault, EX_USAGE, "%s: the path is too long",
		    r->url->name);
		return REDIS_FAILED;
	}
	memcpy(a.sun_path, r->url->path, strlen(r->url->path));
	return redis_connect(r, (struct sockaddr *)&a, sizeof a, fault);
}

static enum redis_result
redis_connect_host(struct redis *r, struct fault *fault)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV }, *found = NULL, *a;
	enum redis_result result = REDIS_LATER;
	char port[8];
	int error;

	snprintf(port, sizeof port, "%d", (int)r->url->port);
	error = getaddrinfo(r->url->host, port, &hints, &found);
	if (error != 0)
		return redis_lost(r, gai_strerror(error), fault);
	for (a = found; a != NULL && result == REDIS_LATER && !signal_stop();
	    a = a->ai_next)
		result = redis_connect(r, a->ai_addr, a->ai_addrlen, fault);
	freeaddrinfo(found);
	return result;
}

static enum redis_result
redis_secure(struct redis *r, struct fault *fault)
{
	const struct redis_url *u = r->url;
	enum redis_result result = REDIS_DONE;
	int done;

	if (r->context == NULL)
		r->context = tcp_context(u->ca, u->cert, u->key, false, fault);
	if (r->context == NULL) {
		redis_close(r);
		return REDIS_FAILED;
	}
	if (tcp_secure(&r->tcp, r->context, u->host) < 0)
		return redis_broken(r, fault);
	while (result == REDIS_DONE &&
	    (done = tcp_handshake(&r->tcp)) <= 0) {
		if (done < 0)
			return redis_broken(r, fault);
		result = redis_wait(r, tcp_pending(&r->tcp) ?
		    POLLIN | POLLOUT : POLLIN, fault);
	}
	return result;
}

static enum redis_result
redis_greet(struct redis *r, struct fault *fault)
{
	const struct redis_url *u = r->url;
	struct str auth[3] = { STR("AUTH") };
	enum redis_result result = REDIS_DONE;
	struct reply *reply;
	char text[24];
	int n = 1;

	if (u->password != NULL) {
		if (u->user != NULL)
			auth[n++] = str_z(u->user);
		auth[n++] = str_z(u->password);
		redis_put(&r->out, n, auth);
		result = redis_expect(r, &reply, fault);
		os_wipe(r->out.p, r->out.cap);
	}
	if (result != REDIS_DONE || u->database == 0)
		return result;
	snprintf(text, sizeof text, "%lld", (long long)u->database);
	redis_put(&r->out, 2, (struct str[]){ STR("SELECT"), str_z(text) });
	return redis_expect(r, &reply, fault);
}

enum redis_result
redis_open(struct redis *r, struct fault *fault)
{
	enum redis_result result = r->url->host == NULL ?
	    redis_connect_socket(r, fault) : redis_connect_host(r, fault);

	if (result == REDIS_DONE && r->url->tls)
		result = redis_secure(r, fault);
	if (result != REDIS_DONE)
		return result;
	r->reader = redisReaderCreateWithFunctions(&reply_functions);
	if (r->reader == NULL)
		return redis_lost(r, "out of memory", fault);
	r->reader->privdata = &r->reply;
	return redis_greet(r, fault);
}
