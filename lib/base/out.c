/* SPDX-License-Identifier: Apache-2.0 */
#include "base/out.h"

#include <errno.h>
#include <poll.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/run_count.h"

void
out_init(struct out *o, int fd, const char *name, size_t max)
{
	*o = (struct out){
		.fd = fd, .name = name, .counted = fd == STDOUT_FILENO
	};
	buf_init(&o->b, max + OUT_CHUNK);
}

void
out_release(struct out *o)
{
	buf_release(&o->b);
}

int
write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t w = write(fd, at, n);

		if (w >= 0) {
			at += w;
			n -= (size_t)w;
		} else if (errno == EAGAIN) {
			/* somebody made the pipe non-blocking: wait for it */
			struct pollfd pfd = { .fd = fd, .events = POLLOUT };

			if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

static int
out_written(struct out *o)
{
	if (o->counted && o->err == 0) {
		run_add(RUN_LINES_OUT, o->lines);
		run_add(RUN_BYTES_OUT, o->whole);
	}
	o->lines = 0;
	if (o->whole < o->b.n)
		memmove(o->b.p, o->b.p + o->whole, o->b.n - o->whole);
	o->b.n -= o->whole;
	o->whole = 0;
	return o->err ? -1 : 0;
}

int
out_write(struct out *o)
{
	if (o->take != NULL)
		return out_give(o, false);
	if (o->err == 0 && write_all(o->fd, o->b.p, o->whole) < 0)
		o->err = errno;
	return out_written(o);
}

int
out_give(struct out *o, bool flush)
{
	if (o->err == 0 && o->take(o->take_arg,
	    (struct str){ o->b.p, o->whole }, flush) < 0)
		o->err = ECANCELED;
	return out_written(o);
}

int
out_finish(struct out *o, int status)
{
	if (o->fd < 0)
		return status;
	out_flush(o);
	if (close(o->fd) < 0 && o->err == 0)
		o->err = errno;
	o->fd = -1;
	if (o->err == 0)
		return status;
	diag_error("%s: %s", o->name, strerror(o->err));
	return EX_IOERR;
}
