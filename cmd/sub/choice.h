/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SUB_CHOICE_H
#define MFX_CMD_SUB_CHOICE_H

#include "base/opt.h"
#include "bus/bus.h"
#include "bus/passed.h"
#include "line/route.h"

/*
 * Which lines mfx-sub prints, by their labels.  The labels of a line are read
 * at most once, and only when a function below asks for them:
 *
 *	choice_line(&c, line);		for each line, before the others
 *	choice_time(&c, &t);
 *	choice_wants(&c, stream);
 */
struct choice {
	const struct opt_list *channels;	/* all of them when empty */
	struct bus_shard shard;			/* all of it when n is 0 */
	/* private */
	const struct bus_line *line;
	struct route labels;
	bool labels_read;
	struct passed passed;	/* lines whose channel is not known */
};

/* borrowed */
void choice_line(struct choice *, const struct bus_line *);

/* as bus_line_time */
bool choice_time(struct choice *, struct stamp *);

/*
 * Is the line of a channel and a shard that were asked for?  When channels were
 * asked for, a line whose channel is not known is warned about, with its stream
 * and position.
 */
bool choice_has(struct choice *, const char *stream);

static inline bool
choice_wants(struct choice *c, const char *stream)
{
	return (c->shard.n == 0 && c->channels->n == 0) ||
	    choice_has(c, stream);
}

#endif
