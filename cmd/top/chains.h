/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_TOP_CHAINS_H
#define MFX_CMD_TOP_CHAINS_H

#include "cmd/top/site.h"

/*
 * The processes of a site as chains: those that a pipe joins, from the one that
 * reads a group, or takes messages from devices, to the one that writes them.
 * A group without such a process is a chain without stages.
 *
 *	chains_make(&c, &site, CHAINS_BY_LAG)
 *	for (i = 0; i < c.v[0].n; i++)
 *		... c.v[0].stages[i]->program
 *	chains_release(&c)
 */
struct chain {
	const struct site_process **stages;
	size_t n;
	const struct site_group *group;		/* that it reads, or NULL */
	/* which stage is the slowest; -1: none has to be waited for */
	int bottleneck;
	double rate;			/* lines a second, at its beginning */
	double cpu;			/* of all stages, or RATE_UNKNOWN */
	/* what its first reads, and its last writes to; "" where not known */
	const char *stream, *group_name, *output, *place;
};

enum chains_order { CHAINS_BY_NAME, CHAINS_BY_RATE, CHAINS_BY_LAG,
	CHAINS_BY_CPU, CHAINS_ORDERS };
#define CHAINS_ORDER_WORDS "name|rate|lag|cpu"

struct chains {
	struct chain *v;
	size_t n;
	/* private */
	const struct site_process **stages;
};

/* borrows from the site */
void chains_make(struct chains *, const struct site *, enum chains_order);
/* also one of zeros */
void chains_release(struct chains *);

/* of the pipe at its stdin, from 0 to 1; RATE_UNKNOWN */
double chains_fill(const struct site_process *);

#endif
