/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/take.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup/database.h"
#include "backup/files.h"
#include "backup/parcel.h"
#include "backup/shelf.h"
#include "backup/under.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/signal.h"
#include "bus/cut.h"
#include "json/json.h"

#define REGISTRY "registry.db"

/* a backup under way */
struct work {
	struct take *take;
	char *home;
	struct bus *bus;
	struct files files;
	struct database_positions positions;
	struct database_hold *registry;
	struct bus_cut cut;
	struct parcel parcel;
	/* where it goes */
	bool tree;
	struct shelf shelf;
	int fd;			/* the tree's directory, or the tar */
	char tar[PATH_MAX];	/* while it is written; "": it is stdout */
	char temp[PATH_MAX];	/* a database's copy */
};

/* ---- databases ---- */

/* what killed processes have left there */
static void
take_clear_temps(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char *end;
	long pid;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (strncmp(e->d_name, FILES_OWN, strlen(FILES_OWN)) != 0)
			continue;
		pid = strtol(e->d_name + strlen(FILES_OWN), &end, 10);
		if (pid > 0 && *end == '.' && kill((pid_t)pid, 0) < 0 &&
		    errno == ESRCH)
			unlinkat(dirfd(dir), e->d_name, 0);
	}
	if (dir != NULL)
		closedir(dir);
}

static int
take_temp(struct work *w, struct fault *fault)
{
	const char *dir = w->take->temp, *slash = strrchr(w->tar, '/');
	char beside[PATH_MAX];

	if (dir == NULL && *w->tar == '\0')
		dir = w->tree ? w->take->to : w->home;
	if (dir == NULL) {
		snprintf(beside, sizeof beside, "%.*s",
		    slash ? (int)(slash + 1 - w->tar) : 1,
		    slash ? w->tar : ".");
		dir = beside;
	}
	if ((size_t)snprintf(w->temp, sizeof w->temp, "%s/" FILES_OWN "%ld.db",
	    dir, (long)getpid()) >= sizeof w->temp)
		return fault_set(fault, EX_USAGE, "--temp: path too long");
	take_clear_temps(dir);
	unlink(w->temp);
	return 0;
}

/* The copy has no name any more when it is read. */
static int
take_copy(struct work *w, const char *name, struct fault *fault)
{
	int fd = open(w->temp, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return fault_errno(fault, 0, "%s", w->temp);
	unlink(w->temp);
	r = parcel_open(&w->parcel, name, fd, fault);
	close(fd);
	return r;
}

static int
take_databases(struct work *w, struct fault *fault)
{
	const struct files_one *f;
	size_t i;

	for (i = 0; i < w->files.n; i++) {
		f = &w->files.v[i];
		if (f->kind != FILES_DATABASE || strcmp(f->name,
		    REGISTRY) == 0)
			continue;
		if (signal_stop())
			return fault_set(fault, EX_TEMPFAIL, "stopped");
		diag_info("%s: copying", f->path);
		if (database_copy(f->path, w->temp, &w->positions, f->name,
		    fault) < 0 || take_copy(w, f->name, fault) < 0)
			return -1;
	}
	return 0;
}

/* ---- the moment ---- */

static const char *
take_registry_path(const struct work *w)
{
	size_t i;

	for (i = 0; i < w->files.n; i++)
		if (strcmp(w->files.v[i].name, REGISTRY) == 0)
			return w->files.v[i].kind == FILES_DATABASE ?
			    w->files.v[i].path : NULL;
	return NULL;
}

static void
take_put_note(struct buf *b, const char *key, const char *stream,
    const char *group)
{
	buf_printf(b, "{\"%s\":\"%s%s%s\"", key, stream, *group ? "/" : "",
	    group);
}

/* Where its store is, when that is behind it: a sink then needs not move it.
 * A store that is older than the stream is not the group's. */
static void
take_place_group(struct work *w, struct bus_cut_stream *s,
    struct bus_cut_file *f)
{
	struct buf *b = &w->parcel.manifest.notes;
	const struct database_position *at;
	char source[sizeof at->source];

	snprintf(source, sizeof source, "%s/%s", s->name, f->name + 7);
	at = database_position_find(&w->positions, source);
	if (at != NULL && at->seq < f->seq && !f->sought &&
	    s->n_segments > 0 && at->seq >= s->segments[0].first)
		f->seq = at->seq;
	take_put_note(b, "group", s->name, f->name + 7);
	buf_printf(b, ",\"seq\":%llu", (unsigned long long)f->seq);
	if (at != NULL) {
		buf_puts(b, ",\"store\":");
		json_put_string(b, str_z(at->store));
	}
	buf_puts(b, "}\n");
}

static void
take_note_stream(struct work *w, struct bus_cut_stream *s)
{
	struct buf *b = &w->parcel.manifest.notes;
	size_t i;

	take_put_note(b, "stream", s->name, "");
	buf_printf(b, ",\"first\":%llu,\"end\":%llu}\n",
	    (unsigned long long)(s->n_segments ? s->segments[0].first : 0),
	    (unsigned long long)s->end);
	for (i = 0; i < s->n_files; i++)
		if (s->files[i].is_group)
			take_place_group(w, s, &s->files[i]);
}

/* A bus that servers keep has its own tools; here is where its groups are. */
struct take_server {
	struct work *w;
	const char *stream;
};

static void
take_note_group(void *arg, const char *group, uint64_t seq, const char *bad)
{
	struct take_server *t = arg;
	struct buf *b = &t->w->parcel.manifest.notes;

	if (bad != NULL)
		return;
	take_put_note(b, "group", t->stream, group);
	buf_printf(b, ",\"seq\":%llu}\n", (unsigned long long)seq);
}

static int
take_note_server(void *arg, const char *stream, struct fault *fault)
{
	struct take_server t = { arg, stream };

	return bus_groups(t.w->bus, stream, take_note_group, &t, fault);
}

static int
take_bus(struct work *w, struct fault *fault)
{
	size_t i;

	if (bus_waits(w->bus)) {
		diag_warning("%s: the lines of this bus are not in the "
		    "backup: use the tools of its servers, or mfx-bus mirror",
		    bus_name(w->bus));
		return bus_streams(w->bus, take_note_server, w, fault);
	}
	if (bus_cut(&w->cut, w->bus, fault) < 0)
		return -1;
	for (i = 0; i < w->cut.n; i++)
		take_note_stream(w, &w->cut.streams[i]);
	return 0;
}

static int
take_moment(struct work *w, struct fault *fault)
{
	const char *registry = take_registry_path(w);

	if (registry == NULL)
		return take_bus(w, fault);
	if (database_hold(&w->registry, registry, fault) < 0 ||
	    take_bus(w, fault) < 0 ||
	    database_hold_free(w->registry, fault) < 0 ||
	    database_hold_copy(w->registry, w->temp, fault) < 0)
		return -1;
	database_hold_end(w->registry);
	w->registry = NULL;
	return take_copy(w, REGISTRY, fault);
}

/* ---- files ---- */

static int
take_file(struct work *w, const struct files_one *f, struct fault *fault)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC), r;

	/* one that has just been removed */
	if (fd < 0)
		return errno == ENOENT ? 0 : fault_errno(fault, 0, "%s",
		    f->path);
	r = parcel_open(&w->parcel, f->name, fd, fault);
	close(fd);
	return r;
}

static int
take_files(struct work *w, struct fault *fault)
{
	size_t i;

	for (i = 0; i < w->files.n; i++)
		if (w->files.v[i].kind == FILES_PLAIN &&
		    take_file(w, &w->files.v[i], fault) < 0)
			return -1;
	return 0;
}

/* ---- the bus ---- */

static int
take_group(struct work *w, const char *name, const struct bus_cut_file *f,
    struct fault *fault)
{
	struct parcel_file x = { .name = name, .mode = 0600 };
	char text[24];

	x.changed = w->parcel.manifest.time;
	x.size = (uint64_t)snprintf(text, sizeof text, "%llu\n",
	    (unsigned long long)f->seq);
	return parcel_bytes(&w->parcel, &x, str_z(text), fault);
}

static int
take_groups(struct work *w, const struct bus_cut_stream *s,
    struct fault *fault)
{
	char name[MEMBER_NAME_MAX];
	size_t i;

	for (i = 0; i < s->n_files; i++) {
		snprintf(name, sizeof name, "bus/%s/%s", s->name,
		    s->files[i].name);
		if ((s->files[i].is_group ?
		    take_group(w, name, &s->files[i], fault) :
		    parcel_open(&w->parcel, name, s->files[i].fd, fault)) < 0)
			return -1;
	}
	return 0;
}

/* the position from which some group still needs the lines */
static uint64_t
take_needed(const struct bus_cut_stream *s)
{
	uint64_t needed = UINT64_MAX;
	size_t i;

	for (i = 0; i < s->n_files; i++)
		if (s->files[i].is_group && s->files[i].seq < needed)
			needed = s->files[i].seq;
	return needed;
}

static int
take_open_segment(const struct work *w, const char *name,
    struct fault *fault)
{
	char path[PATH_MAX];
	int fd;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", bus_name(w->bus),
	    name + 4) >= sizeof path)
		return fault_set(fault, EX_CONFIG, "%s: path too long", name);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : fault_errno(fault, errno == ENOENT ?
	    EX_NOINPUT : 0, "%s", path);
}

/* 1; 0: it has been pruned since */
static int
take_segment(struct work *w, const struct bus_cut_stream *s,
    const struct bus_cut_segment *x, struct fault *fault)
{
	char name[MEMBER_NAME_MAX], last[BUS_SEGMENT_NAME];
	struct parcel_file f = {
		.name = name, .size = x->bytes, .changed = x->changed,
		.mode = x->sealed ? 0400 : 0600
	};
	int fd, r;

	bus_cut_segment_name(last, x->first);
	snprintf(name, sizeof name, "bus/%s/%s", s->name, last);
	if (x->sealed && (r = parcel_again(&w->parcel, &f, fault)) != 0)
		return r;
	if ((fd = take_open_segment(w, name, fault)) < 0)
		return fault->status == EX_NOINPUT ? 0 : -1;
	r = parcel_fd(&w->parcel, &f, fd, fault);
	close(fd);
	return r < 0 ? -1 : 1;
}

/* From the newest on: what is pruned meanwhile is at the other end. */
static int
take_stream(struct work *w, const struct bus_cut_stream *s,
    struct fault *fault)
{
	uint64_t needed = take_needed(s);
	size_t i;
	int r;

	for (i = s->n_segments; i > 0; i--) {
		if (signal_stop())
			return fault_set(fault, EX_TEMPFAIL, "stopped");
		r = take_segment(w, s, &s->segments[i - 1], fault);
		if (r > 0)
			continue;
		if (r < 0)
			return -1;
		if (s->segments[i - 1].first + s->segments[i - 1].bytes >
		    needed)
			return fault_set(fault, EX_TEMPFAIL, "%s: lines that "
			    "a group needs were pruned meanwhile; try again",
			    s->name);
		return 0;
	}
	return 0;
}

static int
take_streams(struct work *w, struct fault *fault)
{
	size_t i;

	for (i = 0; i < w->cut.n; i++)
		if (take_groups(w, &w->cut.streams[i], fault) < 0 ||
		    take_stream(w, &w->cut.streams[i], fault) < 0)
			return -1;
	return 0;
}

/* ---- where it goes ---- */

bool
take_is_tar(const char *to)
{
	return strcmp(to, "-") == 0 || files_ends(to, ".tar") ||
	    files_ends(to, ".tar.zst");
}

static int
take_base(struct work *w, const char *path, struct fault *fault)
{
	struct archive_in in;
	int r;

	if (archive_in_open(&in, path, w->take->key, fault) < 0)
		return -1;
	r = archive_manifest(&in, &w->parcel.base, fault);
	/* what is shared has to be sealed alike */
	if (r == 0 && in.sealed != (w->take->key != NULL))
		r = fault_set(fault, EX_CONFIG, "%s: it is %s, unlike this "
		    "backup", path, in.sealed ? "sealed" : "in clear");
	w->parcel.has_base = r == 0;
	if (w->parcel.has_base && in.tree)
		w->parcel.base_tree = open(path, O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC);
	archive_in_close(&in);
	return r;
}

/* One that can't be read is not built upon. */
static void
take_last_base(struct work *w)
{
	struct fault fault;
	char *path;

	if (w->shelf.n == 0)
		return;
	path = shelf_path(&w->shelf, w->shelf.n - 1);
	if (take_base(w, path, &fault) < 0)
		diag_warning("%s; all of the bus is copied", fault.text);
	free(path);
}

static int
take_open_tree(struct work *w, struct fault *fault)
{
	struct take *t = w->take;

	if (shelf_open(&w->shelf, t->to, true, fault) < 0)
		return -1;
	if (w->shelf.n > 0 && strcmp(w->shelf.ids[w->shelf.n - 1],
	    w->parcel.manifest.id) >= 0)
		return fault_set(fault, EX_TEMPFAIL, "%s: there is a backup of "
		    "a later time, %s: set the clock, or remove it", t->to,
		    w->shelf.ids[w->shelf.n - 1]);
	if (t->since == NULL)
		take_last_base(w);
	w->fd = shelf_stage(&w->shelf, w->parcel.manifest.id, fault);
	if (w->fd < 0)
		return -1;
	return archive_out_tree(&w->parcel.out, w->fd, t->to, t->key, fault);
}

static int
take_open_tar(struct work *w, struct fault *fault)
{
	const char *to = w->take->to;

	if (access(to, F_OK) == 0)
		return fault_set(fault, EX_CANTCREAT, "%s: it exists; a "
		    "backup replaces nothing", to);
	if ((size_t)snprintf(w->tar, sizeof w->tar, "%s.new", to) >=
	    sizeof w->tar)
		return fault_set(fault, EX_USAGE, "%s: path too long", to);
	if ((w->fd = file_open(w->tar, O_RDWR)) < 0)
		return fault_errno(fault, 0, "%s", w->tar);
	if (flock(w->fd, LOCK_EX | LOCK_NB) < 0) {
		/* it is another process's */
		*w->tar = '\0';
		return fault_set(fault, EX_TEMPFAIL, "%s: another backup is "
		    "being made there", to);
	}
	if (ftruncate(w->fd, 0) < 0)
		return fault_errno(fault, 0, "%s", w->tar);
	return archive_out_tar(&w->parcel.out, w->fd, to, w->take->key,
	    w->take->compressed || files_ends(to, ".zst"), fault);
}

static int
take_open(struct work *w, struct fault *fault)
{
	const char *to = w->take->to;

	if (w->take->since != NULL && take_base(w, w->take->since, fault) < 0)
		return -1;
	w->tree = !take_is_tar(to);
	if (w->tree)
		return take_open_tree(w, fault);
	if (strcmp(to, "-") != 0)
		return take_open_tar(w, fault);
	return archive_out_tar(&w->parcel.out, STDOUT_FILENO, "<stdout>",
	    w->take->key, w->take->compressed, fault);
}

/* The name comes last, when everything is on the disk. */
static int
take_close(struct work *w, struct fault *fault)
{
	struct take *t = w->take;

	if (w->tree) {
		if (under_sync(w->fd) < 0)
			return fault_errno(fault, 0, "%s", t->to);
		if (shelf_put(&w->shelf, w->parcel.manifest.id, fault) < 0)
			return -1;
		return t->keep > 0 ? shelf_keep(&w->shelf, (size_t)t->keep,
		    fault) : 0;
	}
	if (*w->tar == '\0')
		return 0;
	if (fsync(w->fd) < 0 || rename(w->tar, t->to) < 0)
		return fault_errno(fault, 0, "%s", t->to);
	*w->tar = '\0';
	return 0;
}

/* ---- all of it ---- */

static void
take_note_omitted(struct work *w)
{
	struct buf *b = &w->parcel.manifest.notes;
	size_t i;

	for (i = 0; i < w->files.n_omitted; i++) {
		buf_puts(b, "{\"omitted\":");
		json_put_string(b, str_z(w->files.omitted[i]));
		buf_puts(b, "}\n");
		diag_warning("%s: not in a backup in clear: keep it elsewhere, "
		    "or seal the backup with --key", w->files.omitted[i]);
	}
}

static int
take_find(struct work *w, struct fault *fault)
{
	const struct take *t = w->take;
	int i, r;

	if (access(w->home, R_OK | X_OK) < 0)
		return fault_input(fault, w->home);
	w->files.sealed = t->key != NULL;
	if (!bus_waits(w->bus))
		files_leave_out(&w->files, bus_name(w->bus));
	if (w->tree)
		files_leave_out(&w->files, t->to);
	r = files_of_site(&w->files, w->home, fault);
	for (i = 0; r == 0 && i < t->stores->n; i++)
		r = files_of_path(&w->files, t->stores->v[i], true, fault);
	for (i = 0; r == 0 && i < t->config->n; i++)
		r = files_of_path(&w->files, t->config->v[i], false, fault);
	files_sort(&w->files);
	return r;
}

static int
take_all(struct work *w, struct fault *fault)
{
	if (bus_open(&w->bus, NULL, fault) < 0 || take_open(w, fault) < 0 ||
	    take_temp(w, fault) < 0 || take_find(w, fault) < 0)
		return -1;
	take_note_omitted(w);
	if (parcel_head(&w->parcel, fault) < 0 ||
	    take_databases(w, fault) < 0 || take_moment(w, fault) < 0 ||
	    take_files(w, fault) < 0 || take_streams(w, fault) < 0)
		return -1;
	if (w->parcel.manifest.notes.full)
		return fault_set(fault, EX_DATAERR, "too many groups");
	return parcel_manifest(&w->parcel, fault);
}

static void
take_clean(struct work *w, int r)
{
	/* its thread writes to the fd that is closed below */
	archive_out_release(&w->parcel.out);
	if (w->tree && r < 0 && w->fd >= 0)
		shelf_drop(&w->shelf, w->parcel.manifest.id);
	if (*w->tar != '\0')
		unlink(w->tar);
	if (*w->temp != '\0')
		unlink(w->temp);
	if (w->fd >= 0)
		close(w->fd);
	shelf_close(&w->shelf);
	parcel_release(&w->parcel);
	database_hold_end(w->registry);
	database_positions_release(&w->positions);
	bus_cut_release(&w->cut);
	files_release(&w->files);
	bus_close(w->bus);
	free(w->home);
}

int
take_backup(struct take *t, struct fault *fault)
{
	struct work w = {
		.take = t, .home = home_path(""), .fd = -1,
		.shelf = { .fd = -1 }
	};
	int r;

	parcel_init(&w.parcel);
	w.parcel.out.file = -1;
	manifest_begin(&w.parcel.manifest, stamp_now());
	snprintf(t->id, sizeof t->id, "%s", w.parcel.manifest.id);
	r = take_all(&w, fault);
	if (r == 0)
		r = take_close(&w, fault);
	t->files = w.parcel.manifest.n;
	t->bytes = w.parcel.manifest.bytes;
	t->new_bytes = w.parcel.new_bytes;
	take_clean(&w, r);
	return r;
}
