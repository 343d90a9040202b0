/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/link.h"
#include "store/postgres/postgres.h"
#include "store/postgres/pruner.h"
#include "store/postgres/query.h"
#include "store/postgres/reader.h"
#include "store/postgres/writer.h"

const struct store_driver store_postgres = {
	.name = "postgres",
	.operand = "URL",
	.write_summary = "store readings in PostgreSQL, each exactly once",
	.read_summary = "print readings from PostgreSQL",
	.write_options = link_options,
	.read_options = link_options,
	.open_writer = postgres_writer_open,
	.position = postgres_writer_position,
	.write = postgres_writer_write,
	.close_writer = postgres_writer_close,
	.can = STORE_ALL,
	.plan = postgres_query_plan,
	.open_reader = postgres_reader_open,
	.query = postgres_reader_query,
	.next = postgres_reader_next,
	.count = postgres_reader_count,
	.beyond = postgres_reader_beyond,
	.close_reader = postgres_reader_close,
	.prune_summary = "remove old readings from PostgreSQL",
	.prune_options = link_options,
	.open_pruner = postgres_pruner_open,
	.prune = postgres_pruner_prune,
	.close_pruner = postgres_pruner_close,
};
