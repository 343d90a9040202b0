/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OS_WATCH_H
#define MFX_BASE_OS_WATCH_H

#include <stdbool.h>

/*
 * A descriptor that can be read when files of a directory may have changed.
 * Where the system can't say (os.h) that is so many times a second.
 */
int os_watch_open(void);	/* -1 with errno; closed by close(2) */

/* from now on this directory too, and with `growth` also what is written to
 * its files and how their modes change: which watch it is, or -1 with errno,
 * ENOENT where it is not there */
int os_watch_add(int watch, const char *directory, bool growth);

/* empties it */
int os_watch_clear(int watch);

#endif
