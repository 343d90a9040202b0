/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_RECEIVE_H
#define MFX_BACKUP_RECEIVE_H

#include "backup/archive.h"

/*
 * Reads a backup to its end and believes nothing: each file has to be in the
 * manifest, as long as that says and with its sum, once, and none may be
 * missing.  With a directory the files are put there, too.
 */
struct receive {
	const char *from;	/* a tree, a tar, or "-" */
	char *const *bases;	/* earlier backups that it is based on, ended
				 * by NULL; or NULL */
	const struct seal_key *key;	/* or NULL */
	int dir;		/* a new directory, or -1: it is only read */
	/* NULL, or which files are put there, over those of that name */
	bool (*wants)(void *arg, const char *name);
	void *arg;
	/* result; the caller releases the manifest */
	struct manifest manifest;
	bool sealed, tree;
	size_t elsewhere;	/* files in backups that were not given: only
				 * without a directory */
};

/* EX_DATAERR: it is damaged, or not a backup; EX_NOINPUT: a file is in a
 * backup that was not given */
int receive_backup(struct receive *, struct fault *);

#endif
