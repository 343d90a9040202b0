/* SPDX-License-Identifier: Apache-2.0 */
#include "line/mark.h"

#include "base/diag_about.h"

static int
mark_compare(const struct route *r, const struct mark *m)
{
	return position_compare(r->seq, r->part, m->seq, m->part);
}

static void
mark_put_pending(void *arg)
{
	struct mark *m = arg;

	if (!m->pending)
		return;
	m->pending = false;
	mark_put(&m->out->b, m->seq, m->part);
	out_end(m->out);
}

void
mark_init(struct mark *m, struct out *out)
{
	*m = (struct mark){ .out = out };
	out->late = mark_put_pending;
	out->late_arg = m;
}

void
mark_drop(struct mark *m, const struct route *r)
{
	if (!r->has_seq)
		return;
	/* in streams joined by cat(1) the next may start at a lower one */
	if (m->pending && mark_compare(r, m) < 0)
		mark_put_pending(m);
	m->seq = r->seq;
	m->part = r->part;
	m->pending = true;
}

void
mark_before(struct mark *m, const struct route *r)
{
	if (m->pending && r->has_seq && mark_compare(r, m) >= 0)
		m->pending = false;
	mark_put_pending(m);
}

/* What a message about this line is about; has it labels? */
static bool
refused_about(const struct filter *f, struct str line, struct route *r,
    struct diag_about *about)
{
	size_t rest;

	*about = (struct diag_about){ .bytes = line.n };
	if (f->stream != NULL)
		about->stream = str_z(f->stream);
	if (!route_scan(line, r, &rest))
		return false;
	about->thing = r->publisher;
	about->channel = r->channel;
	about->seq = r->has_seq ? r->seq : 0;
	return true;
}

bool
refused_position(struct filter *f, struct str line, const char *why,
    size_t column, struct route *r)
{
	struct diag_about about;
	bool routed = refused_about(f, line, r, &about);

	diag_about(&about);
	filter_reject(f, line, why, column);
	diag_about(NULL);
	return routed && r->has_seq && line_is_whole(line);
}

void
refused_from(struct filter *f, const char *place, uint64_t seq,
    struct str line, const char *why)
{
	struct diag_about about;
	struct route r;

	refused_about(f, line, &r, &about);
	if (seq > 0)
		about.seq = seq;
	diag_about(&about);
	filter_reject_from(f, place, line, why);
	diag_about(NULL);
}

void
mark_refuse(struct mark *m, struct filter *f, struct str line,
    const char *why, size_t column)
{
	struct route r;

	if (refused_position(f, line, why, column, &r))
		mark_drop(m, &r);
}
