/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OS_TURN_H
#define MFX_BASE_OS_TURN_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * Waiting for a turn that another process takes: the turns are counted in
 * memory that all of them map, and who takes one has the exclusive flock(2)
 * of the file of it.
 */

/* Sleeps while the count is `seen`, but no longer than somebody who is
 * killed at his turn is to hold up the others: the caller looks again. */
void os_turn_wait(int fd, _Atomic uint32_t *turns, uint32_t seen);

/* Gives up the lock and lets all go who wait. */
void os_turn_end(int fd, _Atomic uint32_t *turns);

#endif
