/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_PARCEL_H
#define MFX_BACKUP_PARCEL_H

#include "backup/archive.h"

/* Files that go into a backup, each noted in its manifest with its sum. */
struct parcel {
	struct archive_out out;
	struct manifest manifest;
	uint64_t new_bytes;	/* that were written, rather than shared */
	/* an earlier backup, whose sealed segments need not be written again */
	bool has_base;
	struct manifest base;
	int base_tree;		/* its directory; -1: it is a tar */
	/* private */
	char *chunks[2];	/* one is read while the other is summed */
	struct sum *sum;	/* from the first file on */
};

void parcel_init(struct parcel *);
void parcel_release(struct parcel *);

struct parcel_file {
	const char *name;	/* below the site */
	uint64_t size;
	unsigned mode;
	struct stamp changed;
};

/* EX_TEMPFAIL: it has become shorter */
int parcel_fd(struct parcel *, const struct parcel_file *, int fd,
    struct fault *);
int parcel_bytes(struct parcel *, const struct parcel_file *, struct str,
    struct fault *);
/* an open file as it is, of the size that it has now */
int parcel_open(struct parcel *, const char *name, int fd, struct fault *);
/* Is it in the earlier backup, and noted as such?  1, 0, -1.  For files that
 * never change under one name. */
int parcel_again(struct parcel *, const struct parcel_file *, struct fault *);

/* the first and the last file */
int parcel_head(struct parcel *, struct fault *);
int parcel_manifest(struct parcel *, struct fault *);

#endif
