/* SPDX-License-Identifier: Apache-2.0 */
#include "base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digits.h"
#include "base/file.h"
#include "base/out.h"
#include "base/stamp.h"

#define RUN_ROOM_FILTER 64
#define RUN_ROOM_SERVER 448
#define RUN_AGAIN (5 * CLOCK_SECOND)
#define RUN_NAMES 8		/* tried: other containers have our pid too;
				 * one digit */

static const struct {
	unsigned set;
	struct run_text text;
} run_metrics[RUN_METRICS] = {
#define ROW(m, s, n, h, k, u) \
	[m] = { s, { n, NULL, h, k, u } }
	ROW(RUN_LINES_IN, 0, "lines_in_total", "Lines read.",
	    RUN_COUNTER, RUN_ONE),
	ROW(RUN_BYTES_IN, 0, "bytes_in_total", "Bytes read.",
	    RUN_COUNTER, RUN_ONE),
	ROW(RUN_LINES_OUT, 0, "lines_out_total", "Lines written.",
	    RUN_COUNTER, RUN_ONE),
	ROW(RUN_BYTES_OUT, 0, "bytes_out_total", "Bytes written.",
	    RUN_COUNTER, RUN_ONE),
	ROW(RUN_REJECTED, 0, "rejected_total", "Lines refused.",
	    RUN_COUNTER, RUN_ONE),
	ROW(RUN_NOTED, 0, "noted_total", "Lines taken with a warning.",
	    RUN_COUNTER, RUN_ONE),
	ROW(RUN_MARKS, 0, "marks_total", "Marks written for lines left out.",
	    RUN_COUNTER, RUN_ONE),
	ROW(RUN_RETRIES, RUN_COMMITTING, "retries_total",
	    "Commits tried again.", RUN_COUNTER, RUN_ONE),
	ROW(RUN_COMMITS_SUM, RUN_COMMITTING, "commit_seconds", NULL, RUN_SUM,
	    RUN_NANOSECONDS),
	ROW(RUN_STORED, RUN_SINK, "readings_stored_total", "Readings stored.",
	    RUN_COUNTER, RUN_ONE),
	ROW(RUN_REFUSED, RUN_SINK, "readings_refused_total",
	    "Readings that the store refused.", RUN_COUNTER, RUN_ONE),
	ROW(RUN_PENDING, RUN_SINK, "pending_readings",
	    "Readings taken that are not stored yet.", RUN_GAUGE, RUN_ONE),
	ROW(RUN_POSITION, RUN_GROUP, "position",
	    "Position up to which all is stored.", RUN_GAUGE, RUN_ONE),
	ROW(RUN_LAG, RUN_LAGGING, "lag_bytes",
	    "Bytes on the stream after the position, when it last looked.",
	    RUN_GAUGE, RUN_ONE),
	ROW(RUN_LAG_TIME, RUN_LAGGING, "lag_seconds",
	    "How long ago the first line after the position came.",
	    RUN_GAUGE, RUN_NANOSECONDS),
#undef ROW
};

static struct {
	const char *program;
	char path[PATH_MAX];	/* of the file */
	int fd;			/* -1: it is not open */
	struct run_file *file;
	size_t size;
	unsigned sets;
	uint32_t next;		/* slot that run_put looks at first */
	pid_t pid;
	int64_t again;		/* ns: when to look again */
	struct sigaction old;	/* for SIGBUS */
} run = { .fd = -1 };

/* ---- texts ---- */

static void
run_text_set(char *to, size_t room, const char *from)
{
	size_t n = from == NULL ? 0 : strlen(from);

	n = n < room ? n : room - 1;
	if (n > 0)
		memcpy(to, from, n);
	memset(to + n, 0, room - n);
}

/* Readers that saw an odd number, or another one afterwards, read again. */
static void
run_changes(struct run_file *f)
{
	atomic_fetch_add_explicit(&f->header.changes, 1, memory_order_acq_rel);
	atomic_thread_fence(memory_order_seq_cst);
}

static void
run_header_text(size_t at, size_t room, const char *text)
{
	struct run_file *files[] = { run_memory, run.file };
	int i;

	for (i = 0; i < 2; i++) {
		if (files[i] == NULL)
			continue;
		run_changes(files[i]);
		run_text_set((char *)&files[i]->header + at, room, text);
		run_changes(files[i]);
	}
}

void
run_input(const char *text)
{
	run_header_text(offsetof(struct run_header, input), RUN_TEXT, text);
}

void
run_output(const char *text)
{
	run_header_text(offsetof(struct run_header, output), RUN_TEXT, text);
}

void
run_place(const char *text)
{
	run_header_text(offsetof(struct run_header, place),
	    sizeof run.file->header.place, text);
}

static void
run_slot_name(struct run_slot *s, const struct run_text *t)
{
	s->unit = (uint8_t)t->unit;
	run_text_set(s->name, sizeof s->name, t->name);
	run_text_set(s->labels, sizeof s->labels, t->labels);
	run_text_set(s->help, sizeof s->help, t->help);
	s->kind = (uint8_t)t->kind;
}

static void
run_name_buckets(struct run_file *f)
{
	char le[32];
	struct run_text t = {
		.name = "commit_seconds", .labels = le, .kind = RUN_BUCKET,
		.help = "How long commits took."
	};
	int i;

	for (i = 0; i <= RUN_BUCKETS; i++) {
		if (i < RUN_BUCKETS)
			snprintf(le, sizeof le, "le=\"%g\"",
			    (double)run_bounds[i] / 1e6);
		else
			snprintf(le, sizeof le, "le=\"+Inf\"");
		run_slot_name(&f->slots[RUN_COMMITS + i], &t);
		t.help = NULL;
	}
}

/* Gives the slots of the program's sets their names. */
static void
run_name_all(struct run_file *f)
{
	int m;

	run_changes(f);
	for (m = 0; m < RUN_METRICS; m++)
		if (run_metrics[m].text.name != NULL &&
		    f->slots[m].kind == RUN_UNUSED &&
		    (run_metrics[m].set == 0 ||
		    (run_metrics[m].set & run.sets) != 0))
			run_slot_name(&f->slots[m], &run_metrics[m].text);
	if (run.sets & RUN_COMMITTING)
		run_name_buckets(f);
	run_changes(f);
}

/* ---- the file ---- */

/* The disk has no room for what is mapped, or the file was cut off: goes on in
 * memory that nobody reads. */
static void
run_on_sigbus(int sig, siginfo_t *info, void *context)
{
	char *at = info->si_addr, *from = (char *)run.file;

	(void)context;
	if (from != NULL && at >= from && at < from + run.size &&
	    mmap(from, run.size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		return;
	/* not ours: it comes again, as if we were not here */
	sigaction(sig, &run.old, NULL);
}

/* A file under a name that is not looked at, and its lock: others see it only
 * once it is locked. */
static int
run_create(const char *path)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags, 0600);

	/* of a process that was killed right then */
	if (fd < 0 && errno == EEXIST && unlink(path) == 0)
		fd = open(path, flags, 0600);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    file_own_as_parent(path, fd) == 0)
		return fd;
	unlink(path);
	close(fd);
	return -1;
}

/* DIR/HEAD and the program, a dot and the pid, and TAIL; false: too long.  Not
 * by snprintf(3), as in operand.c: each program does so when it starts. */
static bool
run_put_path(char to[PATH_MAX], const char *dir, const char *head,
    const char *tail)
{
	char pid[DIGITS_TEXT + 1];
	const char *parts[] = { dir, head, run.program, ".", pid, tail };
	size_t i, n, at = 0;

	pid[digits_print(pid, (uint64_t)run.pid)] = '\0';
	for (i = 0; i < sizeof parts / sizeof parts[0]; i++, at += n) {
		n = strlen(parts[i]);
		if (n >= PATH_MAX - at)
			return false;
		memcpy(to + at, parts[i], n + 1);
	}
	return true;
}

/* Gives it its name.  A process that had our pid was killed: its file has just
 * been removed; one that has our pid in another container lives. */
static bool
run_name_file(const char *from, const char *dir)
{
	char tail[] = ".0";
	int i;

	for (i = 0; i < RUN_NAMES; i++) {
		tail[1] = (char)('0' + i);
		if (!run_put_path(run.path, dir, "/", i == 0 ? "" : tail))
			return false;
		if (link(from, run.path) == 0)
			return true;
		if (errno != EEXIST)
			return false;
	}
	return false;
}

static int
run_create_one(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	if (!run_put_path(path, dir, "/.", ".new") ||
	    (fd = run_create(path)) < 0)
		return -1;
	if (!run_name_file(path, dir)) {
		close(fd);
		fd = -1;
	}
	unlink(path);
	return fd;
}

/* which pipe a descriptor is, or zeros */
static void
run_pipe(int fd, uint64_t *dev, uint64_t *ino)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return;
	*dev = (uint64_t)st.st_dev;
	*ino = (uint64_t)st.st_ino;
}

static void
run_fill(struct run_file *f, uint32_t room)
{
	struct run_header *h = &f->header;

	memcpy(h->magic, RUN_MAGIC, sizeof h->magic);
	h->order = RUN_ORDER;
	h->version = RUN_VERSION;
	h->header_size = sizeof *h;
	h->slot_size = sizeof(struct run_slot);
	h->room = room;
	h->used = RUN_METRICS;
	h->pid = (uint64_t)run.pid;
	h->started = stamp_now().ns;
	run_pipe(STDIN_FILENO, &h->in_dev, &h->in_ino);
	run_pipe(STDOUT_FILENO, &h->out_dev, &h->out_ino);
	run_text_set(h->program, sizeof h->program, run.program);
	run_text_set(h->release, sizeof h->release, MFX_VERSION);
	memcpy(h->input, run_memory->header.input, sizeof h->input);
	memcpy(h->output, run_memory->header.output, sizeof h->output);
	memcpy(h->place, run_memory->header.place, sizeof h->place);
}

/* As large as it will be, and on the disk: a mapping of less would end the
 * process when there is no room. */
static bool
run_write_zeros(int fd, size_t size)
{
	static const char zeros[4096];
	size_t n;

	for (; size > 0; size -= n) {
		n = size < sizeof zeros ? size : sizeof zeros;
		if (write_all(fd, zeros, n) < 0)
			return false;
	}
	return true;
}

static bool
run_map(int fd)
{
	uint32_t room = run.sets & RUN_SERVER ? RUN_ROOM_SERVER :
	    RUN_ROOM_FILTER;
	struct sigaction sa = {
		.sa_sigaction = run_on_sigbus, .sa_flags = SA_SIGINFO
	};
	void *p;

	run.size = run_file_size(room);
	if (!run_write_zeros(fd, run.size))
		return false;
	p = mmap(NULL, run.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return false;
	run.file = p;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGBUS, &sa, &run.old);
	run_fill(run.file, room);
	return true;
}

/* Goes on counting in the file, from what was counted so far. */
static void
run_switch(void)
{
	int m;

	run_name_all(run.file);
	for (m = 0; m < RUN_METRICS; m++)
		atomic_store_explicit(&run.file->slots[m].value,
		    atomic_load_explicit(&run_memory->slots[m].value,
		    memory_order_relaxed), memory_order_relaxed);
	atomic_store_explicit(&run_now, run.file, memory_order_release);
}

static bool
run_is_off(void)
{
	const char *z = getenv("MFX_RUN");

	return z != NULL && strcmp(z, "off") == 0;
}

/* The directory, which is made when there is a site and the program may. */
static int
run_open_dir(const char *path, const char *home)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fault ignored;
	struct stat st;

	if (fd >= 0 || errno != ENOENT || !(run.sets & RUN_MAKE) ||
	    stat(home, &st) < 0 || dir_make(path, &ignored) < 0)
		return fd;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
run_try(void)
{
	char *home = home_path(""), *path = home_path("run");
	int dir = run_open_dir(path, home), fd = -1;

	if (dir >= 0) {
		run_file_clean(dir);
		fd = run_create_one(path);
		close(dir);
	}
	if (fd >= 0 && run_map(fd)) {
		run.fd = fd;
		run_switch();
		atexit(run_close);
	} else if (fd >= 0) {
		unlink(run.path);
		close(fd);
	}
	free(home);
	free(path);
}

void
run_open(const char *program, unsigned sets)
{
	run.sets |= sets;
	if (run.file != NULL) {
		run_name_all(run.file);
		return;
	}
	if (run_is_off())
		return;
	run.program = program;
	run.pid = getpid();
	run.again = clock_coarse_ns() + RUN_AGAIN;
	run_try();
}

void
run_again(void)
{
	int64_t now;

	if (run.file != NULL || run.program == NULL)
		return;
	now = clock_coarse_ns();
	if (now < run.again)
		return;
	run.again = now + RUN_AGAIN;
	run_try();
}

/* The mapping stays: other threads may still count. */
void
run_close(void)
{
	if (run.fd < 0 || getpid() != run.pid)
		return;
	unlink(run.path);
	close(run.fd);
	run.fd = -1;
}

/* ---- values ---- */

bool
run_is_open(void)
{
	return run.fd >= 0;
}

static bool
run_slot_is(const struct run_slot *s, const struct run_text *t)
{
	return strncmp(s->name, t->name, sizeof s->name - 1) == 0 &&
	    strncmp(s->labels, t->labels ? t->labels : "",
	    sizeof s->labels - 1) == 0;
}

/* a new one; NULL: there is no room */
static struct run_slot *
run_add_slot(const struct run_text *t)
{
	struct run_header *h = &run.file->header;
	uint32_t used = atomic_load_explicit(&h->used, memory_order_relaxed);
	struct run_slot *s = &run.file->slots[used];

	if (used < RUN_METRICS || run_file_size(used + 1) > run.size) {
		h->lost++;
		return NULL;
	}
	run_slot_name(s, t);
	atomic_store_explicit(&h->used, used + 1, memory_order_release);
	return s;
}

/* that of this name, from the one after the last on; NULL: there is no room */
static struct run_slot *
run_find(const struct run_text *t)
{
	struct run_header *h = &run.file->header;
	struct run_slot *s = run.file->slots;
	uint32_t used = atomic_load_explicit(&h->used, memory_order_relaxed);
	uint32_t i, at;

	for (i = RUN_METRICS; i < used; i++) {
		at = run.next < used ? run.next : RUN_METRICS;
		run.next = at + 1;
		if (run_slot_is(&s[at], t))
			return &s[at];
	}
	run.next = used + 1;
	return run_add_slot(t);
}

void
run_put(const struct run_text *t, uint64_t value)
{
	struct run_slot *s;

	if (run.fd < 0 || (s = run_find(t)) == NULL)
		return;
	atomic_store_explicit(&s->value, value, memory_order_relaxed);
}

void
run_put_at(uint32_t *slot, bool renamed, const struct run_text *t,
    uint64_t value)
{
	struct run_slot *s;

	if (run.fd < 0)
		return;
	if (*slot == 0) {
		if ((s = run_add_slot(t)) == NULL)
			return;
		*slot = (uint32_t)(s - run.file->slots);
	}
	s = &run.file->slots[*slot];
	if (renamed) {
		run_changes(run.file);
		run_slot_name(s, t);
	}
	atomic_store_explicit(&s->value, value, memory_order_relaxed);
	if (renamed)
		run_changes(run.file);
}
