/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_STAMP_H
#define MFX_BASE_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * A point in time: nanoseconds since 1970-01-01T00:00:00Z, POSIX seconds
 * (no leap seconds), from 1677 to 2262.  Never a double, whose steps are
 * 0.24 microseconds at today's times.  A struct, so that it can't be mixed
 * up with seconds.
 */
struct stamp {
	int64_t ns;
};

#define STAMP_SECOND INT64_C(1000000000)
#define STAMP_TEXT 32	/* room for stamp_print and stamp_print_utc */

struct stamp stamp_now(void);

/* "1700000000.5": seconds, with no more decimals than needed; no NUL; returns
 * the length, below STAMP_TEXT */
size_t stamp_print(char *to, struct stamp);

/* the same as RFC 3339 in UTC, "2023-11-14T22:13:20.5Z" */
size_t stamp_print_utc(char *to, struct stamp);

/*
 * A time as a user writes it in an option:
 *	1700000000.5 or @1700000000.5	seconds since 1970
 *	2023-11-14T22:13:20Z		RFC 3339, with Z or an offset
 *	2023-11-14 22:13, 2023-11-14	shortened, in UTC
 *	-1h, -90s, -2d, +5m		before or after now
 *	now
 * Returns false when it has another form or is out of range.
 */
bool stamp_parse(struct str, struct stamp now, struct stamp *out);

/*
 * A duration in nanoseconds: numbers with ns, us, ms, s, m (or min), h, d or w
 * after them, the largest unit first; seconds when there is none.  "90",
 * "1.5h", "1h30m", "200ms".
 */
bool duration_parse(struct str, int64_t *ns_out);
/* does it have a unit?  "90" has none. */
bool duration_has_unit(struct str);

/* "90s", "1500ms", "12h": a whole number of the largest unit that fits; no
 * NUL; returns the length, below STAMP_TEXT */
size_t duration_print(char *to, int64_t ns);

#endif
