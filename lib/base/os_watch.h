/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OS_WATCH_H
#define MFX_BASE_OS_WATCH_H

#include <stdbool.h>

/*
 * A descriptor that becomes readable when files of a directory may have
 * changed.  Where the system does not report changes (os.h), or not to as many
 * processes, it becomes readable several times a second.
 */
int os_watch_open(void);	/* -1 with errno; closed by close(2) */

/*
 * Watches this directory, and no longer that of the number `was`, -1 at first;
 * with `growth` also writes to its files and changes of their modes.  Returns
 * its number, or -1 with errno, ENOENT when there is no such directory: then
 * `was` is watched as before.
 */
int os_watch_move(int watch, int was, const char *directory, bool growth);

/* empties it */
int os_watch_clear(int watch);

#endif
