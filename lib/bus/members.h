/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_MEMBERS_H
#define MFX_BUS_MEMBERS_H

#include "bus/bus.h"

/*
 * The parts of a stream, shared out among the processes that read it for one
 * group.  Each member has a place, and leases some of the parts, in the state
 * of the group: as many as its share is.  A part has one lease at a time.
 *
 *	members_open(&m, bus, "raw", "store", 8, 10000, &fault)
 *	once a second, or after members_due(m, 1000) ms:
 *		members_look(m, &fault)
 *		for each part i, from 0:
 *			MEMBERS_MINE	work at it
 *			MEMBERS_SPARE	end the work, then members_leave(m, i)
 *			MEMBERS_OTHER	not ours, or lost: end the work at once
 *
 * A member that has ended is replaced when the others look; in JetStream one
 * that does not answer, as it is stopped or cut off, when it has not for
 * `silent` ms.  It learns that when it looks, or gives all up itself when it
 * could not look for half of that; so work that goes on meanwhile has to be
 * fenced by its position, as that of a store is (store.h).  In a directory a
 * stopped process keeps what it has.
 */
struct members;

#define MEMBERS_PARTS 240

enum members_part { MEMBERS_OTHER, MEMBERS_MINE, MEMBERS_SPARE };

int members_open(struct members **, struct bus *, const char *stream,
    const char *group, unsigned parts, int64_t silent, struct fault *);
/* leaves all; also NULL */
void members_close(struct members *);

/* 0; -1 and EX_TEMPFAIL when the bus is away: then look again */
int members_look(struct members *, struct fault *);
/* How long until the next look, in ms, at most `most`: less when the time of
 * one that does not answer is over before that. */
int members_due(const struct members *, int most);
enum members_part members_part(const struct members *, unsigned part);
void members_leave(struct members *, unsigned part);
/* how many there are, with us; 0: we wait for a place */
unsigned members_count(const struct members *);

#endif
