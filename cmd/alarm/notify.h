/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_NOTIFY_H
#define MFX_CMD_ALARM_NOTIFY_H

#include "cmd/alarm/rules.h"

/*
 * Who is told: the notices that wait in the state are delivered by a thread for
 * each target, in order, at least once.  A target that is slow, or away, keeps
 * neither the filter nor the others waiting.
 *
 *	notify_start(&n, state, &rules, &fault)
 *	notify_wake(&n)		there may be new ones
 *	notify_end(&n)		what is under way is broken off
 */
struct notify {
	struct notify_worker *workers;
	size_t n;
};

int notify_start(struct notify *, const char *state, const struct rules *,
    struct fault *);
void notify_wake(struct notify *);
void notify_end(struct notify *);

#endif
