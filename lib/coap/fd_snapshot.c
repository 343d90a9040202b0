/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/fd_snapshot.h"

#include <fcntl.h>
#include <sys/socket.h>

void
fd_snapshot_take(struct fd_snapshot *o)
{
	int fd;

	for (fd = 0; fd < FD_SNAPSHOT_MAX; fd++)
		o->is[fd] = fcntl(fd, F_GETFD) >= 0;
}

int
fd_snapshot_find_new(const struct fd_snapshot *o, int type)
{
	socklen_t n;
	int fd, is;

	for (fd = 0; fd < FD_SNAPSHOT_MAX; fd++) {
		n = sizeof is;
		if (!o->is[fd] && getsockopt(fd, SOL_SOCKET, SO_TYPE, &is,
		    &n) == 0 && is == type)
			return fd;
	}
	return -1;
}
