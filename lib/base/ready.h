/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_READY_H
#define MFX_BASE_READY_H

#include <stdint.h>

/*
 * Says that the program is ready to serve: READY=1 to systemd when
 * $NOTIFY_SOCKET is set (sd_notify(3)'s protocol); a newline on fd, which is
 * then closed, when fd is not negative (s6's protocol, and --ready-fd of our
 * programs).  It is not an error if nobody listens.
 */
void ready_tell(int64_t fd);

/* its row; `when` is "when serving" */
#define READY_FD(p, when)						\
	{ 0, "ready-fd", "FD", "write a newline to this descriptor " when, \
	    OPT_INT(p, 0, 1 << 20) }

/* For systemd's WatchdogSec=, which is in $WATCHDOG_USEC: WATCHDOG=1, twice in
 * that time.  A server calls it in each turn of its loop; `now` is in ns. */
void ready_alive(int64_t now);

/* STOPPING=1 to systemd */
void ready_stopping(void);

#endif
