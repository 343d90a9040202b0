/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/pruner.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/sqlite.h"
#include "store/sqlite/writer.h"

const struct store_driver store_sqlite = {
	.name = "sqlite",
	.operand = "FILE",
	.write_summary = "store readings in an SQLite file, each exactly once",
	.read_summary = "print readings from an SQLite file",
	.can = STORE_ALL & ~STORE_SERIES_LIMIT,
	.open_writer = sqlite_writer_open,
	.position = sqlite_writer_position,
	.write = sqlite_writer_write,
	.close_writer = sqlite_writer_close,
	.open_reader = sqlite_reader_open,
	.query = sqlite_reader_query,
	.next = sqlite_reader_next,
	.count = sqlite_reader_count,
	.beyond = sqlite_reader_beyond,
	.explain = sqlite_reader_explain,
	.close_reader = sqlite_reader_close,
	.prune_summary = "remove old readings from an SQLite file",
	.open_pruner = sqlite_pruner_open,
	.prune = sqlite_pruner_prune,
	.close_pruner = sqlite_pruner_close,
	.probe = sqlite_reader_probe,
};
