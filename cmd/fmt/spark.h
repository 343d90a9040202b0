/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_FMT_SPARK_H
#define MFX_CMD_FMT_SPARK_H

#include "base/buf.h"
#include "senml/pack.h"

/* A line of blocks for each series, by name and unit, at the end of the
 * input. */

/* false: there are more series than can be drawn */
bool spark_add(const struct record *);
/* draws them, once */
void spark_end(struct buf *);

#endif
