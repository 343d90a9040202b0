/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mongo/conn.h"
#include "store/mongo/mongo.h"
#include "store/mongo/pruner.h"
#include "store/mongo/query.h"
#include "store/mongo/reader.h"
#include "store/mongo/writer.h"

const struct store_driver store_mongo = {
	.name = "mongo",
	.operand = "URL",
	.write_summary = "store readings in MongoDB",
	.read_summary = "print readings from MongoDB",
	.write_options = mongo_options,
	.read_options = mongo_options,
	.open_writer = mongo_writer_open,
	.write = mongo_writer_write,
	.close_writer = mongo_writer_close,
	.can = STORE_MATCH | STORE_ORDER | STORE_LIMIT | STORE_OFFSET |
	    STORE_COUNT,
	.plan = mongo_query_plan,
	.open_reader = mongo_reader_open,
	.query = mongo_reader_query,
	.next = mongo_reader_next,
	.count = mongo_reader_count,
	.explain = mongo_reader_explain,
	.close_reader = mongo_reader_close,
	.prune_summary = "remove old readings from MongoDB",
	.prune_options = mongo_options,
	.open_pruner = mongo_pruner_open,
	.prune = mongo_pruner_prune,
	.close_pruner = mongo_pruner_close,
};
