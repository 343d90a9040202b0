/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/memory.h"
#include "bus/dir/stream.h"

struct dir_bus {
	struct bus head;
	char *path;		/* head.name too */
};

static int
dir_open(struct bus **out, const char *path, struct fault *fault)
{
	struct dir_bus *b = memory_zero(1, sizeof *b);

	(void)fault;
	b->path = path ? memory_strdup(path) : home_path("bus");
	b->head.name = b->path;
	*out = &b->head;
	return 0;
}

static void
dir_close(struct bus *bus)
{
	struct dir_bus *b = (struct dir_bus *)bus;

	free(b->path);
	free(b);
}

static int
dir_exists(struct bus *bus, const char *stream, struct fault *fault)
{
	struct stream s;
	int there = stream_find(&s, bus, stream, fault);

	if (there >= 0)
		stream_close(&s);
	return there;
}

static int
dir_is_stream(const struct dirent *e)
{
	return bus_name_valid(str_z(e->d_name)) &&
	    (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN);
}

static int
dir_streams(struct bus *bus, bus_stream_fn *fn, void *arg,
    struct fault *fault)
{
	struct dirent **names;
	int i, r = 0, n = scandir(bus->name, &names, dir_is_stream, alphasort);

	if (n < 0)
		return errno == ENOENT ? 0 : fault_errno(fault,
		    errno == EACCES ? EX_NOPERM : EX_NOINPUT, "%s",
		    bus->name);
	for (i = 0; i < n; i++) {
		if (r >= 0)
			r = fn(arg, names[i]->d_name, fault);
		free(names[i]);
	}
	free(names);
	return r < 0 ? -1 : 0;
}

const struct bus_driver bus_dir_driver = {
	.scheme = "dir", .unit = "bytes",
	.writer = &dir_writer_ops, .reader = &dir_reader_ops,
	.group = &dir_group_ops, .source = &dir_source_ops,
	.open = dir_open, .close = dir_close,
	.exists = dir_exists, .streams = dir_streams,
	.find = dir_find, .stat = dir_stat, .lag = dir_lag,
	.prune = dir_prune, .verify = dir_verify
};
