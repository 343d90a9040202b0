/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup/under.h"
#include "base/file.h"

/* ---- writing ---- */

int
archive_out_tar(struct archive_out *a, int fd, const char *name,
    const struct seal_key *key, bool compressed, struct fault *fault)
{
	*a = (struct archive_out){ .name = name, .fd = fd, .file = -1 };
	return seal_out_open(&a->out, fd, name, key, compressed, fault);
}

int
archive_out_tree(struct archive_out *a, int dir, const char *name,
    const struct seal_key *key, struct fault *fault)
{
	(void)fault;
	*a = (struct archive_out){
		.name = name, .tree = true, .fd = dir, .key = key, .file = -1
	};
	return 0;
}

int
archive_out_begin(struct archive_out *a, const struct member *m,
    struct fault *fault)
{
	a->member = *m;
	a->left = m->size;
	if (!a->tree)
		return tar_out_begin(&a->out, m, fault);
	if ((a->file = under_make(a->fd, m->name)) < 0)
		return fault_errno(fault, 0, "%s/%s", a->name, m->name);
	return seal_out_open(&a->out, a->file, a->name, a->key, false, fault);
}

int
archive_out_put(struct archive_out *a, const void *p, size_t n,
    struct fault *fault)
{
	if (n > a->left)
		return fault_set(fault, EX_SOFTWARE, "%s: more bytes than the "
		    "size", a->member.name);
	a->left -= n;
	return seal_out_put(&a->out, p, n, fault);
}

/* a mode that lets its owner write would let a hand change what other backups
 * have as well */
static int
archive_end_file(struct archive_out *a, struct fault *fault)
{
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT }, { .tv_sec = (time_t)a->member.time }
	};
	int r = seal_out_end(&a->out, fault);

	if (r == 0 && (fchmod(a->file, 0400) < 0 ||
	    futimens(a->file, times) < 0))
		r = fault_errno(fault, 0, "%s/%s", a->name, a->member.name);
	seal_out_release(&a->out);
	close(a->file);
	a->file = -1;
	return r;
}

int
archive_out_end(struct archive_out *a, struct fault *fault)
{
	if (a->left > 0)
		return fault_set(fault, EX_SOFTWARE, "%s: fewer bytes than "
		    "the size", a->member.name);
	return a->tree ? archive_end_file(a, fault) :
	    tar_out_end(&a->out, &a->member, fault);
}

int
archive_out_link(struct archive_out *a, const char *member, int other,
    struct fault *fault)
{
	const char *last, *from_last;
	int from, to = -1, r = 0;

	if (!a->tree)
		return 0;
	from = under_parent(other, member, false, &from_last);
	if (from < 0 || (to = under_parent(a->fd, member, true, &last)) < 0)
		r = fault_errno(fault, 0, "%s/%s", a->name, member);
	else if (linkat(from, from_last, to, last, 0) == 0)
		r = 1;
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return r;
}

int
archive_out_finish(struct archive_out *a, struct fault *fault)
{
	if (a->tree)
		return 0;
	if (tar_out_finish(&a->out, fault) < 0)
		return -1;
	return seal_out_end(&a->out, fault);
}

void
archive_out_release(struct archive_out *a)
{
	if (!a->tree || a->file >= 0)
		seal_out_release(&a->out);
	if (a->file >= 0)
		close(a->file);
	a->file = -1;
}

/* ---- reading ---- */

static int
archive_open_file(struct archive_in *a, const char *name, struct fault *fault)
{
	struct stat st;

	if ((a->file = under_open(a->fd, name)) < 0)
		return fault_errno(fault, EX_DATAERR, "%s/%s", a->name, name);
	if (fstat(a->file, &st) < 0 || !S_ISREG(st.st_mode))
		return fault_set(fault, EX_DATAERR, "%s/%s: not a file",
		    a->name, name);
	if (seal_in_open(&a->in, a->file, a->name, a->key, fault) < 0)
		return -1;
	a->sealed = a->in.sealed;
	return 0;
}

static void
archive_close_file(struct archive_in *a)
{
	if (a->file < 0)
		return;
	seal_in_release(&a->in);
	close(a->file);
	a->file = -1;
}

static int
archive_tree_manifest(struct archive_in *a, struct buf *text,
    struct fault *fault)
{
	int64_t got;
	char *room;
	int r = archive_open_file(a, ARCHIVE_MANIFEST, fault);

	while (r == 0) {
		if ((room = buf_room(text, SEAL_BLOCK)) == NULL) {
			r = fault_set(fault, EX_DATAERR,
			    "%s: the manifest is too long", a->name);
			break;
		}
		if ((got = seal_in_read(&a->in, room, SEAL_BLOCK, fault)) < 0)
			r = -1;
		else
			text->n += (size_t)got;
		if (got < (int64_t)SEAL_BLOCK)
			break;
	}
	archive_close_file(a);
	return r < 0 ? -1 : manifest_read(&a->manifest, buf_str(text), a->name,
	    fault);
}

static int
archive_open_tree(struct archive_in *a, struct fault *fault)
{
	struct buf text;
	int r;

	a->tree = true;
	buf_init(&text, MANIFEST_MAX);
	r = archive_tree_manifest(a, &text, fault);
	buf_release(&text);
	return r;
}

int
archive_in_open(struct archive_in *a, const char *path,
    const struct seal_key *key, struct fault *fault)
{
	bool input = strcmp(path, "-") == 0;
	struct stat st;
	int r;

	*a = (struct archive_in){
		.name = input ? "<stdin>" : path, .key = key, .file = -1
	};
	manifest_init(&a->manifest);
	a->fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
	    open(path, O_RDONLY | O_CLOEXEC);
	if (a->fd < 0 || fstat(a->fd, &st) < 0) {
		fault_input(fault, a->name);
		r = -1;
	} else if (S_ISDIR(st.st_mode)) {
		r = archive_open_tree(a, fault);
	} else {
		a->tar = (struct tar_in){ .in = &a->in };
		r = seal_in_open(&a->in, a->fd, a->name, key, fault);
		a->sealed = a->in.sealed;
		if (r == 0)
			r = seal_in_unpack(&a->in, fault);
	}
	if (r < 0)
		archive_in_close(a);
	return r;
}

/* the files of a tree: the head, those of the manifest, the manifest */
static int
archive_next_of_tree(struct archive_in *a, struct member *m,
    struct fault *fault)
{
	struct manifest_file *f = NULL;
	struct stat st;

	archive_close_file(a);
	*m = (struct member){ .mode = 0600 };
	if (a->next > a->manifest.n + 1)
		return 0;
	if (a->next > 0 && a->next <= a->manifest.n) {
		f = a->manifest.files[a->next - 1];
		m->size = f->size;
		m->mode = f->mode;
	}
	snprintf(m->name, sizeof m->name, "%s%s", f ? ARCHIVE_SITE : "",
	    f ? f->name : a->next == 0 ? ARCHIVE_HEAD : ARCHIVE_MANIFEST);
	a->next++;
	if (archive_open_file(a, m->name, fault) < 0)
		return -1;
	/* the size of a file in clear; of others the manifest says it */
	if (!a->sealed && fstat(a->file, &st) == 0) {
		if (f != NULL && (uint64_t)st.st_size != f->size)
			return fault_set(fault, EX_DATAERR, "%s/%s: not as "
			    "long as the manifest says", a->name, m->name);
		m->size = (uint64_t)st.st_size;
	} else if (f == NULL) {
		m->size = MANIFEST_MAX;
	}
	a->left = m->size;
	return 1;
}

int
archive_in_next(struct archive_in *a, struct member *m, struct fault *fault)
{
	return a->tree ? archive_next_of_tree(a, m, fault) :
	    tar_in_next(&a->tar, m, fault);
}

int64_t
archive_in_read(struct archive_in *a, void *to, size_t n, struct fault *fault)
{
	int64_t got;

	if (!a->tree)
		return tar_in_read(&a->tar, to, n, fault);
	got = seal_in_read(&a->in, to, n < a->left ? n : (size_t)a->left,
	    fault);
	if (got > 0)
		a->left -= (uint64_t)got;
	return got;
}

int
archive_in_whole(struct archive_in *a, const struct member *m, struct buf *b,
    struct fault *fault)
{
	int64_t got;
	char *room;

	for (;;) {
		if ((room = buf_room(b, SEAL_BLOCK)) == NULL)
			return fault_set(fault, EX_DATAERR, "%s: %s: too long",
			    a->name, m->name);
		got = archive_in_read(a, room, SEAL_BLOCK, fault);
		if (got < 0)
			return -1;
		b->n += (size_t)got;
		if (got < (int64_t)SEAL_BLOCK)
			return 0;
	}
}

void
archive_in_close(struct archive_in *a)
{
	archive_close_file(a);
	if (!a->tree)
		seal_in_release(&a->in);
	manifest_release(&a->manifest);
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

int
archive_manifest(struct archive_in *a, struct manifest *to,
    struct fault *fault)
{
	struct member m;
	struct buf text;
	int r;

	while ((r = archive_in_next(a, &m, fault)) > 0)
		if (strcmp(m.name, ARCHIVE_MANIFEST) == 0)
			break;
	if (r == 0)
		return fault_set(fault, EX_DATAERR, "%s: it has no manifest, "
		    "so it is cut off or not a backup", a->name);
	buf_init(&text, MANIFEST_MAX);
	if (r > 0)
		r = archive_in_whole(a, &m, &text, fault);
	if (r == 0)
		r = manifest_read(to, buf_str(&text), a->name, fault);
	buf_release(&text);
	return r;
}
