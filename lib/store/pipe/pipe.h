/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_PIPE_PIPE_H
#define MFX_STORE_PIPE_PIPE_H

#include "store/store.h"

/*
 * Any store that this program is not linked with: it is read through
 * mfx-read-NAME --batch (store/serve.h), a process that is found beside this
 * program or in $PATH.  A place is NAME:PLACE, or a URL whose scheme is NAME;
 * the process is given it as $MFX_STORE, so that a password in it is in no
 * list of processes.
 *
 * A process answers one query at a time, and is kept for the next one when
 * its answer was read to the end; otherwise it is killed.  There are at most
 * PROCESS_MAX of them in all, for which others wait; of those that wait for a
 * query some are kept, for a minute.  One that has died meanwhile is started
 * again.  All of them end with this process.
 *
 * It only reads.
 */
extern const struct store_driver store_pipe;

/* is there a program for this place? */
bool pipe_exists(const char *place);

#endif
