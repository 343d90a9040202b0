/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "bus/stream.h"

/* room for groups/.<name>.intent */
#define GROUP_PATH (BUS_NAME_MAX + 32)
#define POSITION_TEXT 24

static int
group_path(char to[GROUP_PATH], const char *group, const char *what,
    struct fault *fault)
{
	if (!bus_name_valid(str_z(group)))
		return fault_set(fault, EX_USAGE,
		    "'%s': not a group's name", group);
	/* no name starts with a dot, so what belongs to a group is none */
	if (what == NULL)
		snprintf(to, GROUP_PATH, "groups/%s", group);
	else
		snprintf(to, GROUP_PATH, "groups/.%s.%s", group, what);
	return 0;
}

/* 1, 0 when there is no such group, -1 */
static int
read_group(const struct stream *s, const char *group, uint64_t *seq,
    struct fault *fault)
{
	char path[GROUP_PATH], text[POSITION_TEXT + 1];
	ssize_t n;
	int fd;

	if (group_path(path, group, NULL, fault) < 0)
		return -1;
	fd = openat(s->fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : stream_fault(s, path, fault);
	n = read(fd, text, sizeof text);
	close(fd);
	if (n < 0)
		return stream_fault(s, path, fault);
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (!position_parse((struct str){ text, (size_t)n }, seq))
		return fault_set(fault, EX_DATAERR,
		    "%s: %s: not a position; set it with mfx-bus seek",
		    s->name, path);
	return 1;
}

int
bus_group_get(const char *stream, const char *group, uint64_t *seq,
    struct fault *fault)
{
	struct stream s;
	int r;

	*seq = 0;
	if (stream_open(&s, stream, true, fault) < 0)
		return -1;
	r = read_group(&s, group, seq, fault);
	stream_close(&s);
	return r;
}

int
bus_group_set(const char *stream, const char *group, uint64_t seq,
    struct fault *fault)
{
	char path[4096], text[POSITION_TEXT];
	struct stream s;
	int n, r = -1;

	if (!bus_name_valid(str_z(group)))
		return fault_set(fault, EX_USAGE,
		    "'%s': not a group's name", group);
	if (stream_open(&s, stream, true, fault) < 0)
		return -1;
	n = snprintf(path, sizeof path, "%s/groups/%s", s.path, group);
	if ((size_t)n >= sizeof path) {
		fault_set(fault, EX_CONFIG, "%s: path too long", s.name);
	} else {
		n = snprintf(text, sizeof text, "%llu\n",
		    (unsigned long long)seq);
		errno = 0;
		r = file_replace(path, (struct str){ text, (size_t)n }, 0600,
		    false, fault);
		if (r < 0 && (errno == ENOSPC || errno == EDQUOT))
			fault->status = EX_TEMPFAIL;
	}
	stream_close(&s);
	return r;
}

int
group_lock(const char *stream, const char *group, const char *role,
    struct fault *fault)
{
	char path[GROUP_PATH];
	struct stream s;
	int fd;

	if (group_path(path, group, role, fault) < 0 ||
	    stream_open(&s, stream, true, fault) < 0)
		return -1;
	fd = stream_file(&s, path, fault);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			fault_set(fault, EX_TEMPFAIL,
			    "%s/%s: another %s has this group", stream,
			    group, role);
		else
			stream_fault(&s, path, fault);
		close(fd);
		fd = -1;
	}
	stream_close(&s);
	return fd;
}

int
bus_group_join(const char *stream, const char *group, uint64_t *seq,
    struct fault *fault)
{
	uint64_t at;
	int known;

	if (group_lock(stream, group, "reader", fault) < 0)
		return -1;
	known = bus_group_get(stream, group, &at, fault);
	if (known == 0)
		return bus_group_set(stream, group, *seq, fault);
	*seq = at;
	return known < 0 ? -1 : 0;
}

int
bus_group_forget(const char *stream, const char *group, struct fault *fault)
{
	char path[GROUP_PATH];
	struct stream s;
	int lock, r;

	if (group_path(path, group, NULL, fault) < 0 ||
	    stream_open(&s, stream, false, fault) < 0)
		return -1;
	/* the lock's file stays: another may be about to lock it */
	lock = group_lock(stream, group, "reader", fault);
	r = lock < 0 ? -1 : unlinkat(s.fd, path, 0) == 0;
	if (r == 0 && errno != ENOENT)
		r = stream_fault(&s, path, fault);
	/* of a relay (relay.c), which would take a group that was moved back
	 * for one that was killed */
	if (r >= 0 && group_path(path, group, "intent", fault) == 0)
		unlinkat(s.fd, path, 0);
	if (lock >= 0)
		close(lock);
	stream_close(&s);
	return r;
}

int
bus_group_seek(const char *stream, const char *group,
    const struct bus_where *where, struct fault *fault)
{
	static const struct bus_where last = { .seq = UINT64_MAX };
	uint64_t seq, end;

	if (bus_exists(stream, fault) < 0 ||
	    bus_where_find(stream, where, &seq, fault) < 0 ||
	    bus_where_find(stream, &last, &end, fault) < 0)
		return -1;
	if (seq > end)
		return fault_set(fault, EX_USAGE, "%s: %llu is beyond the "
		    "end at %llu", stream, (unsigned long long)seq,
		    (unsigned long long)end);
	if (bus_group_forget(stream, group, fault) < 0)
		return -1;
	return bus_group_set(stream, group, seq, fault);
}

static int
each_group(const struct stream *s, bus_group_fn *fn, void *arg,
    struct fault *fault)
{
	int fd = openat(s->fd, "groups", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT ? 0 : stream_fault(s, "groups", fault);
	}
	while ((e = readdir(dir)) != NULL) {
		uint64_t seq = 0;
		int r;

		if (!bus_name_valid(str_z(e->d_name)))
			continue;
		r = read_group(s, e->d_name, &seq, fault);
		if (r != 0)
			fn(arg, e->d_name, seq, r < 0 ? fault->text : NULL);
	}
	closedir(dir);
	return 0;
}

int
bus_groups(const char *stream, bus_group_fn *fn, void *arg,
    struct fault *fault)
{
	struct stream s;
	int r;

	if (stream_open(&s, stream, false, fault) < 0)
		return -1;
	r = each_group(&s, fn, arg, fault);
	stream_close(&s);
	return r;
}

static void
keep_furthest(void *arg, const char *group, uint64_t seq, const char *bad)
{
	uint64_t *furthest = arg;

	(void)group;
	(void)bad;
	if (seq > *furthest)
		*furthest = seq;
}

int
groups_furthest(const struct stream *s, uint64_t *seq, struct fault *fault)
{
	*seq = 0;
	return each_group(s, keep_furthest, seq, fault);
}
