/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for a CoAP server over UDP: confirmable POSTs from many sockets, so
 * many on their way all the time, each next one from the socket that has
 * waited longest.  Prints how many were answered 2.04 in a second; ends
 * with 1 when one was answered otherwise or not at all.
 *
 *	coap_load PORT SOCKETS IN-FLIGHT SECONDS PATH QUERY <body
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

#define EVENTS 64
#define MESSAGE_MAX 1400
#define SILENCE_MS 2000

static unsigned char message[MESSAGE_MAX];
static size_t length;
static int *sockets;
static unsigned n_sockets, turn;
static uint32_t token;
static uint16_t *ids;
static uint64_t answered, wrong;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
add(const void *p, size_t n)
{
	if (length + n > MESSAGE_MAX)
		exit(64);
	memcpy(message + length, p, n);
	length += n;
}

static void
add_option(unsigned delta, const char *value, size_t n)
{
	unsigned char head[2] = { (unsigned char)(delta << 4 |
	    (n < 13 ? n : 13)), (unsigned char)(n - 13) };

	add(head, n < 13 ? 1 : 2);
	add(value, n);
}

/* 4 bytes of header, 4 of token, options, body */
static void
make_message(const char *path, const char *query)
{
	static const char format[] = { 110 };
	unsigned last = 0;
	const char *p, *end;
	char body[MESSAGE_MAX];
	size_t n;

	add("\x44\x02\0\0\0\0\0\0", 8);
	for (p = path; *p != '\0'; p = end) {
		p += *p == '/';
		end = p + strcspn(p, "/");
		add_option(11 - last, p, (size_t)(end - p));
		last = 11;
	}
	add_option(12 - last, format, 1);
	add_option(3, query, strlen(query));
	n = fread(body, 1, sizeof body, stdin);
	add("\xff", 1);
	add(body, n);
}

static void
post(void)
{
	unsigned i = turn++ % n_sockets;

	ids[i]++;
	message[2] = (unsigned char)(ids[i] >> 8);
	message[3] = (unsigned char)ids[i];
	token++;
	memcpy(message + 4, &token, 4);
	if (send(sockets[i], message, length, 0) < 0)
		exit(74);
}

static unsigned
take_answers(int fd)
{
	unsigned char answers[8][64];
	struct mmsghdr m[8];
	struct iovec iov[8];
	int i, n;

	memset(m, 0, sizeof m);
	for (i = 0; i < 8; i++) {
		iov[i] = (struct iovec){ answers[i], sizeof answers[i] };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(fd, m, 8, MSG_DONTWAIT, NULL);
	for (i = 0; i < n; i++) {
		answered++;
		/* an ACK with 2.04 */
		wrong += m[i].msg_len < 8 || answers[i][0] != 0x64 ||
		    answers[i][1] != 0x44;
	}
	return n > 0 ? (unsigned)n : 0;
}

static int
open_sockets(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	struct epoll_event e = { .events = EPOLLIN };
	int epoll = epoll_create1(0);
	unsigned i;

	for (i = 0; i < n_sockets; i++) {
		e.data.fd = sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (sockets[i] < 0 || connect(sockets[i], (struct sockaddr *)
		    &a, sizeof a) < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD,
		    sockets[i], &e) < 0)
			exit(71);
	}
	return epoll;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	unsigned flying, i, k;
	double begin, end;
	int epoll, n, j;

	if (argc != 7)
		return 64;
	n_sockets = (unsigned)strtol(argv[2], NULL, 10);
	flying = (unsigned)strtol(argv[3], NULL, 10);
	sockets = memory_zero(n_sockets, sizeof *sockets);
	ids = memory_zero(n_sockets, sizeof *ids);
	/* not those of the last run from the same port */
	for (i = 0; i < n_sockets; i++)
		ids[i] = (uint16_t)((unsigned)getpid() * 7919 + i);
	token = (uint32_t)getpid() << 16;
	make_message(argv[5], argv[6]);
	epoll = open_sockets((uint16_t)strtol(argv[1], NULL, 10));
	begin = now();
	end = begin + strtod(argv[4], NULL);
	for (i = 0; i < flying; i++)
		post();
	while (now() < end) {
		n = epoll_wait(epoll, events, EVENTS, SILENCE_MS);
		if (n <= 0)
			return 1;
		for (j = 0; j < n; j++)
			for (k = take_answers(events[j].data.fd); k > 0; k--)
				post();
	}
	printf("%.0f\n", (double)answered / (now() - begin));
	return wrong > 0;
}
