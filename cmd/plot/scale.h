/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_PLOT_SCALE_H
#define MFX_CMD_PLOT_SCALE_H

#include "base/buf.h"
#include "base/stamp.h"

/*
 * Where an axis has its marks: multiples of 1, 2 or 5 times a power of ten for
 * values; for times those of a clock and a calendar, in UTC.
 */
struct scale {
	double low, high;	/* ends of the axis, multiples of step */
	double step;
	int decimals;		/* that a label needs */
};

/* an axis that holds low to high, with at most `marks` steps (2 or more) */
struct scale scale_make(double low, double high, int marks);
/* with ends as they are given */
struct scale scale_between(double low, double high, int marks);
void scale_put(struct buf *, const struct scale *, double value);

/* 0 to 1 along the axis */
double scale_at(const struct scale *, double value);

/* nanoseconds between marks, so that there are at most `marks` of them */
int64_t scale_time_step(struct stamp first, struct stamp last, int marks);
/* the first multiple of step that is not before t; false when there is none */
bool scale_time_first(struct stamp t, int64_t step, struct stamp *mark);
/* a label of a mark: as much of date and time as the step asks for */
void scale_put_time(struct buf *, struct stamp, int64_t step);

#endif
