/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_UNDER_H
#define MFX_BACKUP_UNDER_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Files below an open directory, by a relative name of several parts
 * (member_name_valid).  No part of it is followed when it is a symbolic link,
 * so nothing outside of the directory is reached.
 */

/* the directory that the name is in, and its last part; with `make` missing
 * directories are made, 0700, with the owner of the one above: an fd, or -1
 * and errno */
int under_parent(int dir, const char *name, bool make, const char **last);
/* for reading: an fd, or -1 and errno */
int under_open(int dir, const char *name);
/* a new file, 0600, and its directories: an fd, or -1 and errno */
int under_make(int dir, const char *name);

/* removes a directory and all below it; one that is not there is fine */
int under_remove(int dir, const char *name, struct fault *);
/* removes all below an open directory: 0, or -1 and errno */
int under_clear(int dir);
/* all below it is on the disk, with the names: 0, or -1 and errno */
int under_sync(int dir);

#endif
