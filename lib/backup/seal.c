/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/out.h"

#define MAGIC STR("mfx-sealed 1\n")
#define HEAD_BYTES crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define BLOCK_MORE crypto_secretstream_xchacha20poly1305_ABYTES
/* written at once to the disk */
#define START_BYTES ((off_t)8 << 20)
#define TAG_LAST crypto_secretstream_xchacha20poly1305_TAG_FINAL

struct seal_crypt {
	crypto_secretstream_xchacha20poly1305_state state;
	unsigned char block[SEAL_BLOCK + BLOCK_MORE];
};

/* ---- the key ---- */

static int
seal_key_check(int fd, const char *path, struct fault *fault)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fault_errno(fault, 0, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_size != SEAL_KEY_BYTES)
		return fault_set(fault, EX_CONFIG, "%s: not a key: it must be "
		    "%d bytes", path, SEAL_KEY_BYTES);
	if (st.st_mode & 077)
		return fault_set(fault, EX_CONFIG, "%s: others may read it "
		    "(mode %03o): chmod 600 it", path,
		    (unsigned)st.st_mode & 0777);
	return 0;
}

int
seal_key_load(struct seal_key *key, const char *path, struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return fault_input(fault, path);
	r = seal_key_check(fd, path, fault);
	if (r == 0 && read(fd, key->bytes, sizeof key->bytes) !=
	    (ssize_t)sizeof key->bytes)
		r = fault_errno(fault, 0, "%s", path);
	close(fd);
	return r;
}

void
seal_key_wipe(struct seal_key *key)
{
	sodium_memzero(key, sizeof *key);
}

static void
seal_release(struct seal_crypt *crypt, struct buf *b)
{
	if (crypt != NULL)
		sodium_memzero(crypt, sizeof *crypt);
	free(crypt);
	buf_release(b);
}

/* ---- writing ---- */

/* What is written goes to the disk from now on, and not all of it when it is
 * synced; pages that have come there need not stay in memory. */
static void
seal_start_out(struct seal_out *o, size_t n)
{
	if (o->started < 0)
		return;
	o->passed += (off_t)n;
	if (o->passed - o->started < START_BYTES)
		return;
	posix_fadvise(o->fd, o->started, o->passed - o->started,
	    POSIX_FADV_DONTNEED);
	o->started = o->passed;
}

static int
seal_write(struct seal_out *o, const void *p, size_t n, struct fault *fault)
{
	if (write_all(o->fd, p, n) < 0)
		return fault_errno(fault, 0, "%s", o->name);
	seal_start_out(o, n);
	return 0;
}

static int
seal_block(struct seal_out *o, const void *p, size_t n, bool last,
    struct fault *fault)
{
	struct seal_crypt *c = o->crypt;

	if (c == NULL)
		return seal_write(o, p, n, fault);
	crypto_secretstream_xchacha20poly1305_push(&c->state, c->block, NULL,
	    p, n, NULL, 0, last ? TAG_LAST : 0);
	return seal_write(o, c->block, n + BLOCK_MORE, fault);
}

/* A full block waits, as it may be the last one. */
static int
seal_gather(void *arg, const void *p, size_t n, struct fault *fault)
{
	struct seal_out *o = arg;
	const char *from = p;
	size_t room;

	while (n > SEAL_BLOCK - o->b.n) {
		room = SEAL_BLOCK - o->b.n;
		if (o->b.n > 0) {
			buf_put(&o->b, from, room);
			if (seal_block(o, o->b.p, o->b.n, false, fault) < 0)
				return -1;
			buf_clear(&o->b);
		} else {
			/* nothing of it has to be kept: no copy; in clear all
			 * that is whole at once */
			if (o->crypt == NULL)
				room = (n - 1) / SEAL_BLOCK * SEAL_BLOCK;
			if (seal_block(o, from, room, false, fault) < 0)
				return -1;
		}
		from += room;
		n -= room;
	}
	buf_put(&o->b, from, n);
	return 0;
}

static int
seal_pass(void *arg, const void *p, size_t n, struct fault *fault)
{
	struct seal_out *o = arg;

	return o->zip != NULL ? compress_out_put(o->zip, p, n, false,
	    seal_gather, o, fault) : seal_gather(o, p, n, fault);
}

static int
seal_out_begin(struct seal_out *o, const struct seal_key *key,
    struct fault *fault)
{
	unsigned char head[HEAD_BYTES];

	o->crypt = memory_zero(1, sizeof *o->crypt);
	crypto_secretstream_xchacha20poly1305_init_push(&o->crypt->state,
	    head, key->bytes);
	if (seal_write(o, MAGIC.p, MAGIC.n, fault) < 0)
		return -1;
	return seal_write(o, head, sizeof head, fault);
}

int
seal_out_open(struct seal_out *o, int fd, const char *name,
    const struct seal_key *key, bool compressed, struct fault *fault)
{
	*o = (struct seal_out){ .fd = fd, .name = name };
	buf_init(&o->b, SEAL_BLOCK);
	/* nobody syncs stdout */
	o->passed = o->started = fd == STDOUT_FILENO ? -1 :
	    lseek(fd, 0, SEEK_CUR);
	o->writer = writer_new(seal_pass, o);
	if (sodium_init() < 0)
		return fault_set(fault, EX_SOFTWARE, "libsodium won't start");
	if (compressed && (o->zip = compress_out_new(fault)) == NULL)
		return -1;
	return key == NULL ? 0 : seal_out_begin(o, key, fault);
}

int
seal_out_put(struct seal_out *o, const void *p, size_t n, struct fault *fault)
{
	o->written += n;
	return writer_put(o->writer, p, n, fault);
}

int
seal_out_end(struct seal_out *o, struct fault *fault)
{
	struct str left;

	if (writer_end(o->writer, &left, fault) < 0)
		return -1;
	if ((o->zip != NULL ? compress_out_put(o->zip, left.p, left.n, true,
	    seal_gather, o, fault) : seal_gather(o, left.p, left.n,
	    fault)) < 0)
		return -1;
	return seal_block(o, o->b.p ? o->b.p : "", o->b.n, true, fault);
}

void
seal_out_release(struct seal_out *o)
{
	writer_free(o->writer);
	compress_out_free(o->zip);
	seal_release(o->crypt, &o->b);
	o->writer = NULL;
	o->zip = NULL;
	o->crypt = NULL;
}

/* ---- reading ---- */

/* fewer than n only at the end */
static int64_t
seal_fill(struct seal_in *i, void *to, size_t n, struct fault *fault)
{
	char *p = to;
	size_t done = 0;
	ssize_t got;

	while (done < n) {
		got = read(i->fd, p + done, n - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_errno(fault, EX_IOERR, "%s", i->name);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (int64_t)done;
}

static int
seal_damaged(const struct seal_in *i, struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "%s: byte %llu: sealed under "
	    "another key, changed or cut off", i->name,
	    (unsigned long long)i->taken);
}

static int
seal_in_begin(struct seal_in *i, const struct seal_key *key,
    struct fault *fault)
{
	unsigned char head[HEAD_BYTES];
	int64_t got;

	i->sealed = true;
	buf_clear(&i->b);
	if (key == NULL)
		return fault_set(fault, EX_NOPERM, "%s: it is sealed: give its "
		    "key with --key FILE", i->name);
	if ((got = seal_fill(i, head, sizeof head, fault)) < 0)
		return -1;
	i->crypt = memory_zero(1, sizeof *i->crypt);
	if (got != sizeof head ||
	    crypto_secretstream_xchacha20poly1305_init_pull(&i->crypt->state,
	    head, key->bytes) != 0)
		return seal_damaged(i, fault);
	return 0;
}

int
seal_in_open(struct seal_in *i, int fd, const char *name,
    const struct seal_key *key, struct fault *fault)
{
	int64_t got;

	*i = (struct seal_in){ .fd = fd, .name = name };
	buf_init(&i->b, SEAL_BLOCK);
	if (sodium_init() < 0)
		return fault_set(fault, EX_SOFTWARE, "libsodium won't start");
	got = seal_fill(i, buf_room(&i->b, SEAL_BLOCK), MAGIC.n, fault);
	if (got < 0)
		return -1;
	i->b.n = (size_t)got;
	return str_eq(buf_str(&i->b), MAGIC) ? seal_in_begin(i, key, fault) :
	    0;
}

/* the next block that is not sealed, into the empty buffer */
static int
seal_in_open_block(struct seal_in *i, struct buf *b, bool *over,
    struct fault *fault)
{
	struct seal_crypt *c = i->crypt;
	unsigned char tag;
	int64_t got;
	char extra;

	if (c == NULL) {
		got = seal_fill(i, buf_room(b, SEAL_BLOCK), SEAL_BLOCK, fault);
		if (got < 0)
			return -1;
		b->n = (size_t)got;
		*over = got < (int64_t)SEAL_BLOCK;
		return 0;
	}
	got = seal_fill(i, c->block, sizeof c->block, fault);
	if (got < 0)
		return -1;
	if (got < (int64_t)BLOCK_MORE ||
	    crypto_secretstream_xchacha20poly1305_pull(&c->state,
	    (unsigned char *)buf_room(b, SEAL_BLOCK), NULL, &tag, c->block,
	    (unsigned long long)got, NULL, 0) != 0)
		return seal_damaged(i, fault);
	b->n = (size_t)got - BLOCK_MORE;
	*over = tag == TAG_LAST;
	/* only the last one is shorter, and nothing comes after it */
	if (!*over)
		return got == sizeof c->block ? 0 : seal_damaged(i, fault);
	got = seal_fill(i, &extra, 1, fault);
	return got == 0 ? 0 : got < 0 ? -1 : seal_damaged(i, fault);
}

/* some of what is compressed, or its end */
static int
seal_in_unpack_some(struct seal_in *i, struct fault *fault)
{
	int ended;

	if (i->left.n == 0 && !i->full && i->packed_over) {
		i->over = true;
		return i->whole ? 0 : fault_set(fault, EX_DATAERR,
		    "%s: compressed, and cut off", i->name);
	}
	if (i->left.n == 0 && !i->full) {
		buf_clear(&i->packed);
		if (seal_in_open_block(i, &i->packed, &i->packed_over,
		    fault) < 0)
			return -1;
		i->left = buf_str(&i->packed);
	}
	if (i->left.n == 0 && !i->full)
		return 0;
	ended = compress_in_step(i->zip, &i->left, &i->b, SEAL_BLOCK, fault);
	i->whole = ended > 0;
	i->full = ended == 0 && i->b.n == SEAL_BLOCK;
	return ended < 0 ? -1 : 0;
}

/* the next block in clear, into the empty buffer */
static int
seal_in_block(struct seal_in *i, struct fault *fault)
{
	int r = 0;

	buf_clear(&i->b);
	i->at = 0;
	if (i->zip == NULL)
		return seal_in_open_block(i, &i->b, &i->over, fault);
	while (r == 0 && i->b.n == 0 && !i->over)
		r = seal_in_unpack_some(i, fault);
	return r;
}

int
seal_in_unpack(struct seal_in *i, struct fault *fault)
{
	if (i->b.n == 0 && seal_in_block(i, fault) < 0)
		return -1;
	if (!compress_is(buf_str(&i->b)))
		return 0;
	if ((i->zip = compress_in_new(i->name, fault)) == NULL)
		return -1;
	i->packed = i->b;
	i->left = buf_str(&i->packed);
	i->packed_over = i->over;
	i->over = false;
	buf_init(&i->b, SEAL_BLOCK);
	return 0;
}

int64_t
seal_in_read(struct seal_in *i, void *to, size_t n, struct fault *fault)
{
	char *p = to;
	size_t done = 0, some;

	while (done < n) {
		if (i->at == i->b.n) {
			if (i->over)
				break;
			if (seal_in_block(i, fault) < 0)
				return -1;
			continue;
		}
		some = i->b.n - i->at;
		if (some > n - done)
			some = n - done;
		memcpy(p + done, i->b.p + i->at, some);
		i->at += some;
		i->taken += some;
		done += some;
	}
	return (int64_t)done;
}

/* in a file in clear it is a seek, to a place within it */
static int
seal_in_seek(struct seal_in *i, uint64_t n, struct fault *fault)
{
	struct stat st;
	off_t here;

	if (i->crypt != NULL || i->zip != NULL || i->over ||
	    fstat(i->fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (here = lseek(i->fd, 0, SEEK_CUR)) < 0)
		return 0;
	if (here > st.st_size || n > (uint64_t)(st.st_size - here))
		return 0;
	if (lseek(i->fd, (off_t)n, SEEK_CUR) < 0)
		return fault_errno(fault, EX_IOERR, "%s", i->name);
	i->taken += n;
	return 1;
}

int
seal_in_skip(struct seal_in *i, uint64_t n, struct fault *fault)
{
	size_t here = i->b.n - i->at;
	int r;

	if (n <= here) {
		i->at += (size_t)n;
		i->taken += n;
		return 1;
	}
	i->at = i->b.n;
	i->taken += here;
	n -= here;
	if ((r = seal_in_seek(i, n, fault)) != 0)
		return r;
	while (n > 0) {
		if (i->over)
			return 0;
		if (seal_in_block(i, fault) < 0)
			return -1;
		here = n < i->b.n ? (size_t)n : i->b.n;
		i->at = here;
		i->taken += here;
		n -= here;
	}
	return 1;
}

void
seal_in_release(struct seal_in *i)
{
	compress_in_free(i->zip);
	buf_release(&i->packed);
	seal_release(i->crypt, &i->b);
	i->zip = NULL;
	i->crypt = NULL;
}
