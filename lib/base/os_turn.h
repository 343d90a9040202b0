/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OS_TURN_H
#define MFX_BASE_OS_TURN_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * Waiting until another process has finished its turn.  Turns are counted in
 * memory that all processes map; the process whose turn it is holds an
 * exclusive flock(2) on the mapped file.
 */

/* Sleeps while the count is `seen`, but for a limited time, as the process
 * whose turn it is may have been killed: the caller checks again. */
void os_turn_wait(int fd, _Atomic uint32_t *turns, uint32_t seen);

/* Releases the lock and wakes all that wait. */
void os_turn_end(int fd, _Atomic uint32_t *turns);

#endif
