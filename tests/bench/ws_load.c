/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load for WebSocket servers on 127.0.0.1; the key is in $KEY.
 *
 * ws_load fan PORT PATH N SECONDS     one of N clients sends, with WINDOW
 *	messages under way, all get each: prints deliveries in a second
 * ws_load idle PORT PATH N            opens N, prints "open", stays
 * ws_load latency PORT PATH HTTPPORT RATE SECONDS
 *	posts over HTTP at that rate, one client listens: prints the
 *	microseconds from the post to the frame: p50 p99 worst, and the rate
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW 8
#define MESSAGE 200
#define POSTERS 16
#define READ_MAX (64 * 1024)

struct client {
	int fd;
	uint64_t frames;
	unsigned char head[4];	/* of a frame that came in part */
	unsigned in_head;
	size_t rest;		/* of its payload */
};

static const char *key;
static unsigned char input[READ_MAX + 1];

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int
dial(int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) }
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof sin) < 0)
		err(69, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static void
put(int fd, const void *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n)
		err(74, "write");
}

static int
open_ws(int port, const char *path)
{
	char text[1024];
	size_t n = 0;
	ssize_t got;
	int fd = dial(port);

	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n"
	    "Authorization: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, key);
	put(fd, text, strlen(text));
	for (;;) {
		got = read(fd, text + n, sizeof text - 1 - n);
		if (got <= 0)
			err(69, "handshake");
		n += (size_t)got;
		text[n] = '\0';
		if (strstr(text, "\r\n\r\n") != NULL)
			break;
	}
	if (strstr(text, " 101 ") == NULL)
		errx(69, "%s", text);
	return fd;
}

/* Counts the frames in what has come. */
static void
take(struct client *c, const unsigned char *p, size_t n)
{
	size_t want, len;

	while (n > 0) {
		if (c->rest > 0) {
			len = c->rest < n ? c->rest : n;
			c->rest -= len;
			p += len;
			n -= len;
			c->frames += c->rest == 0;
			continue;
		}
		c->head[c->in_head++] = *p++;
		n--;
		want = c->in_head < 2 || c->head[1] < 126 ? 2 : 4;
		if (c->in_head < want)
			continue;
		c->rest = want == 2 ? c->head[1] :
		    (size_t)c->head[2] << 8 | c->head[3];
		c->in_head = 0;
	}
}

static void
send_text(int fd, const char *text, size_t n)
{
	unsigned char frame[8 + 1024] = { 0x81, 0x80 | 126 };

	/* the mask is 0: the payload as it is */
	frame[2] = (unsigned char)(n >> 8);
	frame[3] = (unsigned char)n;
	memcpy(frame + 8, text, n);
	put(fd, frame, 8 + n);
}

static void
fan(int port, const char *path, int n, int64_t seconds)
{
	struct client *clients = calloc((size_t)n, sizeof *clients);
	struct epoll_event e, events[256];
	char message[MESSAGE];
	int epoll = epoll_create1(0), i, k;
	uint64_t sent = 0, total = 0, first = 0;
	int64_t begun, t, warm;

	for (i = 0; i < n; i++) {
		clients[i].fd = open_ws(port, path);
		e = (struct epoll_event){ .events = EPOLLIN,
		    .data.ptr = &clients[i] };
		epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &e);
	}
	memset(message, 'x', sizeof message);
	begun = now();
	warm = begun + 500000000;
	do {
		while (sent < clients[0].frames + WINDOW) {
			send_text(clients[0].fd, message, sizeof message);
			sent++;
		}
		k = epoll_wait(epoll, events, 256, 5000);
		if (k <= 0)
			errx(70, "nothing comes any more");
		for (i = 0; i < k; i++) {
			struct client *c = events[i].data.ptr;
			uint64_t before = c->frames;
			ssize_t got = read(c->fd, input, READ_MAX);

			if (got <= 0)
				err(74, "read");
			take(c, input, (size_t)got);
			total += c->frames - before;
		}
		t = now();
		if (first == 0 && t > warm) {
			first = total;
			begun = t;
		}
	} while (t - begun < seconds * 1000000000 || first == 0);
	printf("%.0f\n", (double)(total - first) / ((double)(t - begun) / 1e9));
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
post(int fd, const char *path)
{
	char text[1024], body[128];

	snprintf(body, sizeof body, "[{\"n\":\"t\",\"v\":%lld}]",
	    (long long)now());
	snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: localhost\r\n"
	    "Authorization: %s\r\nContent-Length: %zu\r\n\r\n%s", path, key,
	    strlen(body), body);
	put(fd, text, strlen(text));
}

/* The times in what the listener has got. */
static size_t
look(char *text, size_t n, int64_t *times, size_t have, size_t max)
{
	int64_t t = now();
	char *at = text;

	text[n] = '\0';
	while ((at = strstr(at, "\"v\":")) != NULL) {
		at += 4;
		if (have < max)
			times[have++] = t - strtoll(at, NULL, 10);
	}
	return have;
}

static void
latency(int port, const char *path, int http, int64_t rate, int64_t seconds)
{
	struct pollfd fds[POSTERS + 1];
	size_t max = (size_t)(rate * seconds), have = 0, posted = 0;
	int64_t *times = calloc(max, sizeof *times), begun;
	bool busy[POSTERS] = { false };
	static char text[READ_MAX + 1];
	struct timespec wait;
	ssize_t got;
	int i;

	fds[POSTERS] = (struct pollfd){ open_ws(port, path), POLLIN, 0 };
	for (i = 0; i < POSTERS; i++)
		fds[i] = (struct pollfd){ dial(http), POLLIN, 0 };
	begun = now();
	while (have < max) {
		size_t due = (size_t)((double)(now() - begun) / 1e9 *
		    (double)rate);

		for (i = 0; i < POSTERS && posted < due && posted < max; i++)
			if (!busy[i]) {
				post(fds[i].fd, path);
				busy[i] = true;
				posted++;
			}
		/* until the next post is due; it does not spin, as the
		 * servers need the cores */
		wait = posted == max ? (struct timespec){ .tv_sec = 5 } :
		    (struct timespec){ .tv_nsec = 1000000000 / rate };
		if (ppoll(fds, POSTERS + 1, &wait, NULL) == 0 && posted == max)
			errx(70, "%zu of %zu came", have, max);
		for (i = 0; i <= POSTERS; i++) {
			if (fds[i].revents == 0)
				continue;
			got = read(fds[i].fd, text, READ_MAX);
			if (got <= 0)
				err(74, "read");
			if (i == POSTERS)
				have = look(text, (size_t)got, times, have,
				    max);
			else if (memcmp(text, "HTTP/1.1 202", 12) != 0)
				errx(70, "%.*s", (int)got, text);
			else
				busy[i] = false;
		}
	}
	qsort(times, have, sizeof *times, by_value);
	printf("%lld %lld %lld %.0f\n", (long long)times[have / 2] / 1000,
	    (long long)times[have * 99 / 100] / 1000,
	    (long long)times[have - 1] / 1000,
	    (double)have / ((double)(now() - begun) / 1e9));
}

static int
number(char **argv, int i)
{
	return argv[i] ? (int)strtol(argv[i], NULL, 10) : 0;
}

int
main(int argc, char **argv)
{
	int port, i;

	key = getenv("KEY");
	if (argc < 5 || key == NULL)
		return 64;
	port = number(argv, 2);
	if (strcmp(argv[1], "fan") == 0) {
		fan(port, argv[3], number(argv, 4), number(argv, 5));
	} else if (strcmp(argv[1], "latency") == 0) {
		latency(port, argv[3], number(argv, 4), number(argv, 5),
		    argc > 6 ? number(argv, 6) : 1);
	} else {
		for (i = 0; i < number(argv, 4); i++)
			open_ws(port, argv[3]);
		puts("open");
		fflush(stdout);
		pause();
	}
	return 0;
}
