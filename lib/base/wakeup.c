/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wakeup.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
wakeup_open(int fds[2])
{
	int k, error;

	if (pipe(fds) < 0) {
		fds[0] = fds[1] = -1;
		return -1;
	}
	for (k = 0; k < 2; k++)
		if (fcntl(fds[k], F_SETFL, O_NONBLOCK) < 0 ||
		    fcntl(fds[k], F_SETFD, FD_CLOEXEC) < 0) {
			error = errno;
			wakeup_close(fds);
			errno = error;
			return -1;
		}
	return 0;
}

void
wakeup_tell(const int fds[2])
{
	while (write(fds[1], "", 1) < 0 && errno == EINTR)
		continue;
	errno = 0;	/* it is full: readable anyway */
}

void
wakeup_clear(const int fds[2])
{
	char some[64];

	while (read(fds[0], some, sizeof some) == (ssize_t)sizeof some)
		continue;
}

void
wakeup_close(int fds[2])
{
	int k;

	for (k = 0; k < 2; k++) {
		if (fds[k] >= 0)
			close(fds[k]);
		fds[k] = -1;
	}
}
