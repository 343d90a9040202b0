/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_RESTORE_H
#define MFX_BACKUP_RESTORE_H

#include "backup/receive.h"
#include "backup/until.h"

/*
 * A site from a backup: it is read into a new directory beside the site's,
 * ".NAME.restore", and gets the name when all of it is there and on the disk.
 * So it is there whole or not at all, whoever is killed when.
 */
struct restore {
	struct receive from;	/* all but dir */
	const char *home;	/* that does not exist, or is empty */
	struct until *until;	/* NULL: all of it */
	const char *next;	/* the backup after it, or NULL */
};

/* EX_TEMPFAIL: the site is in use; EX_CANTCREAT: there is one.  The caller
 * releases from.manifest, also after a fault. */
int restore_site(struct restore *, struct fault *);

#endif
