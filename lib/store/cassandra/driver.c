/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cassandra/cassandra.h"
#include "store/cassandra/link.h"
#include "store/cassandra/pruner.h"
#include "store/cassandra/reader.h"
#include "store/cassandra/writer.h"

const struct store_driver store_cassandra = {
	.name = "cassandra",
	.operand = "URL",
	.write_summary = "store readings in Apache Cassandra",
	.read_summary = "print readings from Apache Cassandra",
	.write_options = cassandra_write_options,
	.read_options = cassandra_read_options,
	.open_writer = cassandra_writer_open,
	.write = cassandra_writer_write,
	.close_writer = cassandra_writer_close,
	.can = STORE_CHANNEL | STORE_TIME | STORE_ORDER | STORE_LIMIT |
	    STORE_COUNT,
	.open_reader = cassandra_reader_open,
	.query = cassandra_reader_query,
	.next = cassandra_reader_next,
	.count = cassandra_reader_count,
	.explain = cassandra_reader_explain,
	.close_reader = cassandra_reader_close,
	.prune_summary = "remove old readings from Apache Cassandra",
	.prune_options = cassandra_read_options,
	.open_pruner = cassandra_pruner_open,
	.prune = cassandra_pruner_prune,
	.close_pruner = cassandra_pruner_close,
};
