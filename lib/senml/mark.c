/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/mark.h"

#include "senml/message.h"

static void
put_pending(void *arg)
{
	struct mark *m = arg;

	if (!m->pending)
		return;
	m->pending = false;
	mark_put(&m->out->b, m->seq);
	out_end(m->out);
}

void
mark_init(struct mark *m, struct out *out)
{
	*m = (struct mark){ .out = out };
	out->late = put_pending;
	out->late_arg = m;
}

void
mark_drop(struct mark *m, const struct route *r)
{
	if (!r->has_seq)
		return;
	/* streams joined by cat(1) may start again at a lower one */
	if (m->pending && r->seq < m->seq)
		put_pending(m);
	m->seq = r->seq;
	m->pending = true;
}

void
mark_before(struct mark *m, const struct route *r)
{
	if (m->pending && r->has_seq && r->seq >= m->seq)
		m->pending = false;
	put_pending(m);
}
