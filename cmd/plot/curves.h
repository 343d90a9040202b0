/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_PLOT_CURVES_H
#define MFX_CMD_PLOT_CURVES_H

#include <float.h>

#include "base/buf.h"
#include "base/stamp.h"
#include "senml/pack.h"

/*
 * Numbers over time in bounded memory.  All series share one row of cells,
 * each as long as a power of two of nanoseconds.  When the times no longer fit
 * into the row, cells become twice as long and pairs of them are joined: so
 * input may be endless and in any order, and at least half of the row is in
 * use once there is enough to show.
 *
 *	curves_init(&set);
 *	s = curves_find(&set, label, unit);	NULL: too many
 *	curves_add(&set, s, time, value);
 *	curves_columns(&set, s, columns, n);
 */
#define CURVES_MAX 64
#define CURVES_CELLS 4096	/* a power of two */
#define CURVES_TEXT_MAX 256	/* bytes of a label or unit that are shown */

/* what fell into one cell, or into several of them */
struct cell {
	double min, max, sum;
	uint64_t n;		/* 0: empty, and the others mean nothing */
};

#define CELL_EMPTY { DBL_MAX, -DBL_MAX, 0, 0 }

struct curve {
	uint64_t key;		/* of all of its label and unit */
	struct buf label, unit;	/* as much as is shown */
	struct cell *cells;	/* CURVES_CELLS of them, as a ring */
	struct cell all;
	double last;		/* the value of the newest time */
	struct stamp newest;
};

struct curves {
	uint64_t seed;
	struct curve v[CURVES_MAX];
	int n;
	int shift;		/* a cell is 2^shift ns long */
	uint64_t low, high;	/* first and last cell in use */
	bool any;
	struct stamp first, last;	/* times of values; with `any` */
};

void curves_init(struct curves *);
void curves_release(struct curves *);

/* the series of this label and unit, which is made when it is new; NULL when
 * there are CURVES_MAX others */
struct curve *curves_find(struct curves *, struct str label,
    struct str unit);

/* Has the record a value that can be drawn?  True is 1, and false is 0; a
 * number out of the range of a double is not drawn. */
bool curves_value(const struct record *, double *value);

/* `value` is finite */
void curves_add(struct curves *, struct curve *, struct stamp, double);

void cell_join(struct cell *, const struct cell *);
double cell_mean(const struct cell *);

/*
 * The cells of a series as n columns from set->first to set->last, each what
 * fell into its part of the time.
 */
void curves_columns(const struct curves *, const struct curve *,
    struct cell *columns, int n);

#endif
