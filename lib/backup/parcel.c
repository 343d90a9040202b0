/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/parcel.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup/sum.h"
#include "base/memory.h"
#include "base/signal.h"

#define CHUNK ((size_t)256 << 10)

void
parcel_init(struct parcel *p)
{
	*p = (struct parcel){
		.base_tree = -1,
		.chunks = { memory_get(CHUNK), memory_get(CHUNK) }
	};
	manifest_init(&p->manifest);
	manifest_init(&p->base);
}

void
parcel_release(struct parcel *p)
{
	manifest_release(&p->manifest);
	manifest_release(&p->base);
	if (p->base_tree >= 0)
		close(p->base_tree);
	sum_free(p->sum);
	free(p->chunks[0]);
	free(p->chunks[1]);
}

static int
parcel_note(struct parcel *p, const struct parcel_file *f,
    struct manifest_file **out, struct fault *fault)
{
	struct manifest_file *x = p->manifest.n < MANIFEST_FILES_MAX ?
	    manifest_add(&p->manifest, str_z(f->name)) : NULL;

	if (x == NULL)
		return fault_set(fault, EX_DATAERR, "%s: %s", f->name,
		    p->manifest.n < MANIFEST_FILES_MAX ?
		    "it is in the backup twice" : "too many files");
	x->size = f->size;
	x->mode = f->mode & 0777;
	x->changed = f->changed;
	p->manifest.bytes += f->size;
	*out = x;
	return 0;
}

static int
parcel_begin(struct parcel *p, const struct parcel_file *f, const char *under,
    struct fault *fault)
{
	struct member m = {
		.size = f->size, .mode = f->mode & 0777,
		.time = f->changed.ns / STAMP_SECOND
	};

	if ((size_t)snprintf(m.name, sizeof m.name, "%s%s", under, f->name) >=
	    sizeof m.name)
		return fault_set(fault, EX_DATAERR, "%s: name too long",
		    f->name);
	p->new_bytes += f->size;
	return archive_out_begin(&p->out, &m, fault);
}

static int64_t
parcel_take(int fd, char *to, uint64_t left)
{
	size_t want = left < CHUNK ? (size_t)left : CHUNK;
	ssize_t got;

	do
		got = read(fd, to, want);
	while (got < 0 && errno == EINTR);
	return got;
}

static int
parcel_copy(struct parcel *p, const struct parcel_file *f, int fd,
    struct fault *fault)
{
	uint64_t left = f->size;
	int64_t got;
	int i = 0;

	for (; left > 0; left -= (uint64_t)got, i = !i) {
		if (signal_stop())
			return fault_set(fault, EX_TEMPFAIL, "stopped");
		got = parcel_take(fd, p->chunks[i], left);
		if (got < 0)
			return fault_errno(fault, EX_IOERR, "%s", f->name);
		if (got == 0)
			return fault_set(fault, EX_TEMPFAIL, "%s: it became "
			    "shorter while it was read; try again", f->name);
		sum_add(p->sum, p->chunks[i], (size_t)got);
		if (archive_out_put(&p->out, p->chunks[i], (size_t)got,
		    fault) < 0)
			return -1;
	}
	return 0;
}

int
parcel_fd(struct parcel *p, const struct parcel_file *f, int fd,
    struct fault *fault)
{
	struct manifest_file *x;
	int r;

	if (parcel_note(p, f, &x, fault) < 0 ||
	    parcel_begin(p, f, ARCHIVE_SITE, fault) < 0)
		return -1;
	if (p->sum == NULL)
		p->sum = sum_new();
	sum_begin(p->sum);
	r = parcel_copy(p, f, fd, fault);
	sum_end(p->sum, x->sum);
	return r < 0 ? -1 : archive_out_end(&p->out, fault);
}

int
parcel_bytes(struct parcel *p, const struct parcel_file *f, struct str bytes,
    struct fault *fault)
{
	struct manifest_file *x;

	if (parcel_note(p, f, &x, fault) < 0 ||
	    parcel_begin(p, f, ARCHIVE_SITE, fault) < 0 ||
	    archive_out_put(&p->out, bytes.p, bytes.n, fault) < 0)
		return -1;
	crypto_generichash(x->sum, sizeof x->sum,
	    (const unsigned char *)bytes.p, bytes.n, NULL, 0);
	return archive_out_end(&p->out, fault);
}

int
parcel_open(struct parcel *p, const char *name, int fd, struct fault *fault)
{
	struct parcel_file f = { .name = name };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fault_errno(fault, 0, "%s", name);
	f.size = (uint64_t)st.st_size;
	f.mode = st.st_mode & 0777;
	f.changed.ns = (int64_t)st.st_mtim.tv_sec * STAMP_SECOND +
	    st.st_mtim.tv_nsec;
	return parcel_fd(p, &f, fd, fault);
}

int
parcel_again(struct parcel *p, const struct parcel_file *f, struct fault *fault)
{
	struct manifest_file *x, *old = p->has_base ?
	    manifest_find(&p->base, str_z(f->name)) : NULL;
	char member[MEMBER_NAME_MAX + 1];
	int linked;

	if (old == NULL || old->size != f->size ||
	    old->mode != (f->mode & 0777) || old->changed.ns != f->changed.ns)
		return 0;
	if (p->out.tree) {
		snprintf(member, sizeof member, ARCHIVE_SITE "%s", f->name);
		linked = p->base_tree < 0 ? 0 : archive_out_link(&p->out,
		    member, p->base_tree, fault);
		if (linked <= 0)
			return linked;
	}
	if (parcel_note(p, f, &x, fault) < 0)
		return -1;
	memcpy(x->sum, old->sum, sizeof x->sum);
	if (!p->out.tree)
		snprintf(x->at, sizeof x->at, "%s", old->at[0] ? old->at :
		    p->base.id);
	return 1;
}

/* a file of the backup itself */
static int
parcel_own(struct parcel *p, const char *name, struct buf *text,
    struct fault *fault)
{
	struct parcel_file f = {
		.name = name, .size = text->n, .mode = 0400,
		.changed = p->manifest.time
	};

	if (text->full)
		return fault_set(fault, EX_DATAERR, "the manifest is too "
		    "long");
	if (parcel_begin(p, &f, "", fault) < 0 ||
	    archive_out_put(&p->out, text->p, text->n, fault) < 0)
		return -1;
	return archive_out_end(&p->out, fault);
}

int
parcel_head(struct parcel *p, struct fault *fault)
{
	struct buf text;
	int r;

	buf_init(&text, 4096);
	manifest_put_head(&p->manifest, &text);
	r = parcel_own(p, ARCHIVE_HEAD, &text, fault);
	buf_release(&text);
	return r;
}

int
parcel_manifest(struct parcel *p, struct fault *fault)
{
	struct buf text;
	int r;

	buf_init(&text, MANIFEST_MAX);
	manifest_put(&p->manifest, &text);
	r = parcel_own(p, ARCHIVE_MANIFEST, &text, fault);
	buf_release(&text);
	return r < 0 ? -1 : archive_out_finish(&p->out, fault);
}
