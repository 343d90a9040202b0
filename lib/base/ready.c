/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ready.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/number.h"
#include "base/os.h"
#include "base/out.h"

static void
ready_notify(const char *state)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (n == 0 || n >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')	/* the abstract name space */
		to.sun_path[0] = '\0';
	fd = os_socket(AF_UNIX, SOCK_DGRAM, 0, false);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (struct sockaddr *)&to, (socklen_t)
	    (offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		diag_debug("NOTIFY_SOCKET: not told '%s'", state);
	close(fd);
}

void
ready_tell(int64_t fd)
{
	ready_notify("READY=1");
	if (fd < 0)
		return;
	if (write_all((int)fd, "\n", 1) < 0)
		diag_warning("--ready-fd %d: can't be written", (int)fd);
	if (fd > STDERR_FILENO)
		close((int)fd);
}

void
ready_stopping(void)
{
	ready_notify("STOPPING=1");
}

/* ns between two signs of life; 0: nobody waits for any */
static int64_t
ready_watchdog(void)
{
	const char *time = getenv("WATCHDOG_USEC");
	const char *of = getenv("WATCHDOG_PID");
	uint64_t us, pid;

	if (time == NULL || !number_digits(str_z(time), INT64_MAX / 1000, &us))
		return 0;
	if (of != NULL && (!number_digits(str_z(of), INT64_MAX, &pid) ||
	    pid != (uint64_t)getpid()))
		return 0;
	return (int64_t)us * 500;
}

void
ready_alive(int64_t now)
{
	static int64_t every = -1, next;

	if (every < 0)
		every = ready_watchdog();
	if (every == 0 || now < next)
		return;
	next = now + every;
	ready_notify("WATCHDOG=1");
}
