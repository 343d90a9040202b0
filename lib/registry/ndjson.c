/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/ndjson.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/line.h"
#include "base/signal.h"

static int
ndjson_read_lines(struct line_in *in,
    const char *(*take)(void *, struct str, uint64_t), void *arg,
    struct fault *fault)
{
	const char *why;
	struct str line;
	int got;

	while ((got = line_next(in, &line)) > 0) {
		why = got == LINE_LONG ? "line over 1 MiB" :
		    take(arg, line, in->number);
		if (why != NULL)
			return fault_set(fault, EX_DATAERR,
			    "%s:%llu: %s; nothing was done", in->name,
			    (unsigned long long)in->number, why);
	}
	if (got == LINE_ERROR) {
		errno = in->err;
		return fault_errno(fault, EX_IOERR, "%s", in->name);
	}
	/* half of the input is not all of it */
	if (signal_stop())
		return fault_set(fault, EX_TEMPFAIL,
		    "stopped; nothing was done");
	return 0;
}

int
ndjson_read(const char *path, const char **from,
    const char *(*take)(void *, struct str, uint64_t), void *arg,
    struct fault *fault)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = STDIN_FILENO, result;
	struct line_in in;

	if (!standard && (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return fault_errno(fault, EX_NOINPUT, "%s", path);
	*from = standard ? "<stdin>" : path;
	line_init(&in, fd, *from, NULL);
	result = ndjson_read_lines(&in, take, arg, fault);
	line_release(&in);
	if (!standard)
		close(fd);
	return result;
}

int
ndjson_fault(const char *from, uint64_t number, struct fault *fault)
{
	struct fault plain = *fault;

	if (number == 0)
		return -1;
	/* in a file, an id that does not exist is a wrong line too */
	return fault_set(fault,
	    plain.status == 1 ? EX_DATAERR : plain.status,
	    "%s:%llu: %.300s; nothing was done", from,
	    (unsigned long long)number, plain.text);
}
