/* SPDX-License-Identifier: Apache-2.0 */
#include "line/position.h"

bool
progress_covers(const struct progress *p, const struct route *r)
{
	if (p->part == 0)
		return r->seq <= p->whole;
	return position_compare(r->seq, r->part, p->open, p->part) <= 0;
}

void
progress_add(struct progress *p, const struct route *r)
{
	if (r->part == 0) {
		*p = (struct progress){ .whole = r->seq };
		return;
	}
	if (p->part != 0 && p->open < r->seq)
		p->whole = p->open;
	p->open = r->seq;
	p->part = r->part;
}

int
progress_compare(const struct progress *a, const struct progress *b)
{
	return position_compare(a->part ? a->open : a->whole, a->part,
	    b->part ? b->open : b->whole, b->part);
}
