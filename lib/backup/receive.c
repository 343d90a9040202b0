/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/receive.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup/under.h"
#include "base/memory.h"
#include "base/out.h"
#include "base/signal.h"

#define CHUNK ((size_t)256 << 10)
/* of the first file, which is a line */
#define HEAD_MAX (SEAL_BLOCK + 4096)

/* a backup that is being read */
struct receiving {
	struct receive *r;
	struct archive_in in;
	struct buf head;	/* its first file */
	struct manifest got;	/* what has come; of a base, not used */
	char *chunk;
};

static int
receive_refuse(const struct receiving *x, const char *name, const char *what,
    struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "%s: %s: %s", x->in.name, name,
	    what);
}

/* ---- a file ---- */

static int
receive_bytes(struct receiving *x, const struct member *m, int to,
    unsigned char sum[MANIFEST_SUM_BYTES], struct fault *fault)
{
	crypto_generichash_state state;
	uint64_t left = m->size;
	int64_t got;

	crypto_generichash_init(&state, NULL, 0, MANIFEST_SUM_BYTES);
	for (; left > 0; left -= (uint64_t)got) {
		if (signal_stop())
			return fault_set(fault, EX_TEMPFAIL, "stopped");
		got = archive_in_read(&x->in, x->chunk, CHUNK, fault);
		if (got < 0)
			return -1;
		if (got == 0)
			return receive_refuse(x, m->name, "cut off", fault);
		crypto_generichash_update(&state,
		    (const unsigned char *)x->chunk,
		    (unsigned long long)got);
		if (to >= 0 && write_all(to, x->chunk, (size_t)got) < 0)
			return fault_errno(fault, 0, "%s", m->name);
	}
	crypto_generichash_final(&state, sum, MANIFEST_SUM_BYTES);
	return 0;
}

static bool
receive_puts(const struct receive *r, const char *name)
{
	return r->dir >= 0 && (r->wants == NULL || r->wants(r->arg, name));
}

static int
receive_make(const struct receive *r, const char *name, struct fault *fault)
{
	const char *last;
	int fd, parent;

	if (r->wants != NULL && (parent = under_parent(r->dir, name, false,
	    &last)) >= 0) {
		unlinkat(parent, last, 0);
		close(parent);
	}
	fd = under_make(r->dir, name);
	return fd >= 0 ? fd : fault_errno(fault, 0, "%s", name);
}

static int
receive_file(struct receiving *x, const struct member *m,
    unsigned char sum[MANIFEST_SUM_BYTES], struct fault *fault)
{
	const char *name = m->name + strlen(ARCHIVE_SITE);
	int to = -1, r;

	if (receive_puts(x->r, name) &&
	    (to = receive_make(x->r, name, fault)) < 0)
		return -1;
	r = receive_bytes(x, m, to, sum, fault);
	if (to >= 0 && close(to) < 0 && r == 0)
		r = fault_errno(fault, 0, "%s", name);
	return r;
}

/* the mode and the time that the manifest says; a caller could not read a file
 * that it may not write */
static int
receive_finish_file(const struct receive *r, const struct manifest_file *f,
    struct fault *fault)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, {
		.tv_sec = (time_t)(f->changed.ns / STAMP_SECOND),
		.tv_nsec = (long)(f->changed.ns % STAMP_SECOND)
	} };
	int fd, result = 0;

	if (!receive_puts(r, f->name))
		return 0;
	if (times[1].tv_nsec < 0) {
		times[1].tv_sec--;
		times[1].tv_nsec += STAMP_SECOND;
	}
	if ((fd = under_open(r->dir, f->name)) < 0)
		return fault_errno(fault, 0, "%s", f->name);
	/* nobody else: what a site has is secret */
	if (fchmod(fd, f->mode & 0700) < 0 || futimens(fd, times) < 0)
		result = fault_errno(fault, 0, "%s", f->name);
	close(fd);
	return result;
}

/* ---- the backup itself ---- */

static int
receive_head(struct receiving *x, struct fault *fault)
{
	struct member m;
	int r = archive_in_next(&x->in, &m, fault);

	if (r < 0)
		return -1;
	if (r == 0 || strcmp(m.name, ARCHIVE_HEAD) != 0)
		return receive_refuse(x, r ? m.name : ARCHIVE_HEAD,
		    "not a backup: it begins otherwise", fault);
	return archive_in_whole(&x->in, &m, &x->head, fault);
}

static int
receive_add(struct receiving *x, const struct member *m, struct fault *fault)
{
	struct manifest_file *f;

	if (strncmp(m->name, ARCHIVE_SITE, strlen(ARCHIVE_SITE)) != 0)
		return receive_refuse(x, m->name, "not a file of a backup",
		    fault);
	if (x->got.n == MANIFEST_FILES_MAX)
		return receive_refuse(x, m->name, "too many files", fault);
	f = manifest_add(&x->got, str_z(m->name + strlen(ARCHIVE_SITE)));
	if (f == NULL)
		return receive_refuse(x, m->name, "it is there twice", fault);
	f->size = m->size;
	return receive_file(x, m, f->sum, fault);
}

static int
receive_manifest(struct receiving *x, const struct member *m,
    struct fault *fault)
{
	struct member next;
	struct buf text;
	int r;

	buf_init(&text, MANIFEST_MAX);
	r = archive_in_whole(&x->in, m, &text, fault);
	if (r == 0)
		r = manifest_read(&x->r->manifest, buf_str(&text), x->in.name,
		    fault);
	if (r == 0 && !str_starts(buf_str(&text), buf_str(&x->head)))
		r = receive_refuse(x, ARCHIVE_HEAD, "of another backup than "
		    "the manifest", fault);
	if (r == 0 && (r = archive_in_next(&x->in, &next, fault)) > 0)
		r = receive_refuse(x, next.name, "after the manifest", fault);
	buf_release(&text);
	return r;
}

/* what has come is what the manifest says */
static int
receive_compare(struct receiving *x, struct fault *fault)
{
	struct manifest *m = &x->r->manifest;
	struct manifest_file *f, *got;
	size_t i;

	for (i = 0; i < m->n; i++) {
		f = m->files[i];
		got = manifest_find(&x->got, str_z(f->name));
		if (f->at[0] != '\0' && got == NULL)
			continue;
		if (got == NULL)
			return receive_refuse(x, f->name, "missing", fault);
		if (f->at[0] != '\0' || got->size != f->size ||
		    memcmp(got->sum, f->sum, sizeof f->sum) != 0)
			return receive_refuse(x, f->name, "not what the "
			    "manifest says: damaged or changed", fault);
		got->seen = f->seen = true;
		if (receive_finish_file(x->r, f, fault) < 0)
			return -1;
	}
	for (i = 0; i < x->got.n; i++)
		if (!x->got.files[i]->seen)
			return receive_refuse(x, x->got.files[i]->name,
			    "not in the manifest", fault);
	return 0;
}

static int
receive_all(struct receiving *x, struct fault *fault)
{
	struct member m;
	int r;

	if (receive_head(x, fault) < 0)
		return -1;
	while ((r = archive_in_next(&x->in, &m, fault)) > 0) {
		if (strcmp(m.name, ARCHIVE_MANIFEST) == 0)
			return receive_manifest(x, &m, fault) < 0 ? -1 :
			    receive_compare(x, fault);
		if (receive_add(x, &m, fault) < 0)
			return -1;
	}
	return r < 0 ? -1 : receive_refuse(x, ARCHIVE_MANIFEST,
	    "missing: it is cut off", fault);
}

/* ---- the backups that it is based on ---- */

static int
receive_shared(struct receiving *x, const struct member *m,
    struct manifest_file *f, struct fault *fault)
{
	unsigned char sum[MANIFEST_SUM_BYTES];

	if (m->size != f->size)
		return receive_refuse(x, m->name, "not as long as the backup "
		    "says that is based on it", fault);
	if (receive_file(x, m, sum, fault) < 0)
		return -1;
	if (memcmp(sum, f->sum, sizeof sum) != 0)
		return receive_refuse(x, m->name, "damaged or changed", fault);
	f->seen = true;
	return receive_finish_file(x->r, f, fault);
}

/* "id":"…" of the first line */
static bool
receive_is(const struct receiving *x, const char *id)
{
	char head[64];
	int n = snprintf(head, sizeof head, "{\"mfx-backup\":1,\"id\":\"%s\"",
	    id);

	return str_starts(buf_str(&x->head), (struct str){ head, (size_t)n });
}

static int
receive_base(struct receiving *x, struct fault *fault)
{
	struct manifest_file *f;
	struct member m;
	int r;

	if (receive_head(x, fault) < 0)
		return -1;
	while ((r = archive_in_next(&x->in, &m, fault)) > 0) {
		if (strncmp(m.name, ARCHIVE_SITE, strlen(ARCHIVE_SITE)) != 0)
			continue;
		f = manifest_find(&x->r->manifest,
		    str_z(m.name + strlen(ARCHIVE_SITE)));
		if (f == NULL || f->seen || !receive_is(x, f->at))
			continue;
		if (receive_shared(x, &m, f, fault) < 0)
			return -1;
	}
	return r;
}

/* ---- all ---- */

static int
receive_from(struct receive *r, const char *path,
    int (*what)(struct receiving *, struct fault *), struct fault *fault)
{
	struct receiving x = { .r = r };
	int result;

	if (archive_in_open(&x.in, path, r->key, fault) < 0)
		return -1;
	buf_init(&x.head, HEAD_MAX);
	manifest_init(&x.got);
	x.chunk = memory_get(CHUNK);
	result = what(&x, fault);
	if (what == receive_all) {
		r->sealed = x.in.sealed;
		r->tree = x.in.tree;
	}
	free(x.chunk);
	manifest_release(&x.got);
	buf_release(&x.head);
	archive_in_close(&x.in);
	return result;
}

static int
receive_complete(struct receive *r, struct fault *fault)
{
	size_t i;

	for (i = 0; i < r->manifest.n; i++) {
		const struct manifest_file *f = r->manifest.files[i];

		if (f->seen)
			continue;
		r->elsewhere++;
		if (r->dir >= 0)
			return fault_set(fault, EX_NOINPUT, "%s: %s is in the "
			    "backup %s, which was not given", r->from, f->name,
			    f->at);
	}
	return 0;
}

int
receive_backup(struct receive *r, struct fault *fault)
{
	char *const *base = r->bases;

	manifest_init(&r->manifest);
	r->elsewhere = 0;
	if (receive_from(r, r->from, receive_all, fault) < 0)
		return -1;
	for (; base != NULL && *base != NULL; base++)
		if (receive_from(r, *base, receive_base, fault) < 0)
			return -1;
	return receive_complete(r, fault);
}
