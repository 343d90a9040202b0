/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_STR_H
#define MFX_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * A slice: bytes that are owned elsewhere.  It may hold NUL, it is not
 * terminated, and it is valid as long as what it borrows from.  {NULL, 0} is
 * the empty slice, and means "absent" where a contract says so.
 */
struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){ (lit), sizeof(lit) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })
/* for printf's "%.*s" */
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str
str_z(const char *z)
{
	return (struct str){ z, z ? strlen(z) : 0 };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n &&
	    (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* s without its first n bytes; n is at most s.n.  C has no NULL + 0. */
static inline struct str
str_from(struct str s, size_t n)
{
	return (struct str){ n ? s.p + n : s.p, s.n - n };
}

/* takes the first line off a run of whole lines, without its '\n'; false when
 * there is none left */
static inline bool
str_take_line(struct str *lines, struct str *line)
{
	const char *nl = lines->n ? memchr(lines->p, '\n', lines->n) : NULL;

	if (nl == NULL)
		return false;
	*line = (struct str){ lines->p, (size_t)(nl - lines->p) };
	*lines = str_from(*lines, line->n + 1);
	return true;
}

#endif
