/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_INFLUX_H
#define MFX_STORE_INFLUX_INFLUX_H

#include "store/store.h"

/*
 * The store in InfluxDB, 1.x and 2.x, and for writing in what takes its line
 * protocol.
 *
 * Order of this folder: layout, answer < wire, point, clash < query, row,
 * rows < aggregate < writer, reader < pruner < driver.
 */
extern const struct store_driver store_influx;

#endif
