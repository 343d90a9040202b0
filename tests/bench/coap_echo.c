/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that any server does: datagrams are read 64 at a time by
 * recvmmsg(2), and each confirmable one is acknowledged with 2.04, its message
 * id and token, 64 at a time by sendmmsg(2).  Nothing else is looked at.
 *
 *	coap_echo PORT
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define DATAGRAM 1472
#define TOKEN_MAX 8

static unsigned char in[BATCH][DATAGRAM], out[BATCH][4 + TOKEN_MAX];
static struct sockaddr_in names[BATCH];
static struct iovec vectors[BATCH], answers[BATCH];
static struct mmsghdr heads[BATCH], replies[BATCH];

static void
echo_prepare(void)
{
	int i;

	for (i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){ in[i], sizeof in[i] };
		heads[i].msg_hdr = (struct msghdr){
			.msg_name = &names[i], .msg_namelen = sizeof names[i],
			.msg_iov = &vectors[i], .msg_iovlen = 1
		};
	}
}

static unsigned
echo_answer(int n)
{
	unsigned replying = 0;
	int i;

	for (i = 0; i < n; i++) {
		unsigned char *from = in[i], *to = out[replying];
		unsigned token = from[0] & 15;

		if (heads[i].msg_len < 4 + token || token > TOKEN_MAX ||
		    (from[0] & 0xf0) != 0x40)
			continue;
		to[0] = (unsigned char)(0x60 | token);
		to[1] = 0x44;
		memcpy(to + 2, from + 2, 2 + token);
		answers[replying] = (struct iovec){ to, 4 + token };
		replies[replying].msg_hdr = (struct msghdr){
			.msg_name = &names[i], .msg_namelen = sizeof names[i],
			.msg_iov = &answers[replying], .msg_iovlen = 1
		};
		replying++;
	}
	return replying;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), n, sent;
	unsigned replying, at;

	if (argc != 2)
		return 64;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return 69;
	for (;;) {
		echo_prepare();
		/* waits for the first one only */
		n = recvmmsg(fd, heads, BATCH, MSG_WAITFORONE, NULL);
		replying = echo_answer(n);
		for (at = 0; at < replying; at += (unsigned)sent)
			if ((sent = sendmmsg(fd, replies + at, replying - at,
			    0)) <= 0)
				break;
	}
}
