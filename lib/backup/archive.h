/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_ARCHIVE_H
#define MFX_BACKUP_ARCHIVE_H

#include "backup/manifest.h"

/*
 * A backup as files in this order:
 *
 *	mfx-backup	the first line of the manifest
 *	site/...	the site's files
 *	manifest
 *
 * It is a tar, or a directory with these files (a tree).  Either may be sealed:
 * a tar as a whole, a tree file by file.  A tar may be compressed.
 */
#define ARCHIVE_HEAD "mfx-backup"
#define ARCHIVE_MANIFEST "manifest"
#define ARCHIVE_SITE "site/"

/* ---- writing ---- */

struct archive_out {
	const char *name;	/* for messages */
	/* private */
	bool tree;
	int fd;			/* the tar, or the tree's directory */
	const struct seal_key *key;
	struct seal_out out;	/* the tar, or a file of the tree */
	int file;
	struct member member;
	uint64_t left;
};

/* The fd stays the caller's; `key`, too, or NULL. */
int archive_out_tar(struct archive_out *, int fd, const char *name,
    const struct seal_key *, bool compressed, struct fault *);
int archive_out_tree(struct archive_out *, int dir, const char *name,
    const struct seal_key *, struct fault *);

/* a file: exactly m->size bytes are put */
int archive_out_begin(struct archive_out *, const struct member *,
    struct fault *);
int archive_out_put(struct archive_out *, const void *, size_t,
    struct fault *);
int archive_out_end(struct archive_out *, struct fault *);
/* In a tree a file can be that of another tree, too: 1; 0: it can't; -1. */
int archive_out_link(struct archive_out *, const char *member, int other,
    struct fault *);
int archive_out_finish(struct archive_out *, struct fault *);
void archive_out_release(struct archive_out *);

/* ---- reading ---- */

struct archive_in {
	const char *name;
	bool tree, sealed;
	int fd;			/* as above; this struct's own */
	struct manifest manifest;	/* of a tree, from the beginning */
	/* private */
	const struct seal_key *key;
	struct seal_in in;
	struct tar_in tar;
	int file;
	size_t next;
	uint64_t left;
};

/* "-" is stdin; EX_NOINPUT */
int archive_in_open(struct archive_in *, const char *path,
    const struct seal_key *, struct fault *);
/* the next file, whether or not the last one was read: 1, 0, -1 */
int archive_in_next(struct archive_in *, struct member *, struct fault *);
/* fewer than n only at the end of the file */
int64_t archive_in_read(struct archive_in *, void *, size_t n,
    struct fault *);
/* all of the file, at most what the buffer takes */
int archive_in_whole(struct archive_in *, const struct member *, struct buf *,
    struct fault *);
void archive_in_close(struct archive_in *);

/* only the manifest of a backup */
int archive_manifest(struct archive_in *, struct manifest *, struct fault *);

#endif
