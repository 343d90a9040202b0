/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_SHELF_H
#define MFX_BACKUP_SHELF_H

#include "backup/manifest.h"

/*
 * A directory of backups: each is a tree (archive.h) whose name is its id, so
 * names are in order of time.  Segments of the bus that two of them have are
 * one file with two names; each backup is whole without the others.  What a
 * killed process has left has a name with a dot before it, and is removed by
 * the next one.
 */
struct shelf {
	int fd;			/* the directory, locked or not */
	const char *path;	/* the caller's */
	char (*ids)[MANIFEST_ID_TEXT];
	size_t n;
};

/* is it one, rather than one backup? */
bool shelf_is(const char *path);

/* With `make` it is created, locked against another backup (EX_TEMPFAIL), and
 * cleaned. */
int shelf_open(struct shelf *, const char *path, bool make, struct fault *);
void shelf_close(struct shelf *);

/* a backup under way: ".ID.new", an fd */
int shelf_stage(const struct shelf *, const char *id, struct fault *);
/* it is whole */
int shelf_put(struct shelf *, const char *id, struct fault *);
void shelf_drop(const struct shelf *, const char *id);

/* removes all but the newest n */
int shelf_keep(const struct shelf *, size_t n, struct fault *);

/* "PATH/ID", which the caller frees */
char *shelf_path(const struct shelf *, size_t i);

#endif
