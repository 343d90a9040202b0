/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_ROUTE_STATS_H
#define MFX_API_ROUTE_STATS_H

#include "base/metrics.h"
#include "http/request.h"

/* How many requests there were of each route, how long they took, and the
 * status of their answers. */
struct route_stats;

struct route_stats *route_stats_open(void);
void route_stats_close(struct route_stats *);
void route_stats_add(struct route_stats *, const struct http_request *);
/* as metrics: Mainflux' on a page; in the file of run.h, where there is no room
 * for a histogram of each route, one of all */
void route_stats_put(const struct route_stats *, struct metrics *);

#endif
