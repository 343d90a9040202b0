/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that come, publish and die, and devices that stay and say nothing,
 * for tests/soak.bats: plain sockets and bytes that were put together once, so
 * that it is the server that works.
 *
 *	devices churn http|ws|mqtt|coap PORT N
 *		N times: connect, subscribe, publish, wait for the answer, die
 *		(a reset; of UDP, a socket that is closed).  Prints the number.
 *	devices idle http|ws PORT N POSTS
 *		opens N connections and leaves them, then publishes POSTS
 *		messages over one more.  Prints "open N", waits for a line on
 *		stdin, prints "p50 US p99 US max US", and then "alive N": those
 *		that are still open.
 *
 * KEY and CHANNEL are in the environment.  Status 1: an answer is wrong.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SECONDS 60
#define LISTENS ULONG_MAX	/* one that is to get nothing */

struct bytes {
	size_t n;
	unsigned char p[2048];
};

/* what one protocol says, and where its answers end */
struct protocol {
	const char *name;
	int type;
	void (*say)(struct bytes *, unsigned long i);
	int (*answered)(const unsigned char *, size_t n);
};

static const char *key, *channel;

static void
put(struct bytes *b, const void *p, size_t n)
{
	if (n > sizeof b->p - b->n)
		exit(2);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static void
put_text(struct bytes *b, const char *z)
{
	put(b, z, strlen(z));
}

static int
holds(const unsigned char *p, size_t n, const char *what)
{
	return memmem(p, n, what, strlen(what)) != NULL;
}

static const char message[] = "[{\"n\":\"t\",\"u\":\"Cel\",\"v\":21.5}]";

/* ---- HTTP ---- */

static void
put_request(struct bytes *b, const char *method, const char *under,
    const char *fields)
{
	char text[1024];

	snprintf(text, sizeof text, "%s /channels/%s/messages%s HTTP/1.1\r\n"
	    "Host: soak\r\nAuthorization: %s\r\n%s\r\n", method, channel,
	    under, key, fields);
	put_text(b, text);
}

static void
say_http(struct bytes *b, unsigned long i)
{
	char fields[128];

	(void)i;
	snprintf(fields, sizeof fields, "Content-Type: application/senml+json"
	    "\r\nContent-Length: %zu\r\n", sizeof message - 1);
	put_request(b, "POST", "/soak", fields);
	put_text(b, message);
}

static int
answered_http(const unsigned char *p, size_t n)
{
	if (n > 12 && memcmp(p + 9, "202", 3) != 0)
		return -1;
	return holds(p, n, "\r\n\r\n");
}

/* ---- WebSocket: a handshake, a message, and a ping whose answer says that
 * the message has been read ---- */

static void
put_frame(struct bytes *b, unsigned char first, const char *payload, size_t n)
{
	/* a mask of zeros changes nothing */
	unsigned char head[6] = { first, (unsigned char)(0x80 | n) };

	put(b, head, sizeof head);
	put(b, payload, n);
}

static void
say_frames(struct bytes *b, unsigned long i)
{
	(void)i;
	put_frame(b, 0x81, message, sizeof message - 1);
	put_frame(b, 0x89, "soak", 4);
}

static void
say_handshake(struct bytes *b, unsigned long i)
{
	put_request(b, "GET", i == LISTENS ? "/quiet" : "/soak",
	    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n");
}

static void
say_ws(struct bytes *b, unsigned long i)
{
	say_handshake(b, i);
	say_frames(b, i);
}

static int
answered_handshake(const unsigned char *p, size_t n)
{
	if (n > 12 && memcmp(p + 9, "101", 3) != 0)
		return -1;
	return holds(p, n, "\r\n\r\n");
}

static int
answered_pong(const unsigned char *p, size_t n)
{
	return holds(p, n, "\x8a\x04soak");
}

static int
answered_ws(const unsigned char *p, size_t n)
{
	int r = answered_handshake(p, n);

	return r > 0 ? answered_pong(p, n) : r;
}

/* ---- MQTT 3.1.1: CONNECT, SUBSCRIBE, PUBLISH of QoS 1 in one write ---- */

static void
put_short_text(struct bytes *b, const char *z)
{
	size_t n = strlen(z);
	unsigned char head[2] = { (unsigned char)(n >> 8), (unsigned char)n };

	put(b, head, 2);
	put(b, z, n);
}

static void
put_packet(struct bytes *b, unsigned char first, const struct bytes *body)
{
	unsigned char head[3] = { first, (unsigned char)(0x80 | body->n % 128),
	    (unsigned char)(body->n / 128) };

	put(b, head, 3);
	put(b, body->p, body->n);
}

static void
say_mqtt(struct bytes *b, unsigned long i)
{
	struct bytes body = { 0 };
	char text[128];

	put(&body, "\0\4MQTT\4\xc2\0\x3c", 10);
	snprintf(text, sizeof text, "soak-%ld-%lu", (long)getpid(), i);
	put_short_text(&body, text);
	put_short_text(&body, "x");
	put_short_text(&body, key);
	put_packet(b, 0x10, &body);
	body.n = 0;
	put(&body, "\0\1", 2);
	snprintf(text, sizeof text, "channels/%s/messages/#", channel);
	put_short_text(&body, text);
	put(&body, "\1", 1);
	put_packet(b, 0x82, &body);
	body.n = 0;
	snprintf(text, sizeof text, "channels/%s/messages/soak", channel);
	put_short_text(&body, text);
	put(&body, "\0\2", 2);
	put_text(&body, message);
	put_packet(b, 0x32, &body);
}

/* CONNACK, SUBACK and, after or before it, the message itself and PUBACK */
static int
answered_mqtt(const unsigned char *p, size_t n)
{
	if (n >= 4 && memcmp(p, "\x20\2\0\0", 4) != 0)
		return -1;
	return n >= 13 && memmem(p, n, "\x40\2\0\2", 4) != NULL;
}

/* ---- CoAP: Observe and POST, both confirmable ---- */

static void
put_option(struct bytes *b, unsigned *last, unsigned number, const char *z)
{
	size_t n = strlen(z);
	unsigned char head[2] = { (unsigned char)((number - *last) << 4),
	    (unsigned char)(n - 13) };

	/* none of ours is longer than 268 */
	head[0] |= (unsigned char)(n < 13 ? n : 13);
	put(b, head, n < 13 ? 1 : 2);
	put(b, z, n);
	*last = number;
}

static void
put_coap(struct bytes *b, unsigned char method, unsigned long i,
    const char *under)
{
	unsigned char head[8] = { 0x44, method, (unsigned char)(i >> 7),
	    (unsigned char)(i << 1 | (method & 1)), method,
	    (unsigned char)(i >> 16), (unsigned char)(i >> 8),
	    (unsigned char)i };
	unsigned last = 0;
	char query[200];

	put(b, head, sizeof head);
	if (method == 1)
		put_option(b, &last, 6, "");
	put_option(b, &last, 11, "channels");
	put_option(b, &last, 11, channel);
	put_option(b, &last, 11, "messages");
	put_option(b, &last, 11, under);
	if (method == 2)
		put_option(b, &last, 12, "n");	/* 110: SenML JSON */
	snprintf(query, sizeof query, "auth=%s", key);
	put_option(b, &last, 15, query);
	if (method == 2) {
		put(b, "\xff", 1);
		put_text(b, message);
	}
}

static void
say_observe(struct bytes *b, unsigned long i)
{
	put_coap(b, 1, i, "observed");
}

static void
say_coap(struct bytes *b, unsigned long i)
{
	put_coap(b, 2, i, "soak");
}

static int
answered_observe(const unsigned char *p, size_t n)
{
	/* 5.03 when there are as many observers as may be */
	return n < 4 ? 0 : p[1] == 0x45 || p[1] == 0xa3 ? 1 : -1;
}

static int
answered_coap(const unsigned char *p, size_t n)
{
	return n < 4 ? 0 : p[1] == 0x44 ? 1 : -1;
}

/* ---- sockets ---- */

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
fail(const char *what, const unsigned char *p, size_t n)
{
	fprintf(stderr, "devices: %s: %s: %.*s\n", what, strerror(errno),
	    (int)(n < 200 ? n : 200), p ? (const char *)p : "");
	exit(1);
}

static int
open_socket(int type, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port) };
	struct timeval wait = { .tv_sec = WAIT_SECONDS };
	struct linger reset = { .l_onoff = 1 };
	int fd = socket(AF_INET, type, 0), on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		fail("connect", NULL, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	if (type == SOCK_STREAM) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	}
	return fd;
}

/* Says it and waits for the answer. */
static void
exchange(int fd, const struct protocol *p, unsigned long i)
{
	struct bytes say = { 0 }, got = { 0 };
	ssize_t n;
	int r = 0;

	p->say(&say, i);
	if (send(fd, say.p, say.n, MSG_NOSIGNAL) != (ssize_t)say.n)
		fail("send", NULL, 0);
	while (r == 0) {
		n = recv(fd, got.p + got.n, sizeof got.p - got.n, 0);
		if (n <= 0)
			fail("no answer", got.p, got.n);
		got.n += (size_t)n;
		r = p->answered(got.p, got.n);
	}
	if (r < 0)
		fail("wrong answer", got.p, got.n);
}

/* ---- what is done ---- */

static const struct protocol observing = { "coap", SOCK_DGRAM, say_observe,
    answered_observe };
static const struct protocol frames = { "ws", SOCK_STREAM, say_frames,
    answered_pong };
static const struct protocol handshake = { "ws", SOCK_STREAM, say_handshake,
    answered_handshake };
static const struct protocol protocols[] = {
	{ "http", SOCK_STREAM, say_http, answered_http },
	{ "ws", SOCK_STREAM, say_ws, answered_ws },
	{ "mqtt", SOCK_STREAM, say_mqtt, answered_mqtt },
	{ "coap", SOCK_DGRAM, say_coap, answered_coap },
};

static int
churn(const struct protocol *p, int port, unsigned long n)
{
	unsigned long i;
	int fd;

	for (i = 0; i < n; i++) {
		fd = open_socket(p->type, port);
		if (p->type == SOCK_DGRAM)
			exchange(fd, &observing, i);
		exchange(fd, p, i);
		close(fd);
	}
	printf("%lu\n", n);
	return 0;
}

static int
by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
measure(const struct protocol *p, int fd, unsigned long posts)
{
	int64_t *times = malloc(posts * sizeof *times), begin;
	unsigned long i;

	if (times == NULL)
		exit(2);
	for (i = 0; i < posts; i++) {
		begin = now_us();
		exchange(fd, p, i);
		times[i] = now_us() - begin;
	}
	qsort(times, posts, sizeof *times, by_time);
	printf("p50 %" PRId64 " p99 %" PRId64 " max %" PRId64 "\n",
	    times[posts / 2], times[posts * 99 / 100], times[posts - 1]);
	free(times);
}

/* Nothing to be read, and not the end. */
static int
is_open(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

static int
idle(const struct protocol *p, int port, unsigned long n, unsigned long posts)
{
	int *fds = malloc((n + 1) * sizeof *fds);
	int is_ws = strcmp(p->name, "ws") == 0;
	unsigned long i, alive = 0;

	if (fds == NULL)
		exit(2);
	for (i = 0; i <= n; i++) {
		fds[i] = open_socket(p->type, port);
		exchange(fds[i], is_ws ? &handshake : p, i < n ? LISTENS : i);
	}
	printf("open %lu\n", n);
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	measure(is_ws ? &frames : p, fds[n], posts);
	for (i = 0; i < n; i++)
		alive += (unsigned long)is_open(fds[i]);
	printf("alive %lu\n", alive);
	return 0;
}

int
main(int argc, char **argv)
{
	size_t i, protocol = sizeof protocols / sizeof *protocols;

	key = getenv("KEY");
	channel = getenv("CHANNEL");
	if (argc < 5 || key == NULL || channel == NULL)
		return 2;
	for (i = 0; i < sizeof protocols / sizeof *protocols; i++)
		if (strcmp(argv[2], protocols[i].name) == 0)
			protocol = i;
	if (protocol == sizeof protocols / sizeof *protocols)
		return 2;
	if (strcmp(argv[1], "churn") == 0)
		return churn(&protocols[protocol], (int)strtol(argv[3], NULL,
		    10), strtoul(argv[4], NULL, 10));
	return argc < 6 ? 2 : idle(&protocols[protocol],
	    (int)strtol(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
	    strtoul(argv[5], NULL, 10));
}
