/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_PLOT_CHART_H
#define MFX_CMD_PLOT_CHART_H

#include "cmd/plot/scale.h"
#include "cmd/plot/curves.h"

/*
 * Charts of a set of series, put into a buffer.  In each column of a chart a
 * series has the range of its values there, and its mean; columns without
 * values are passed over, or left open where they span more than `gap`.
 */
struct chart {
	const struct curves *set;
	int width, height;	/* text: characters; SVG: pixels.  Of one
				 * panel, with its axes. */
	double low, high;	/* ends of the axis of values; NAN: as the
				 * values need */
	int64_t gap;		/* nanoseconds; 0: none is left open */
};

#define CHART_WIDTH_MAX 4096
#define CHART_HEIGHT_MAX 4096
#define CHART_WIDTH_MIN 24	/* characters: an axis and some columns */
#define CHART_HEIGHT_MIN 2

/* A panel for each series, drawn with the dots of Braille, or with the eighths
 * of blocks: as bars from the lower end to the mean. */
void chart_put_braille(struct buf *, const struct chart *);
void chart_put_blocks(struct buf *, const struct chart *);

/* A line for each series: its name, a row of blocks, least, greatest and newest
 * value. */
void chart_put_sparks(struct buf *, const struct chart *);

/* An SVG 1.1 document with a panel for each unit: lines of means over bands of
 * ranges.  Its text is real text, with a title and a description for readers
 * that can't see it. */
void chart_put_svg(struct buf *, const struct chart *);

/* for those: the axis for what cell holds */
struct scale chart_scale(const struct chart *, const struct cell *, int marks);
/* most columns that may be empty between two that are joined by a line */
int chart_gap(const struct chart *, int columns);
/* "temp (Cel)", escaped for a terminal */
void chart_put_name(struct buf *, const struct curve *);

#endif
