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
#define SOUGHT "sought"

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

/* 1, 0 when there is no such file, -1 */
static int
read_position(const struct stream *s, const char *path, uint64_t *seq,
    struct fault *fault)
{
	char text[POSITION_TEXT + 1];
	ssize_t n;
	int fd;

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

/* 1, 0 when there is no such group, -1 */
static int
read_group(const struct stream *s, const char *group, uint64_t *seq,
    struct fault *fault)
{
	char path[GROUP_PATH];

	if (group_path(path, group, NULL, fault) < 0)
		return -1;
	return read_position(s, path, seq, fault);
}

int
bus_group_get(const char *stream, const char *group, uint64_t *seq,
    struct fault *fault)
{
	struct stream s;
	int r;

	*seq = 0;
	if ((r = stream_find(&s, stream, fault)) > 0)
		r = read_group(&s, group, seq, fault);
	stream_close(&s);
	return r;
}

/* a position into the group's file, or into one that belongs to it */
static int
group_write(const char *stream, const char *group, const char *what,
    uint64_t seq, struct fault *fault)
{
	char path[4096], name[GROUP_PATH], text[POSITION_TEXT];
	struct stream s;
	int n, r = -1;

	if (group_path(name, group, what, fault) < 0 ||
	    stream_open(&s, stream, true, fault) < 0)
		return -1;
	n = snprintf(path, sizeof path, "%s/%s", s.path, name);
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

/* For people only: what a full disk keeps from being written is not missed. */
static void
tell_holder(int fd)
{
	char text[POSITION_TEXT];
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());

	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) != n)
		errno = 0;
}

static void
say_holder(int fd, const char *stream, const char *group, const char *role,
    struct fault *fault)
{
	char text[POSITION_TEXT];
	ssize_t n = pread(fd, text, sizeof text, 0);
	uint64_t pid;

	if (n > 1 && text[n - 1] == '\n' &&
	    position_parse((struct str){ text, (size_t)n - 1 }, &pid))
		fault_set(fault, EX_TEMPFAIL, "%s/%s: another %s has this "
		    "group, pid %llu", stream, group, role,
		    (unsigned long long)pid);
	else
		fault_set(fault, EX_TEMPFAIL, "%s/%s: another %s has this "
		    "group", stream, group, role);
}

int
bus_group_set(const char *stream, const char *group, uint64_t seq,
    struct fault *fault)
{
	return group_write(stream, group, NULL, seq, fault);
}

bool
bus_group_sought(const char *stream, const char *group, uint64_t seq)
{
	char name[GROUP_PATH];
	struct stream s;
	struct fault ignored;
	uint64_t sought;
	bool is = false;

	if (group_path(name, group, SOUGHT, &ignored) < 0 ||
	    stream_open(&s, stream, false, &ignored) < 0)
		return false;
	is = read_position(&s, name, &sought, &ignored) > 0 && sought == seq;
	stream_close(&s);
	return is;
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
			say_holder(fd, stream, group, role, fault);
		else
			stream_fault(&s, path, fault);
		close(fd);
		fd = -1;
	}
	if (fd >= 0)
		tell_holder(fd);
	stream_close(&s);
	return fd;
}

/* Where somebody wants it to be: of a sink that keeps its own position too,
 * this one counts. */
static int
group_put(const char *stream, const char *group, uint64_t seq,
    struct fault *fault)
{
	if (group_write(stream, group, SOUGHT, seq, fault) < 0)
		return -1;
	return bus_group_set(stream, group, seq, fault);
}

int
group_create(const char *stream, const char *group, uint64_t seq,
    struct fault *fault)
{
	char path[GROUP_PATH], sought[GROUP_PATH];
	struct stream s;
	int r = 0;

	if (group_write(stream, group, SOUGHT, seq, fault) < 0 ||
	    group_path(path, group, NULL, fault) < 0 ||
	    group_path(sought, group, SOUGHT, fault) < 0 ||
	    stream_open(&s, stream, false, fault) < 0)
		return -1;
	/* whole or not at all, and never over another's; both names are only
	 * ever replaced, so one file may have them */
	if (linkat(s.fd, sought, s.fd, path, 0) < 0 && errno != EEXIST)
		/* a file system without hard links */
		r = bus_group_set(stream, group, seq, fault);
	stream_close(&s);
	return r;
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
	if (known == 0) {
		if (group_create(stream, group, *seq, fault) < 0)
			return -1;
		known = bus_group_get(stream, group, &at, fault);
	}
	if (known > 0)
		*seq = at;
	return known < 0 ? -1 : 0;
}

static void
try_group(void *near, const char *group, uint64_t seq, const char *bad)
{
	(void)seq;
	(void)bad;
	name_try(near, group);
}

static int
group_missing(const char *stream, const char *group, struct fault *fault)
{
	char hint[NEAREST_HINT];
	struct near_name n;
	struct fault ignored;

	nearest_start(&n.near, str_z(group));
	bus_groups(stream, try_group, &n, &ignored);
	fault_set(fault, BUS_NO_GROUP, "%s/%s: no such group%s", stream, group,
	    nearest_hint(&n.near, "", hint));
	return -1;
}

/* 0 when the group may be changed: it is there, and nobody reads by it.
 * *hold becomes the lock, to be closed. */
static int
group_free(const struct stream *s, const char *group, int *hold,
    struct fault *fault)
{
	char path[GROUP_PATH];

	if (group_path(path, group, NULL, fault) < 0)
		return -1;
	if (faccessat(s->fd, path, F_OK, 0) < 0)
		return errno == ENOENT ? group_missing(s->name, group, fault) :
		    stream_fault(s, path, fault);
	*hold = group_lock(s->name, group, "reader", fault);
	return *hold < 0 ? -1 : 0;
}

/* One of its files, or with NULL the one that has its position; it may be
 * missing. */
static int
group_unlink(const struct stream *s, const char *group, const char *what,
    struct fault *fault)
{
	char path[GROUP_PATH];

	if (group_path(path, group, what, fault) < 0)
		return -1;
	if (unlinkat(s->fd, path, 0) < 0 && errno != ENOENT)
		return stream_fault(s, path, fault);
	return 0;
}

/* Its position last: until then it is a group, which can be forgotten. */
static int
remove_group(const struct stream *s, const char *group, struct fault *fault)
{
	if (group_unlink(s, group, "intent", fault) < 0 ||
	    group_unlink(s, group, SOUGHT, fault) < 0)
		return -1;
	return group_unlink(s, group, NULL, fault);
}

int
bus_group_forget(const char *stream, const char *group, bool dry_run,
    struct fault *fault)
{
	struct stream s;
	int lock = -1, r;

	if (stream_open(&s, stream, false, fault) < 0)
		return -1;
	/* the lock's file stays: another may be about to lock it */
	r = group_free(&s, group, &lock, fault);
	if (r == 0 && !dry_run)
		r = remove_group(&s, group, fault);
	if (lock >= 0)
		close(lock);
	stream_close(&s);
	return r;
}

static int
find_place(const char *stream, const struct bus_where *where, uint64_t *seq,
    struct fault *fault)
{
	static const struct bus_where last = { .seq = UINT64_MAX };
	uint64_t end;

	if (bus_where_find(stream, where, seq, fault) < 0 ||
	    bus_where_find(stream, &last, &end, fault) < 0)
		return -1;
	return *seq <= end ? 0 : fault_set(fault, EX_USAGE,
	    "%s: %llu is beyond the end at %llu", stream,
	    (unsigned long long)*seq, (unsigned long long)end);
}

int
bus_group_seek(const char *stream, const char *group,
    const struct bus_where *where, enum bus_seek how, uint64_t *seq,
    struct fault *fault)
{
	struct stream s;
	int lock = -1, r;

	if (stream_open(&s, stream, false, fault) < 0)
		return -1;
	r = group_free(&s, group, &lock, fault);
	if (r < 0 && fault->status == BUS_NO_GROUP && (how & BUS_SEEK_CREATE))
		r = 0;
	if (r == 0)
		r = find_place(stream, where, seq, fault);
	/* of a relay (relay.c), which would take a group that was moved back
	 * for one that was killed */
	if (r == 0 && !(how & BUS_SEEK_DRY_RUN) &&
	    (r = group_unlink(&s, group, "intent", fault)) == 0)
		r = group_put(stream, group, *seq, fault);
	if (lock >= 0)
		close(lock);
	stream_close(&s);
	return r;
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
