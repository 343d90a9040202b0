/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/epoll_batch.h"

#include <coap3/coap.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coap/fd_snapshot.h"
#include "coap/interpose.h"

#define PINGS 3
/* for what is there at once, on this machine */
#define WAIT_MS 1000

bool
epoll_batch_data(int epoll_fd, int fd, uint64_t *data)
{
	char path[64], line[256];
	bool found = false;
	int tfd;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll_fd);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	/* 0 as data is libcoap's timer */
	while (!found && fgets(line, sizeof line, f) != NULL)
		found = sscanf(line, "tfd: %d events: %*x data: %" SCNx64,
		    &tfd, data) == 2 && tfd == fd && *data != 0;
	fclose(f);
	return found;
}

/* A CoAP ping is an empty confirmable message, which is answered with a
 * reset. */
static bool
epoll_batch_ping(int client)
{
	unsigned char ping[4] = { 0x40, 0, 0, 0 };
	int i;

	for (i = 0; i < PINGS; i++) {
		ping[3] = (unsigned char)i;
		if (send(client, ping, sizeof ping, 0) != sizeof ping)
			return false;
	}
	return true;
}

static int
epoll_batch_answers(int client)
{
	unsigned char answer[64];
	int n = 0;

	while (recvfrom(client, answer, sizeof answer, MSG_DONTWAIT, NULL,
	    NULL) == 4 && answer[0] == 0x70)
		n++;
	return n;
}

/* One call, with the same event as often as there are datagrams. */
static bool
epoll_batch_try(coap_context_t *context, int fd, uint64_t data)
{
	struct epoll_event e = { .events = 0 }, all[PINGS];
	struct pollfd there = { .fd = fd, .events = POLLIN };
	int i;

	if (poll(&there, 1, WAIT_MS) != 1 || epoll_wait(
	    coap_context_get_coap_fd(context), &e, 1, WAIT_MS) != 1 ||
	    e.data.u64 != data)
		return false;
	for (i = 0; i < PINGS; i++)
		all[i] = e;
	interpose_begin();
	i = (int)interpose_ready(fd);
	if (i == PINGS)
		coap_io_do_epoll(context, all, PINGS);
	interpose_end();
	return i == PINGS;
}

static bool
epoll_batch_with(coap_context_t *context, int client)
{
	coap_address_t a;
	struct fd_snapshot before;
	uint64_t data;
	int fd;

	coap_address_init(&a);
	a.size = sizeof a.addr.sin;
	a.addr.sin.sin_family = AF_INET;
	a.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd_snapshot_take(&before);
	if (coap_new_endpoint(context, &a, COAP_PROTO_UDP) == NULL ||
	    (fd = fd_snapshot_find_new(&before, SOCK_DGRAM)) < 0 ||
	    !epoll_batch_data(coap_context_get_coap_fd(context), fd, &data) ||
	    getsockname(fd, &a.addr.sa, &a.size) < 0 ||
	    connect(client, &a.addr.sa, a.size) < 0 ||
	    !epoll_batch_ping(client))
		return false;
	interpose_datagrams(fd, true);
	return epoll_batch_try(context, fd, data) &&
	    epoll_batch_answers(client) == PINGS;
}

bool
epoll_batch_works(void)
{
	coap_context_t *context = coap_new_context(NULL);
	int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool works = context != NULL && client >= 0 &&
	    coap_context_get_coap_fd(context) >= 0 &&
	    epoll_batch_with(context, client);

	interpose_reset();
	coap_free_context(context);
	if (client >= 0)
		close(client);
	return works;
}
