/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_TAKE_H
#define MFX_BACKUP_TAKE_H

#include "backup/archive.h"
#include "base/opt.h"

/*
 * A backup of a site while everything runs.  The order is what makes it
 * consistent:
 *
 *	1. SQLite stores, each as of one moment, with its positions
 *	2. at one moment: the registry, and of the bus the ends of all streams,
 *	   groups, and what sources intend (bus/cut.h)
 *	3. other files
 *	4. the lines of the bus up to these ends
 *
 * So the bus has all that comes after each store; a group whose store is in the
 * backup is written where that store is; and no event and no line that goes
 * from stream to stream is missing or there twice.
 */
struct take {
	const char *to;		/* a directory of backups, x.tar, x.tar.zst, or
				 * "-" */
	bool compressed;	/* also x.tar.zst always is, and a directory
				 * never */
	const struct seal_key *key;	/* or NULL: in clear, without keys */
	const char *since;	/* an earlier backup, or NULL */
	const char *temp;	/* for copies of databases, or NULL */
	const struct opt_list *stores, *config;
	int64_t keep;		/* backups in a directory; 0: all */
	/* result */
	char id[MANIFEST_ID_TEXT];
	uint64_t files, bytes;	/* in all, and those that were written: */
	uint64_t new_bytes;
};

/* Is it a tar that a backup goes to, rather than a directory of backups? */
bool take_is_tar(const char *to);

/* -1 after a fault: there is nothing new.  The site is $MFX_HOME. */
int take_backup(struct take *, struct fault *);

#endif
