/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/opened.h"

#include <fcntl.h>
#include <sys/socket.h>

void
opened_note(struct opened *o)
{
	int fd;

	for (fd = 0; fd < OPENED_MAX; fd++)
		o->is[fd] = fcntl(fd, F_GETFD) >= 0;
}

int
opened_since(const struct opened *o, int type)
{
	socklen_t n;
	int fd, is;

	for (fd = 0; fd < OPENED_MAX; fd++) {
		n = sizeof is;
		if (!o->is[fd] && getsockopt(fd, SOL_SOCKET, SO_TYPE, &is,
		    &n) == 0 && is == type)
			return fd;
	}
	return -1;
}
