/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group is a file with its position.  Files beside it, whose names begin
 * with a dot, belong to it: the lease of each role, what a source intends
 * (source.c), and where it has been put by hand.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "bus/dir/group.h"

#define POSITION_TEXT 24
#define SOUGHT "sought"

static int
dir_group_open(struct bus_group **out, struct bus *bus, const char *stream,
    const char *group, const char *target, struct fault *fault)
{
	struct dir_group *g = memory_zero(1, sizeof *g);

	(void)fault;
	*g = (struct dir_group){
		.head.bus = bus, .groups.fd = -1, .lease = -1,
		.target = target
	};
	/* no name has a ':' */
	snprintf(g->file, sizeof g->file, "%s%s%s", target ? stream : "",
	    target ? ":" : "", group);
	memcpy(g->head.stream, stream, strlen(stream));
	memcpy(g->head.name, group, strlen(group));
	*out = &g->head;
	return 0;
}

static void
dir_group_close(struct bus_group *head)
{
	struct dir_group *g = (struct dir_group *)head;

	if (g->lease >= 0)
		close(g->lease);
	stream_close(&g->groups);
	free(g);
}

/* the directory of groups in that of a stream: an fd, or -1 with errno */
static int
group_directory(const struct dir_group *g, int stream, bool make)
{
	const char *name = g->target ? "origins" : "groups";

	/* that of groups is made with the stream */
	if (make && g->target && mkdirat(stream, name, 0700) < 0 &&
	    errno != EEXIST)
		return -1;
	return openat(stream, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Opens the directory, and with `make` creates it: 1, 0 when there is none,
 * -1. */
static int
group_reach(struct dir_group *g, bool make, struct fault *fault)
{
	const char *name = g->target ? g->target : g->head.stream;
	struct stream *s = &g->groups;
	int r, stream;

	if (s->fd >= 0)
		return 1;
	r = make ? stream_open(s, g->head.bus, name, true, fault) :
	    stream_find(s, g->head.bus, name, fault);
	if (r < 0 || (r == 0 && !make)) {
		stream_close(s);
		return r;
	}
	stream = s->fd;
	s->fd = group_directory(g, stream, make);
	r = s->fd >= 0 ? 1 : errno == ENOENT && !make ? 0 :
	    stream_fault(s, "groups", fault);
	close(stream);
	return r;
}

void
group_file(char to[GROUP_FILE], const struct dir_group *g, const char *what)
{
	if (what == NULL)
		snprintf(to, GROUP_FILE, "%s", g->file);
	else
		snprintf(to, GROUP_FILE, ".%s.%s", g->file, what);
}

int
group_replace(struct dir_group *g, const char *what, struct str bytes,
    struct fault *fault)
{
	char name[GROUP_FILE];
	int r, tries;

	group_file(name, g, what);
	for (tries = 0; tries < 2; tries++) {
		if (group_reach(g, true, fault) < 0)
			return -1;
		r = file_replace_at(g->groups.fd, name, bytes, 0600, false);
		if (r == 0 || errno != ENOENT)
			break;
		/* somebody has removed the stream, and it began again */
		stream_close(&g->groups);
	}
	return r < 0 ? fault_errno(fault, 0, "%s: groups/%s", g->head.stream,
	    name) : 0;
}

/* The position in a file of that directory: 1, 0 when there is no such file,
 * -1. */
static int
group_read(int groups, const char *stream, const char *name, uint64_t *seq,
    struct fault *fault)
{
	char text[POSITION_TEXT + 1];
	ssize_t n;
	int fd;

	fd = openat(groups, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fault_errno(fault, 0,
		    "%s: groups/%s", stream, name);
	n = read(fd, text, sizeof text);
	if (n < 0)
		fault_errno(fault, 0, "%s: groups/%s", stream, name);
	close(fd);
	if (n < 0)
		return -1;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (!position_parse((struct str){ text, (size_t)n }, seq))
		return fault_set(fault, EX_DATAERR, "%s: groups/%s: not a "
		    "position; set it with mfx-bus seek", stream, name);
	return 1;
}

static int
dir_group_get(struct bus_group *head, uint64_t *seq, struct fault *fault)
{
	struct dir_group *g = (struct dir_group *)head;
	int there = group_reach(g, false, fault);

	return there <= 0 ? there : group_read(g->groups.fd, head->stream,
	    g->file, seq, fault);
}

static bool
dir_group_sought(struct bus_group *head, uint64_t seq)
{
	struct dir_group *g = (struct dir_group *)head;
	char name[GROUP_FILE];
	struct fault ignored;
	uint64_t sought;

	group_file(name, g, SOUGHT);
	return group_reach(g, false, &ignored) > 0 &&
	    group_read(g->groups.fd, head->stream, name, &sought,
	    &ignored) > 0 && sought == seq;
}

static int
group_unlink(struct dir_group *g, const char *what, struct fault *fault)
{
	char name[GROUP_FILE];
	int there = group_reach(g, false, fault);

	group_file(name, g, what);
	if (there <= 0 || unlinkat(g->groups.fd, name, 0) == 0 ||
	    errno == ENOENT)
		return there < 0 ? -1 : 0;
	return stream_fault(&g->groups, name, fault);
}

static int
group_write(struct dir_group *g, const char *what, uint64_t seq,
    struct fault *fault)
{
	char text[POSITION_TEXT];
	int n = snprintf(text, sizeof text, "%llu\n",
	    (unsigned long long)seq);

	return group_replace(g, what, (struct str){ text, (size_t)n }, fault);
}

/*
 * On a full disk, where no new file can be written, over the old position, as
 * a group that can't move would keep all that could be pruned.  So few bytes
 * at the beginning of a file are written as one.
 */
static int
group_overwrite(struct dir_group *g, uint64_t seq)
{
	char text[POSITION_TEXT];
	int n = snprintf(text, sizeof text, "%llu\n",
	    (unsigned long long)seq);
	struct fault ignored;
	struct stat st;
	int fd, r;

	/* a new group is the same file as that: it says no more after a move */
	if (group_unlink(g, SOUGHT, &ignored) < 0)
		return -1;
	fd = openat(g->groups.fd, g->file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	/* a shorter text would leave the end of the old one */
	r = fstat(fd, &st) == 0 && st.st_nlink == 1 && st.st_size > 0 &&
	    st.st_size <= n && pwrite(fd, text, (size_t)n, 0) == n ? 0 : -1;
	close(fd);
	return r;
}

static int
group_step(struct dir_group *g, uint64_t seq, struct fault *fault)
{
	if (group_write(g, NULL, seq, fault) == 0)
		return 0;
	return fault->status == EX_TEMPFAIL && g->groups.fd >= 0 ?
	    group_overwrite(g, seq) : -1;
}

static int
dir_group_put(struct bus_group *head, uint64_t seq, enum bus_put how,
    struct fault *fault)
{
	struct dir_group *g = (struct dir_group *)head;
	char sought[GROUP_FILE];

	if (how == BUS_PUT_MOVE)
		return group_step(g, seq, fault);
	/* a source would take a group that was moved back for one whose
	 * process was killed */
	if (how == BUS_PUT_SEEK && group_unlink(g, "intent", fault) < 0)
		return -1;
	if (group_write(g, SOUGHT, seq, fault) < 0)
		return -1;
	group_file(sought, g, SOUGHT);
	/* whole or not at all, and never over another's; both names are only
	 * ever replaced, so one file may have them */
	if (how == BUS_PUT_CREATE && (linkat(g->groups.fd, sought,
	    g->groups.fd, g->file, 0) == 0 || errno == EEXIST))
		return 0;
	/* to be replaced, or on a file system without hard links */
	return group_write(g, NULL, seq, fault);
}

/* ---- leases ---- */

/* For people only: what a full disk keeps from being written is not missed. */
static void
group_sign_lease(int fd)
{
	char text[POSITION_TEXT];
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());

	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) != n)
		errno = 0;
}

static int
group_is_leased(struct dir_group *g, int fd, const char *role,
    struct fault *fault)
{
	char text[POSITION_TEXT], holder[POSITION_TEXT + 8] = "";
	ssize_t n = pread(fd, text, sizeof text, 0);
	uint64_t pid;

	if (n > 1 && text[n - 1] == '\n' &&
	    position_parse((struct str){ text, (size_t)n - 1 }, &pid))
		snprintf(holder, sizeof holder, ", pid %llu",
		    (unsigned long long)pid);
	return fault_set(fault, EX_TEMPFAIL, "%s/%s: another %s has this "
	    "group%s", g->head.stream, g->head.name, role, holder);
}

static int
dir_group_lease(struct bus_group *head, const char *role,
    struct fault *fault)
{
	struct dir_group *g = (struct dir_group *)head;
	char name[GROUP_FILE];
	int fd;

	if (g->lease >= 0)
		return 0;
	if (group_reach(g, true, fault) < 0)
		return -1;
	group_file(name, g, role);
	if ((fd = stream_file(&g->groups, name, fault)) < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			group_is_leased(g, fd, role, fault);
		else
			stream_fault(&g->groups, name, fault);
		close(fd);
		return -1;
	}
	group_sign_lease(fd);
	g->lease = fd;
	return 0;
}

/* Whoever has the lease's file locked; without the file nobody ever had. */
static void
group_look_reader(const struct dir_group *g, struct bus_group_state *state)
{
	char name[GROUP_FILE], text[POSITION_TEXT];
	ssize_t n;
	int fd;

	group_file(name, g, BUS_ROLE_READER);
	state->knows_reader = true;
	fd = openat(g->groups.fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	state->has_reader = flock(fd, LOCK_SH | LOCK_NB) < 0 &&
	    errno == EWOULDBLOCK;
	n = pread(fd, text, sizeof text, 0);
	if (!state->has_reader || n < 2 || text[n - 1] != '\n' ||
	    !position_parse((struct str){ text, (size_t)n - 1 },
	    &state->reader))
		state->reader = 0;
	close(fd);
}

static int
dir_group_look(struct bus_group *head, struct bus_group_state *state,
    struct fault *fault)
{
	struct dir_group *g = (struct dir_group *)head;
	struct stat st;
	int there = group_reach(g, false, fault);

	if (there <= 0)
		return there;
	group_look_reader(g, state);
	if (fstatat(g->groups.fd, g->file, &st, AT_SYMLINK_NOFOLLOW) == 0)
		state->moved.ns = (int64_t)st.st_mtim.tv_sec * STAMP_SECOND +
		    st.st_mtim.tv_nsec;
	return 0;
}

static int
dir_group_claim(struct bus_group *head, const char *role, int64_t silent,
    bool take, struct fault *fault)
{
	struct dir_group *g = (struct dir_group *)head;
	char name[GROUP_FILE];
	int fd, r;

	(void)silent;
	if (take)
		return dir_group_lease(head, role, fault) == 0 ? 1 :
		    fault->status == EX_TEMPFAIL ? 0 : -1;
	if (group_reach(g, true, fault) < 0)
		return -1;
	group_file(name, g, role);
	if ((fd = stream_file(&g->groups, name, fault)) < 0)
		return -1;
	/* others may look at the same time */
	r = flock(fd, LOCK_SH | LOCK_NB) == 0 ? 1 : errno == EWOULDBLOCK ? 0 :
	    stream_fault(&g->groups, name, fault);
	close(fd);
	return r;
}

static int
dir_group_holds(struct bus_group *head, struct fault *fault)
{
	(void)fault;
	return ((struct dir_group *)head)->lease >= 0;
}

static void
dir_group_release(struct bus_group *head)
{
	struct dir_group *g = (struct dir_group *)head;

	if (g->lease >= 0)
		close(g->lease);
	g->lease = -1;
}

/* The file that has the position last: until then it is a group, which can be
 * forgotten.  The lease's file stays: another may be about to lock it. */
static int
dir_group_remove(struct bus_group *head, struct fault *fault)
{
	struct dir_group *g = (struct dir_group *)head;

	if (group_unlink(g, "intent", fault) < 0 ||
	    group_unlink(g, SOUGHT, fault) < 0)
		return -1;
	return group_unlink(g, NULL, fault);
}

/* ---- all of them ---- */

static int
group_each(const struct stream *s, bus_group_fn *fn, void *arg,
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
		r = group_read(fd, s->name, e->d_name, &seq, fault);
		if (r != 0)
			fn(arg, e->d_name, seq, r < 0 ? fault->text : NULL);
	}
	closedir(dir);
	return 0;
}

static int
dir_groups(struct bus *bus, const char *stream, bus_group_fn *fn, void *arg,
    struct fault *fault)
{
	struct stream s;
	int r;

	if (stream_open(&s, bus, stream, false, fault) < 0)
		return -1;
	r = group_each(&s, fn, arg, fault);
	stream_close(&s);
	return r;
}

static void
group_keep_furthest(void *arg, const char *group, uint64_t seq,
    const char *bad)
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
	return group_each(s, group_keep_furthest, seq, fault);
}

const struct bus_group_ops dir_group_ops = {
	.open = dir_group_open, .close = dir_group_close,
	.get = dir_group_get, .put = dir_group_put,
	.sought = dir_group_sought, .lease = dir_group_lease,
	.look = dir_group_look, .claim = dir_group_claim,
	.holds = dir_group_holds,
	.release = dir_group_release,
	.remove = dir_group_remove, .all = dir_groups
};
