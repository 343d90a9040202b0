/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_MANIFEST_H
#define MFX_BACKUP_MANIFEST_H

#include "backup/tar.h"
#include "base/hash.h"
#include "base/stamp.h"

/*
 * What is in a backup: lines of JSON, the last file of it.
 *
 *	{"mfx-backup":1,"id":"20261129T134000.123Z","time":"…","version":"…"}
 *	{"stream":"raw","first":0,"end":4711}		and other notes
 *	{"file":"registry.db","size":4096,"mode":"600","time":"…","sum":"…"}
 *	{"files":1,"bytes":4096,"sum":"…"}
 *
 * Sums are BLAKE2b of 256 bits, in hexadecimal; that of the last line is over
 * all lines before it.  Names are relative to the site; "at" is the id of an
 * earlier backup that has the bytes in place of this one.
 */
#define MANIFEST_FILES_MAX 500000
#define MANIFEST_MAX ((size_t)256 << 20)
#define MANIFEST_SUM_BYTES 32
#define MANIFEST_ID_TEXT 24	/* with its NUL */

struct manifest_file {
	struct hash_node node;	/* private */
	char *name;
	uint64_t size;
	unsigned mode;
	struct stamp changed;
	unsigned char sum[MANIFEST_SUM_BYTES];
	char at[MANIFEST_ID_TEXT];	/* "": in this backup */
	bool seen;		/* for whoever compares */
};

struct manifest {
	char id[MANIFEST_ID_TEXT];
	struct stamp time;
	struct buf notes;	/* lines */
	struct manifest_file **files;
	size_t n;
	uint64_t bytes;
	/* private */
	struct hash_table table;
	uint64_t seed;
};

void manifest_init(struct manifest *);
void manifest_release(struct manifest *);

/* the id of a backup that begins now */
void manifest_begin(struct manifest *, struct stamp now);
bool manifest_id_valid(struct str);

/* NULL: one of that name is there */
struct manifest_file *manifest_add(struct manifest *, struct str name);
struct manifest_file *manifest_find(const struct manifest *, struct str name);

/* the first line alone, and all of it: b->full when it is too long */
void manifest_put_head(const struct manifest *, struct buf *);
void manifest_put(const struct manifest *, struct buf *);
/* one line of a file, as in the manifest */
void manifest_put_file(struct buf *, const struct manifest_file *);

/* EX_DATAERR with the line of what is wrong */
int manifest_read(struct manifest *, struct str text, const char *place,
    struct fault *);

#endif
