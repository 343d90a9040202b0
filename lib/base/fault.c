/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"

int
fault_set(struct fault *f, int status, const char *fmt, ...)
{
	va_list ap;

	f->status = status;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
	escape_clean(f->text);
	return -1;
}

static int
fault_status_of(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
	case EROFS:
		return EX_NOPERM;
	case ENOSPC:
	case EDQUOT:
		return EX_TEMPFAIL;
	default:
		return EX_IOERR;
	}
}

int
fault_errno(struct fault *f, int status, const char *fmt, ...)
{
	int err = errno;
	const char *why = strerror(err);
	size_t n;
	va_list ap;

	f->status = status ? status : fault_status_of(err);
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
	n = strlen(f->text);
	snprintf(f->text + n, sizeof f->text - n, ": %s", why);
	escape_clean(f->text);
	return -1;
}

int
fault_input(struct fault *f, const char *path)
{
	return fault_errno(f, fault_status_of(errno) == EX_NOPERM ?
	    EX_NOPERM : EX_NOINPUT, "%s", path);
}
