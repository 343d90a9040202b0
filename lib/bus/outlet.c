/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/outlet.h"

#include <poll.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/out.h"
#include "line/message.h"

int
outlet_open(struct outlet *s, const char *stream, enum bus_sync sync,
    struct fault *fault)
{
	*s = (struct outlet){ .bus = NULL };
	if (strcmp(stream, "-") != 0 &&
	    bus_writer_open(&s->bus, stream, sync, fault) < 0)
		return -1;
	buf_init(&s->lines, OUTLET_BATCH + MESSAGE_LINE_MAX);
	return 0;
}

void
outlet_close(struct outlet *s)
{
	bus_writer_close(s->bus);
	buf_release(&s->lines);
}

static int
commit_bus(struct outlet *s, struct fault *fault)
{
	uint64_t seq;

	if (s->lines.n > 0 &&
	    bus_append(s->bus, buf_str(&s->lines), &seq, fault) < 0)
		return -1;
	if (bus_commit(s->bus, fault) == 0)
		return 0;
	s->broken = true;
	return -1;
}

static int
commit_stdout(struct outlet *s, struct fault *fault)
{
	if (write_all(STDOUT_FILENO, s->lines.p, s->lines.n) == 0)
		return 0;
	s->broken = true;
	return fault_errno(fault, EX_IOERR, "<stdout>");
}

int
outlet_commit(struct outlet *s, struct fault *fault)
{
	int r;

	if (s->broken)
		r = fault_set(fault, EX_IOERR, "nothing can be written");
	else
		r = s->bus ? commit_bus(s, fault) : commit_stdout(s, fault);
	buf_clear(&s->lines);
	return r;
}

int
outlet_check(struct outlet *s, struct fault *fault)
{
	struct pollfd pfd = { STDOUT_FILENO, 0, 0 };

	if (s->bus != NULL)
		return bus_check(s->bus, fault);
	if (s->broken || (poll(&pfd, 1, 0) > 0 &&
	    (pfd.revents & (POLLERR | POLLNVAL))))
		return fault_set(fault, EX_IOERR, "<stdout>: closed");
	return 0;
}

bool
outlet_left(struct outlet *s)
{
	struct pollfd pfd = { STDOUT_FILENO, 0, 0 };

	if (s->bus != NULL || s->broken || poll(&pfd, 1, 0) <= 0 ||
	    !(pfd.revents & (POLLERR | POLLNVAL)))
		return false;
	s->broken = true;
	return true;
}
