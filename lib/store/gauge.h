/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_GAUGE_H
#define MFX_STORE_GAUGE_H

#include "bus/bus.h"

/*
 * What a sink is about, for a person at a terminal: one line on stderr that is
 * redrawn a few times a second (diag_progress),
 *
 *	12,345 readings/s  lag 1.2 s (34,500 bytes)  3 retries  1 refused
 *
 * The lag is how long ago the oldest line came that is on the stream and not
 * in the store, and how much there is from it on; only with a group.
 */
struct gauge_counts {
	uint64_t readings, retries, refused;	/* since the sink began */
	uint64_t at;		/* all lines up to here are stored */
};

struct gauge {
	bool shown;		/* is there anybody to look? */
	/* private */
	struct bus *bus;	/* with a group, or NULL */
	char stream[BUS_NAME_MAX + 1];
	int64_t drawn;		/* ns */
	uint64_t readings;	/* by then */
	double rate;
};

#define GAUGE_MS 300		/* between two looks */

/* bus NULL: without a group */
void gauge_init(struct gauge *, struct bus *, const char *stream);
/* is it time to draw it again? */
bool gauge_due(const struct gauge *, int64_t now_ms);
void gauge_draw(struct gauge *, const struct gauge_counts *);
/* once more, to stay */
void gauge_end(struct gauge *, const struct gauge_counts *);

#endif
