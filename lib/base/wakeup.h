/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_WAKEUP_H
#define MFX_BASE_WAKEUP_H

/*
 * What one thread wakes another with that waits in poll(2): fds[0] can be read
 * after wakeup_tell(), which any thread may call, until wakeup_clear().
 */
int wakeup_open(int fds[2]);		/* -1 with errno, and nothing is open */
void wakeup_tell(const int fds[2]);
void wakeup_clear(const int fds[2]);
void wakeup_close(int fds[2]);		/* also of { -1, -1 } */

#endif
