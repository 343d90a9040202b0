/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/until.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup/archive.h"
#include "backup/database.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "bus/cut.h"
#include "json/object.h"

#define LLU(n) ((unsigned long long)(n))

bool
until_parse(const char *text, struct until *u)
{
	const char *at = strchr(text, '@');
	struct bus_where where;
	uint64_t seq;

	*u = (struct until){ .stream = "raw" };
	if (at != NULL && at > text && bus_name_valid((struct str){ text,
	    (size_t)(at - text) }) && number_digits(str_z(at + 1),
	    UINT64_MAX / 4, &seq)) {
		memcpy(u->stream, text, (size_t)(at - text));
		u->stream[at - text] = '\0';
		u->seq = seq;
		return true;
	}
	if (!bus_where_parse(text, &where))
		return false;
	u->by_time = where.by_time;
	u->time = where.time;
	u->seq = where.seq;
	return where.by_time || (where.seq > 0 && where.seq < UINT64_MAX / 4);
}

void
until_release(struct until *u)
{
	free(u->made);
	u->made = NULL;
	u->n = 0;
}

/* ---- which backups ---- */

/* the "end" of the stream in a manifest's notes, or 0 */
static uint64_t
until_end(const struct manifest *m, const char *stream)
{
	struct str rest = buf_str(&m->notes), line;
	struct arena arena;
	uint64_t end = 0;

	arena_init(&arena, 65536);
	while (str_take_line(&rest, &line)) {
		struct object_field f[] = {
			{ "stream", OBJECT_TEXT, STR_NONE, false },
			{ "end", OBJECT_NUMBER, STR_NONE, false },
		};

		arena_reset(&arena);
		if (object_read(line, f, 2, &arena) == NULL &&
		    str_eq(f[0].value, str_z(stream)) && f[1].value.p != NULL)
			number_digits(f[1].value, UINT64_MAX, &end);
	}
	arena_release(&arena);
	return end;
}

/* 1: this backup is from before it */
static int
until_is_before(const struct until *u, const char *path,
    const struct seal_key *key, struct fault *fault)
{
	struct archive_in in;
	struct manifest m;
	int r;

	if (archive_in_open(&in, path, key, fault) < 0)
		return -1;
	manifest_init(&m);
	r = archive_manifest(&in, &m, fault);
	if (r == 0)
		r = u->by_time ? m.time.ns <= u->time.ns :
		    until_end(&m, u->stream) <= u->seq;
	manifest_release(&m);
	archive_in_close(&in);
	return r;
}

int
until_choose(const struct until *u, const struct shelf *s,
    const struct seal_key *key, size_t *base, size_t *next,
    struct fault *fault)
{
	char *path;
	size_t i;
	int r;

	*next = SIZE_MAX;
	for (i = s->n; i > 0; i--) {
		path = shelf_path(s, i - 1);
		r = until_is_before(u, path, key, fault);
		free(path);
		if (r < 0)
			return -1;
		*base = i - 1;
		if (r > 0)
			return 0;
		*next = i - 1;
	}
	return fault_set(fault, EX_NOINPUT, "%s: no backup from before that",
	    s->path);
}

/* ---- streams that are made of others ---- */

static bool
until_is_made(const struct until *u, struct str stream)
{
	size_t i;

	for (i = 0; i < u->n; i++)
		if (str_eq(str_z(u->made[i]), stream))
			return true;
	return false;
}

static void
until_add_made(struct until *u, struct str stream)
{
	if (!bus_name_valid(stream) || until_is_made(u, stream))
		return;
	if ((u->n & (u->n - 1)) == 0)
		u->made = memory_resize(u->made,
		    (u->n ? 2 * u->n : 1) * sizeof *u->made);
	memcpy(u->made[u->n], stream.p, stream.n);
	u->made[u->n++][stream.n] = '\0';
}

/* "<place> <seq> <target>", of 20 digits each (bus/dir/source.c) */
static void
until_read_intent(struct until *u, int dir, const char *name)
{
	char head[42 + BUS_NAME_MAX + 1];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? 0 : read(fd, head, sizeof head);
	size_t end = 42;

	if (fd >= 0)
		close(fd);
	while (n > 42 && end < (size_t)n && head[end] != ' ' &&
	    head[end] != '\n')
		end++;
	if (n > 42)
		until_add_made(u, (struct str){ head + 42, end - 42 });
}

static void
until_look_stream(struct until *u, const char *site, const char *stream,
    const char *under)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof path, "%s/bus/%s/%s", site, stream, under);
	if ((dir = opendir(path)) == NULL)
		return;
	while ((e = readdir(dir)) != NULL) {
		size_t n = strlen(e->d_name);

		if (strcmp(under, "origins") == 0 && *e->d_name != '.')
			until_add_made(u, str_z(stream));
		else if (*e->d_name == '.' && n > 7 &&
		    strcmp(e->d_name + n - 7, ".intent") == 0)
			until_read_intent(u, dirfd(dir), e->d_name);
	}
	closedir(dir);
}

struct until_site {
	struct until *until;
	const char *site;
};

static int
until_look_one(void *arg, const char *stream, struct fault *fault)
{
	struct until_site *x = arg;

	(void)fault;
	until_look_stream(x->until, x->site, stream, "groups");
	until_look_stream(x->until, x->site, stream, "origins");
	return 0;
}

static int
until_open_bus(struct bus **bus, const char *site, struct fault *fault)
{
	char url[PATH_MAX + 16];

	if ((size_t)snprintf(url, sizeof url, "dir:%s/bus", site) >=
	    sizeof url)
		return fault_set(fault, EX_USAGE, "%s: path too long", site);
	return bus_open(bus, url, fault);
}

int
until_look(struct until *u, const char *site, struct fault *fault)
{
	struct until_site x = { u, site };
	struct bus *bus;
	int r;

	u->site = site;
	if (until_open_bus(&bus, site, fault) < 0)
		return -1;
	r = bus_streams(bus, until_look_one, &x, fault);
	bus_close(bus);
	return r;
}

static bool
until_has(const struct until *u, struct str stream)
{
	char path[PATH_MAX];

	return (size_t)snprintf(path, sizeof path, "%s/bus/%.*s", u->site,
	    STR_ARG(stream)) < sizeof path && access(path, F_OK) == 0;
}

bool
until_wants(const struct until *u, const char *name)
{
	const char *slash;
	struct str stream;

	if (strncmp(name, "bus/", 4) != 0 ||
	    (slash = strchr(name + 4, '/')) == NULL ||
	    strlen(slash + 1) != BUS_SEGMENT_NAME - 1 ||
	    strcmp(slash + 21, ".ndjson") != 0)
		return false;
	stream = (struct str){ name + 4, (size_t)(slash - name) - 4 };
	return !until_is_made(u, stream) && until_has(u, stream) &&
	    (u->by_time || str_eq(stream, str_z(u->stream)));
}

/* ---- the cut ---- */

struct until_cut {
	const struct until *until;
	struct bus *bus;
	const struct database_positions *stores;
};

/* a store that has lines after it would keep them */
static int
until_check_stores(const struct until_cut *c, const char *stream,
    uint64_t seq, struct fault *fault)
{
	const struct database_position *p;
	size_t i, n = strlen(stream);

	for (i = 0; i < c->stores->n; i++) {
		p = &c->stores->v[i];
		if (strncmp(p->source, stream, n) == 0 &&
		    p->source[n] == '/' && p->seq > seq)
			return fault_set(fault, EX_DATAERR, "%s has %s up to "
			    "%llu, and that moment is %llu: restore an "
			    "earlier backup", p->store, stream, LLU(p->seq),
			    LLU(seq));
	}
	return 0;
}

/* The segment ends at a whole line.  It is the newest then, which grows. */
static int
until_shorten(const char *path, uint64_t bytes, struct fault *fault)
{
	char chunk[4096];
	uint64_t size = bytes, n;
	int fd, r = -1;

	if (chmod(path, 0600) < 0 ||
	    (fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return fault_errno(fault, 0, "%s", path);
	while (size > 0) {
		n = size < sizeof chunk ? size : sizeof chunk;
		if (pread(fd, chunk, (size_t)n, (off_t)(size - n)) !=
		    (ssize_t)n)
			break;
		while (n > 0 && chunk[n - 1] != '\n') {
			n--;
			size--;
		}
		if (n > 0)
			break;
	}
	r = ftruncate(fd, (off_t)size);
	if (r < 0)
		fault_errno(fault, 0, "%s", path);
	close(fd);
	return r;
}

static int
until_cut_segments(const struct until_cut *c, const struct bus_cut_stream *s,
    uint64_t seq, struct fault *fault)
{
	char path[PATH_MAX], name[BUS_SEGMENT_NAME];
	const struct bus_cut_segment *x;
	size_t i;

	for (i = 0; i < s->n_segments; i++) {
		x = &s->segments[i];
		if (x->first + x->bytes <= seq)
			continue;
		bus_cut_segment_name(name, x->first);
		snprintf(path, sizeof path, "%s/%s/%s", bus_name(c->bus),
		    s->name, name);
		if (x->first >= seq ? unlink(path) < 0 &&
		    fault_errno(fault, 0, "%s", path) < 0 :
		    until_shorten(path, seq - x->first, fault) < 0)
			return -1;
	}
	return 0;
}

static int
until_cut_groups(const struct until_cut *c, const struct bus_cut_stream *s,
    uint64_t seq, struct fault *fault)
{
	struct bus_group *g;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < s->n_files; i++) {
		if (!s->files[i].is_group || s->files[i].seq <= seq)
			continue;
		if (bus_group_open(&g, c->bus, s->name, s->files[i].name + 7,
		    fault) < 0)
			return -1;
		r = bus_group_set(g, seq, fault);
		bus_group_close(g);
	}
	return r;
}

static int
until_cut_stream(const struct until_cut *c, const struct bus_cut_stream *s,
    struct fault *fault)
{
	struct bus_where where = { .by_time = true, .time = c->until->time };
	uint64_t seq = c->until->seq;

	if (until_is_made(c->until, str_z(s->name)) || (!c->until->by_time &&
	    strcmp(s->name, c->until->stream) != 0))
		return 0;
	if (c->until->by_time &&
	    bus_where_find(c->bus, s->name, &where, &seq, fault) < 0)
		return -1;
	if (seq >= s->end)
		return 0;
	if (until_check_stores(c, s->name, seq, fault) < 0 ||
	    until_cut_segments(c, s, seq, fault) < 0)
		return -1;
	return until_cut_groups(c, s, seq, fault);
}

static int
until_stores(struct database_positions *p, const char *site,
    const struct manifest *m, struct fault *fault)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < m->n; i++) {
		if ((size_t)snprintf(path, sizeof path, "%s/%s", site,
		    m->files[i]->name) >= sizeof path)
			return fault_set(fault, EX_USAGE, "%s: path too long",
			    site);
		if (strncmp(m->files[i]->name, "bus/", 4) != 0 &&
		    database_positions_of(p, path, m->files[i]->name,
		    fault) < 0)
			return -1;
	}
	return 0;
}

int
until_cut(const struct until *u, const char *site, const struct manifest *m,
    struct fault *fault)
{
	struct database_positions stores = { .n = 0 };
	struct until_cut c = { .until = u, .stores = &stores };
	struct bus_cut streams = { .n = 0 };
	size_t i;
	int r;

	if (until_open_bus(&c.bus, site, fault) < 0)
		return -1;
	r = until_stores(&stores, site, m, fault);
	if (r == 0)
		r = bus_cut(&streams, c.bus, fault);
	for (i = 0; r == 0 && i < streams.n; i++)
		r = until_cut_stream(&c, &streams.streams[i], fault);
	bus_cut_release(&streams);
	database_positions_release(&stores);
	bus_close(c.bus);
	return r;
}
