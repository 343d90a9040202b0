/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_LIVING_H
#define MFX_BACKUP_LIVING_H

#include "base/fault.h"

/*
 * Is a site in use?  A process that writes to a stream has a lock on its file
 * "lock", one that reads for a group on the group's lease, and one that has a
 * database open on that.  1 and a fault, EX_TEMPFAIL, that says what is used;
 * 0; -1 and another fault.
 */
int living_site(const char *home, struct fault *);

#endif
