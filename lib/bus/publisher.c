/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/publisher.h"

#include <poll.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/out.h"
#include "base/run_count.h"
#include "line/message.h"

int
publisher_open(struct publisher *s, struct bus *bus, const char *stream,
    enum bus_sync sync, struct fault *fault)
{
	*s = (struct publisher){ .bus = NULL };
	if (strcmp(stream, "-") != 0 &&
	    bus_writer_open(&s->bus, bus, stream, sync, fault) < 0)
		return -1;
	buf_init(&s->lines, PUBLISHER_BATCH + MESSAGE_LINE_MAX);
	return 0;
}

void
publisher_close(struct publisher *s)
{
	bus_writer_close(s->bus);
	buf_release(&s->lines);
}

static int
publisher_commit_bus(struct publisher *s, struct fault *fault)
{
	uint64_t seq;

	if (s->lines.n > 0 &&
	    bus_append(s->bus, buf_str(&s->lines), NULL, &seq, fault) < 0)
		return -1;
	if (bus_commit(s->bus, fault) == 0)
		return 0;
	s->broken = true;
	return -1;
}

static int
publisher_commit_stdout(struct publisher *s, struct fault *fault)
{
	if (write_all(STDOUT_FILENO, s->lines.p, s->lines.n) == 0)
		return 0;
	s->broken = true;
	return fault_errno(fault, EX_IOERR, "<stdout>");
}

int
publisher_commit(struct publisher *s, struct fault *fault)
{
	int64_t began = s->lines.n > 0 ? run_commit_begin() : 0;
	int r;

	if (s->broken)
		r = fault_set(fault, EX_IOERR, "nothing can be written");
	else
		r = s->bus ? publisher_commit_bus(s, fault) :
		    publisher_commit_stdout(s, fault);
	if (r == 0 && s->lines.n > 0) {
		run_add(RUN_BYTES_OUT, s->lines.n);
		run_commit_end(began);
	}
	buf_clear(&s->lines);
	return r;
}

int
publisher_check(struct publisher *s, struct fault *fault)
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
publisher_left(struct publisher *s)
{
	struct pollfd pfd = { STDOUT_FILENO, 0, 0 };

	if (s->bus != NULL || s->broken || poll(&pfd, 1, 0) <= 0 ||
	    !(pfd.revents & (POLLERR | POLLNVAL)))
		return false;
	s->broken = true;
	return true;
}
