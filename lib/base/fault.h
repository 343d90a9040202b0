/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_FAULT_H
#define MFX_BASE_FAULT_H

/*
 * Why something could not be done: filled in by a library function that deals
 * with the outside world (files, databases, networks) when it returns -1.  The
 * command prints `text` and takes `status` as its exit status.
 *
 *	if (bus_open(&bus, stream, &fault) < 0)
 *		return diag_fault(&fault);
 *
 * `status` is one of <sysexits.h>; `text` is one line in the style of
 * diag.h, without the program's name, already safe for a terminal.
 * No secret ever goes into it.
 */
struct fault {
	int status;
	char text[384];
};

/* both return -1, so that a function can end with `return fault_set(...)` */
int fault_set(struct fault *, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* the same, followed by ": " and the text of errno; status 0 means the one that
 * fits errno: EX_NOPERM, EX_TEMPFAIL for a full disk, else EX_IOERR */
int fault_errno(struct fault *, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* a file that could not be opened for reading, and errno: EX_NOPERM where it
 * may not be, else EX_NOINPUT; returns -1 */
int fault_input(struct fault *, const char *path);

#endif
