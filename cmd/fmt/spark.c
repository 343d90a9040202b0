/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/fmt/spark.h"

#include <math.h>

#include "cmd/plot/chart.h"

static struct curves spark_series;

bool
spark_add(const struct record *r)
{
	struct curve *s;
	double value;

	if (!curves_value(r, &value))
		return true;
	if ((s = curves_find(&spark_series, r->name, r->unit)) == NULL)
		return false;
	curves_add(&spark_series, s, r->time, value);
	return true;
}

void
spark_end(struct buf *to)
{
	struct chart chart = {
		&spark_series, .width = 80, .height = 1, .low = NAN,
		.high = NAN
	};

	chart_put_sparks(to, &chart);
	curves_release(&spark_series);
}
