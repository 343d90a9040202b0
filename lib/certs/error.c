/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/error.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>

int
error_fault(struct fault *fault, int status, const char *fmt, ...)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(e);
	char what[256];
	va_list ap;

	/* "no start line" is how OpenSSL says that it found no PEM */
	if (ERR_GET_LIB(e) == ERR_LIB_PEM &&
	    ERR_GET_REASON(e) == PEM_R_NO_START_LINE)
		why = "not in PEM";
	ERR_clear_error();
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return fault_set(fault, status, "%s: %s", what,
	    why ? why : "can't be used");
}
