/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_TAR_H
#define MFX_BACKUP_TAR_H

#include "backup/seal.h"

/*
 * The tar of a backup: POSIX.1-2008 ustar, with a pax header for a name that
 * is too long for it and for a size of 8 GiB or more.  It has regular files
 * only, under names that lead nowhere else; what another tar may have, as links
 * and devices, is refused with its place.
 */
#define MEMBER_NAME_MAX 1000
#define MEMBER_SIZE_MAX (UINT64_C(1) << 56)

struct member {
	char name[MEMBER_NAME_MAX + 1];
	uint64_t size;
	unsigned mode;		/* permissions */
	int64_t time;		/* s since 1970 */
};

/* relative, no empty part, no "." and "..", no control bytes, and each part at
 * most 255 bytes */
bool member_name_valid(struct str);

/* A member begins; then exactly m->size bytes are put into the stream, and it
 * ends. */
int tar_out_begin(struct seal_out *, const struct member *, struct fault *);
int tar_out_end(struct seal_out *, const struct member *, struct fault *);
/* after the last one */
int tar_out_finish(struct seal_out *, struct fault *);

struct tar_in {
	struct seal_in *in;
	uint64_t members;	/* how many have begun */
	uint64_t left;		/* bytes of this one that were not read */
	/* private */
	size_t pad;
};

/* The next member, past what is left of the last one: 1; 0 after the last;
 * -1 and EX_DATAERR with the place. */
int tar_in_next(struct tar_in *, struct member *, struct fault *);
/* fewer than n only at the end of the member */
int64_t tar_in_read(struct tar_in *, void *, size_t n, struct fault *);

#endif
