/* SPDX-License-Identifier: Apache-2.0 */
#include "http/range.h"

#include "http/chars.h"

/* a position of any length: what does not fit is after every end */
static bool
range_take_number(struct str *s, uint64_t *to)
{
	bool any = false;

	for (*to = 0; s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9';
	    *s = str_from(*s, 1)) {
		unsigned digit = (unsigned)(s->p[0] - '0');

		any = true;
		*to = *to > (UINT64_MAX - digit) / 10 ? UINT64_MAX :
		    *to * 10 + digit;
	}
	return any;
}

/* the only element of the list; false: there are several, or it is not valid */
static bool
range_only(struct str list, struct str *element)
{
	struct str more;

	return http_list_next(&list, HTTP_TOKEN, element) ==
	    HTTP_LIST_ELEMENT &&
	    http_list_next(&list, HTTP_TOKEN, &more) == HTTP_LIST_END;
}

/* "-500": the last 500 bytes */
static enum http_range
range_of_end(struct str s, uint64_t size, uint64_t *first, uint64_t *n)
{
	if (!range_take_number(&s, n) || s.n > 0)
		return HTTP_RANGE_ALL;
	if (*n == 0)
		return HTTP_RANGE_NOT_SATISFIABLE;
	/* nothing of nothing: no Content-Range can say so */
	if (size == 0)
		return HTTP_RANGE_ALL;
	if (*n > size)
		*n = size;
	*first = size - *n;
	return HTTP_RANGE_PART;
}

enum http_range
http_range_read(struct str field, uint64_t size, uint64_t *first, uint64_t *n)
{
	uint64_t last = UINT64_MAX;
	struct str s;

	*first = *n = 0;
	if (field.n < 6 || field.p[5] != '=' ||
	    !http_same((struct str){ field.p, 5 }, STR("bytes")) ||
	    !range_only(str_from(field, 6), &s))
		return HTTP_RANGE_ALL;
	if (s.p[0] == '-')
		return range_of_end(str_from(s, 1), size, first, n);
	if (!range_take_number(&s, first) || s.n == 0 || s.p[0] != '-')
		return HTTP_RANGE_ALL;
	s = str_from(s, 1);
	if (s.n > 0 && (!range_take_number(&s, &last) || s.n > 0 ||
	    last < *first))
		return HTTP_RANGE_ALL;
	if (*first >= size)
		return HTTP_RANGE_NOT_SATISFIABLE;
	*n = last >= size ? size - *first : last - *first + 1;
	return HTTP_RANGE_PART;
}
