/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_BUS_MOVE_H
#define MFX_CMD_BUS_MOVE_H

#include "base/backoff.h"
#include "bus/carry.h"
#include "cmd/bus/verbs.h"

/* What copy and mirror share: the streams that go from one bus to another. */
struct moved {
	struct carry carry;
	char from[BUS_NAME_MAX + 1], to[BUS_NAME_MAX + 1];
	char name[BUS_NAME_MAX + 1];
	bool away, absent;	/* so it was said */
	struct backoff pause;	/* ms */
	int64_t until;		/* of clock_ms: it is not tried before */
};

struct move {
	struct bus *from, *to;
	struct moved **streams;
	size_t n;
};

/* opens both buses; 0, or the exit status */
int move_open(struct move *, char **operands);
/* adds STREAM[=NAME] */
void move_add(struct move *, const char *operand);
void move_close(struct move *);

/*
 * A step of one of them has failed: says so, once until it goes on, and sets
 * when to try again.  0, or the exit status when there is no point in that.
 */
int move_bear(struct move *, struct moved *, const struct fault *);
/* it goes on, and that is said when it was away */
void move_goes_on(struct move *, struct moved *);

/* gives the groups of a stream that was copied their places in the other one */
int move_groups(struct moved *, uint64_t *n, struct fault *);

#endif
