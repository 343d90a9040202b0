/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SUB_ENDS_H
#define MFX_CMD_SUB_ENDS_H

#include "bus/bus.h"

/* From where to where mfx-sub reads. */
struct ends {
	/* asked for */
	struct bus_where from, until;
	bool bounded;		/* `until` was given */
	uint64_t last;		/* begin before this many lines; 0: at `from` */
	bool no_follow;		/* not beyond the present end of the stream */
	/* found */
	uint64_t start;		/* of a new group, or without a group */
	uint64_t end;		/* nothing after this position … */
	struct stamp end_time;	/* … or, unless 0, of this time or later */
	bool awaited;		/* the stream did not exist yet */
};

/* of --from, --tail and --last at most one is given: NULL, false, 0 */
void ends_begin(struct ends *, const char *from, bool tail, uint64_t last);

/* an option's text, or NULL; a wrong one is a misuse */
void ends_parse(const char *option, const char *text, struct bus_where *);

/*
 * Waits for a stream that does not exist yet, unless --no-follow, and says so
 * once; a newline on ready_fd, if not -1, tells that it waits.  1; 0 when
 * asked to stop; -1.
 */
int ends_await(struct ends *, struct bus *, const char *stream,
    int64_t *ready_fd, struct fault *);

/* fills in what is found; 0, or -1 */
int ends_find(struct ends *, struct bus *, const char *stream,
    struct fault *);

/* opens a group and joins it at *seq, as bus_group_join; take_over: also when
 * its reader does not answer */
int ends_join(struct bus_group **, struct bus *, const char *stream,
    const char *group, bool take_over, uint64_t *seq, struct fault *);

/* warns when that position is beyond the end of the stream, as no line would
 * come */
void ends_warn(struct bus *, const char *stream, uint64_t seq);

/* warns of what was pruned before the reader came to it */
void ends_warn_gone(struct bus *, struct bus_reader *, const char *stream);

#endif
