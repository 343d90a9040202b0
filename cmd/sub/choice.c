/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/sub/choice.h"

#include "line/message.h"

void
choice_line(struct choice *c, const struct bus_line *line)
{
	c->line = line;
	c->labels_read = false;
}

static const struct route *
choice_labels(struct choice *c)
{
	size_t rest;

	/* a line that is not a message has none */
	if (!c->labels_read)
		route_scan(c->line->text, &c->labels, &rest);
	c->labels_read = true;
	return &c->labels;
}

bool
choice_time(struct choice *c, struct stamp *t)
{
	const struct route *labels = choice_labels(c);

	*t = labels->received;
	return labels->has_received || line_record_time(c->line->text, t);
}

bool
choice_has(struct choice *c, const char *stream)
{
	bool all = c->channels->n == 0;
	struct str channel;
	int i;

	channel = choice_labels(c)->channel;
	if (!bus_shard_has(&c->shard, channel))
		return false;
	for (i = 0; i < c->channels->n; i++)
		if (str_eq(channel, str_z(c->channels->v[i])))
			return true;
	if (!all && channel.n == 0)
		passed_line(&c->passed, stream, c->line->seq,
		    c->line->text);
	return all;
}
