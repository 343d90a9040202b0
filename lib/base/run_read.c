/* SPDX-License-Identifier: Apache-2.0 */
#include "base/run_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* Between two looks no value moves as far: it was half the old one and half
 * the new one. */
#define RUN_NEAR (UINT64_C(1) << 31)
/* how often a file that changes is read again */
#define RUN_TRIES 8

/* ---- one file ---- */

/* ends a text where its room ends; what can't be shown is '?' */
static const char *
run_text(char *z, size_t room)
{
	size_t i;

	for (i = 0; i < room - 1 && z[i] != '\0'; i++)
		if (z[i] < ' ' || z[i] > '~')
			z[i] = '?';
	z[i] = '\0';
	return z;
}

/* how many bytes of a name there are, of lower case, digits and _ */
static size_t
run_word(const char *z)
{
	size_t n = 0;

	while ((z[n] >= 'a' && z[n] <= 'z') || z[n] == '_' ||
	    (n > 0 && z[n] >= '0' && z[n] <= '9'))
		n++;
	return n;
}

/* key="value",key="value"; quotes and backslashes in a value are escaped */
static bool
run_labels_valid(const char *z)
{
	size_t n;

	while (*z != '\0') {
		if ((n = run_word(z)) == 0 || z[n] != '=' || z[n + 1] != '"')
			return false;
		for (z += n + 2; *z != '"' && *z != '\0'; z++)
			if (*z == '\\' && z[1] != '\0')
				z++;
		if (*z != '"')
			return false;
		if (z[1] == '\0')
			return true;
		if (z[1] != ',' || z[2] == '\0')
			return false;
		z += 2;
	}
	return true;
}

static bool
run_sample_take(struct run_sample *to, struct run_slot *s)
{
	if (s->kind == RUN_UNUSED || s->kind > RUN_TOP ||
	    s->unit > RUN_NANOSECONDS)
		return false;
	to->name = run_text(s->name, sizeof s->name);
	to->labels = run_text(s->labels, sizeof s->labels);
	to->help = run_text(s->help, sizeof s->help);
	to->kind = (enum run_kind)s->kind;
	to->unit = (enum run_unit)s->unit;
	to->value = atomic_load_explicit(&s->value, memory_order_relaxed);
	return *to->name != '\0' && to->name[run_word(to->name)] == '\0' &&
	    run_labels_valid(to->labels);
}

static bool
run_header_valid(const struct run_header *h, size_t n)
{
	uint32_t used = atomic_load_explicit(&h->used, memory_order_relaxed);

	return memcmp(h->magic, RUN_MAGIC, sizeof h->magic) == 0 &&
	    h->order == RUN_ORDER && h->version == RUN_VERSION &&
	    h->header_size == sizeof *h &&
	    h->slot_size == sizeof(struct run_slot) &&
	    h->room <= RUN_ROOM_MAX && used <= h->room &&
	    run_file_size(h->room) <= n;
}

bool
run_parse(struct run_process *p, char *bytes, size_t n,
    struct run_sample *samples)
{
	struct run_file *f = (void *)bytes;
	struct run_header *h = &f->header;
	uint32_t i;

	if (n < sizeof *h || !run_header_valid(h, n))
		return false;
	*p = (struct run_process){
		.program = run_text(h->program, sizeof h->program),
		.release = run_text(h->release, sizeof h->release),
		.input = run_text(h->input, sizeof h->input),
		.output = run_text(h->output, sizeof h->output),
		.place = run_text(h->place, sizeof h->place),
		.pid = h->pid, .started = h->started,
		.in = { h->in_dev, h->in_ino },
		.out = { h->out_dev, h->out_ino },
		.lost = h->lost, .samples = samples
	};
	for (i = 0; i < h->used; i++)
		if (run_sample_take(&samples[p->n], &f->slots[i]))
			p->n++;
	return *p->program != '\0';
}

/* ---- reading it ---- */

/* Nothing but a counter that went on lies between the two: a value of 64 bits
 * is not always read at once. */
static bool
run_values_agree(const struct run_file *a, const struct run_file *b, size_t n)
{
	size_t i, slots = n < sizeof a->header ? 0 :
	    (n - sizeof a->header) / sizeof *a->slots;

	if (n < sizeof a->header)
		return true;
	if (a->header.changes != b->header.changes || a->header.changes & 1)
		return false;
	for (i = 0; i < slots; i++)
		if (b->slots[i].value - a->slots[i].value + RUN_NEAR >=
		    2 * RUN_NEAR)
			return false;
	return true;
}

struct run_reader {
	int dir;
	char *bytes, *again;	/* aligned as malloc(3) does */
	size_t size;
	struct run_sample *samples;
	struct run_process process;
};

/* Twice the same but for what was counted meanwhile: its length, or -1. */
static ssize_t
run_read_twice(struct run_reader *r, int fd)
{
	ssize_t n = pread(fd, r->again, r->size, 0);
	int tries;
	char *z;

	for (tries = 0; n >= 0 && tries < RUN_TRIES; tries++) {
		if (pread(fd, r->bytes, r->size, 0) != n)
			return -1;
		if (run_values_agree((void *)r->again, (void *)r->bytes,
		    (size_t)n))
			return n;
		z = r->bytes;
		r->bytes = r->again;
		r->again = z;
	}
	return n;
}

static bool
run_read_one(struct run_reader *r, const char *name)
{
	int fd = openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	struct stat st;
	ssize_t n;
	bool done;

	if (fd < 0)
		return false;
	done = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= (off_t)r->size && run_file_alive(fd, false) == 1 &&
	    (n = run_read_twice(r, fd)) > 0 &&
	    run_parse(&r->process, r->bytes, (size_t)n, r->samples);
	close(fd);
	r->process.file = name;
	return done;
}

/* ---- all of them ---- */

static int
run_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* what may be such a file, sorted; the caller frees each and all */
static char **
run_list(DIR *d, size_t *n)
{
	char **names = NULL;
	struct dirent *e;
	size_t room = 0;

	*n = 0;
	while (*n < RUN_PROCESSES_MAX && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (*n == room) {
			room = room ? 2 * room : 64;
			names = memory_resize(names, room * sizeof *names);
		}
		names[(*n)++] = memory_strdup(e->d_name);
	}
	if (*n > 0)
		qsort(names, *n, sizeof *names, run_compare_names);
	return names;
}

static int
run_read_dir(DIR *d, run_process_fn *call, void *arg)
{
	struct run_reader r = {
		.dir = dirfd(d), .size = run_file_size(RUN_ROOM_MAX)
	};
	size_t i, n;
	char **names = run_list(d, &n);
	int found = 0;

	r.bytes = memory_get(r.size);
	r.again = memory_get(r.size);
	r.samples = memory_zero(RUN_ROOM_MAX, sizeof *r.samples);
	for (i = 0; i < n; i++) {
		if (run_read_one(&r, names[i])) {
			call(arg, &r.process);
			found++;
		}
		free(names[i]);
	}
	free(names);
	free(r.bytes);
	free(r.again);
	free(r.samples);
	return found;
}

int
run_read_all(const char *dir, run_process_fn *call, void *arg,
    struct fault *fault)
{
	char *path = dir != NULL ? memory_strdup(dir) : home_path("run");
	DIR *d = opendir(path);
	int found = 0;

	if (d != NULL) {
		found = run_read_dir(d, call, arg);
		closedir(d);
	} else if (errno != ENOENT) {
		found = fault_input(fault, path);
	}
	free(path);
	return found;
}

bool
run_process_value(const struct run_process *p, const char *name,
    uint64_t *value)
{
	bool found = false;
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (strcmp(p->samples[i].name, name) != 0)
			continue;
		*value = p->samples[i].value + (found ? *value : 0);
		found = true;
	}
	return found;
}

uint64_t
run_process_count(const struct run_process *p, const char *name)
{
	uint64_t value;

	return run_process_value(p, name, &value) ? value : 0;
}
