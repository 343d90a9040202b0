/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_SEAL_H
#define MFX_BACKUP_SEAL_H

/*
 * The files of this room, each of which includes only those before it: writer,
 * compress; seal, sum, under, files; tar; manifest; archive; database; living,
 * shelf, parcel; take, receive; restore.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "backup/compress.h"
#include "backup/writer.h"
#include "base/buf.h"
#include "base/fault.h"

/*
 * A file that is written, or read, from its beginning to its end: in clear, or
 * sealed under a key (libsodium's secretstream, XChaCha20-Poly1305); and it may
 * be compressed before that.  A thread compresses, seals and writes.
 *
 *	"mfx-sealed 1\n", the stream's header of 24 bytes, then blocks of
 *	SEAL_BLOCK bytes, each with 17 bytes more; the last one is shorter or
 *	not, and says that it is the last
 *
 * So nothing can be read, changed, taken out or cut off without the key.
 */
#define SEAL_BLOCK ((size_t)64 << 10)
#define SEAL_KEY_BYTES 32

struct seal_key {
	unsigned char bytes[SEAL_KEY_BYTES];
};

/* A file of SEAL_KEY_BYTES bytes that nobody else may read: EX_CONFIG. */
int seal_key_load(struct seal_key *, const char *path, struct fault *);
void seal_key_wipe(struct seal_key *);

/* ---- writing ---- */

struct seal_out {
	int fd;			/* the caller's */
	const char *name;	/* for messages; the caller's */
	uint64_t written;	/* bytes that were put */
	/* private */
	struct seal_crypt *crypt;	/* NULL: in clear */
	struct compress_out *zip;	/* NULL: as it is */
	struct writer *writer;
	struct buf b;
	off_t passed, started;	/* bytes written; of them to the disk already;
				 * -1: it is no file */
};

/* key NULL: in clear */
int seal_out_open(struct seal_out *, int fd, const char *name,
    const struct seal_key *, bool compressed, struct fault *);
int seal_out_put(struct seal_out *, const void *, size_t, struct fault *);
/* the last bytes; the fd is neither synced nor closed */
int seal_out_end(struct seal_out *, struct fault *);
/* with or without an end */
void seal_out_release(struct seal_out *);

/* ---- reading ---- */

struct seal_in {
	int fd;			/* the caller's */
	const char *name;
	bool sealed;
	uint64_t taken;		/* bytes that were read */
	/* private */
	struct seal_crypt *crypt;
	struct buf b;		/* clear, from `at` on not taken yet */
	size_t at;
	bool over;		/* no more comes into it */
	/* of one that is compressed: what b is made from */
	struct compress_in *zip;	/* NULL: it is not */
	struct buf packed;
	struct str left;	/* the part of it that was not taken */
	bool packed_over;
	bool whole;		/* no frame is open */
	bool full;		/* b was: there may be more without reading */
};

/* Sees for itself whether the file is sealed: EX_NOPERM without a key, and
 * EX_DATAERR when the key is another one. */
int seal_in_open(struct seal_in *, int fd, const char *name,
    const struct seal_key *, struct fault *);
/* Right after that: if it is compressed, what it holds is read from here on. */
int seal_in_unpack(struct seal_in *, struct fault *);
/* fewer than n only at the end: how many, or -1; EX_DATAERR when it is sealed
 * and was changed or cut off */
int64_t seal_in_read(struct seal_in *, void *, size_t n, struct fault *);
/* passes over n bytes: 1; 0: it is not that long; -1 */
int seal_in_skip(struct seal_in *, uint64_t n, struct fault *);
void seal_in_release(struct seal_in *);

#endif
