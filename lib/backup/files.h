/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_FILES_H
#define MFX_BACKUP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/fault.h"

/*
 * Which files a backup takes of a directory.  Not sockets and the like, not the
 * files beside SQLite's, not those that are being written (".new"), and not
 * what is only of running processes ($MFX_HOME/run).
 */
#define FILES_ELSEWHERE "elsewhere"
/* files of a backup that is being made begin so */
#define FILES_OWN ".mfx-backup-"

enum files_kind { FILES_PLAIN, FILES_DATABASE };

struct files_one {
	char *name;		/* in the backup */
	char *path;
	enum files_kind kind;
};

struct files {
	struct files_one *v;	/* in order of names, once sorted */
	size_t n;
	char **omitted;		/* names, as there is no key */
	size_t n_omitted;
	/* set by the caller: */
	bool sealed;		/* keys are taken as well */
	/* directories that are left out: the bus, and what holds the backup */
	struct files_place {
		dev_t dev;
		ino_t ino;
	} not[2];
	size_t n_not;
};

/* does a name end so, with something before it? */
bool files_ends(const char *name, const char *with);

/* by its device and number, if it is there */
void files_leave_out(struct files *, const char *path);

/* all of a site but its bus */
int files_of_site(struct files *, const char *home, struct fault *);
/* a file or a directory outside of it; below "elsewhere", with its path */
int files_of_path(struct files *, const char *path, bool database,
    struct fault *);
void files_sort(struct files *);
void files_release(struct files *);

#endif
