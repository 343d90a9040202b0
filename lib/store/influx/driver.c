/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/influx.h"
#include "store/influx/layout.h"
#include "store/influx/wire.h"
#include "store/influx/query.h"
#include "store/influx/pruner.h"
#include "store/influx/reader.h"
#include "store/influx/writer.h"

const struct store_driver store_influx = {
	.name = "influx",
	.operand = "URL",
	.write_summary = "store readings in InfluxDB",
	.read_summary = "print readings from InfluxDB",
	.write_options = influx_write_options,
	.read_options = influx_options,
	.open_writer = influx_writer_open,
	.write = influx_writer_write,
	.close_writer = influx_writer_close,
	.can = STORE_MATCH | STORE_ORDER | STORE_COUNT |
	    STORE_AGGREGATE,
	.plan = influx_query_plan,
	.open_reader = influx_reader_open,
	.query = influx_reader_query,
	.next = influx_reader_next,
	.count = influx_reader_count,
	.explain = influx_reader_explain,
	.close_reader = influx_reader_close,
	.prune_summary = "remove old readings from InfluxDB",
	.prune_options = influx_options,
	.open_pruner = influx_pruner_open,
	.prune = influx_pruner_prune,
	.close_pruner = influx_pruner_close,
};
