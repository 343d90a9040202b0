/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that documents cost with libmongoc: those of a collection into a
 * file as they come, and those of a file into a collection, in unordered
 * bulks with the write concern that we have.
 *
 *	mongo_bare read URL COLLECTION FILE
 *	mongo_bare write URL COLLECTION FILE BATCH
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "store/mongo/library.h"

static mongoc_client_t *client;
static mongoc_collection_t *collection;

static void
fail(const char *what, const bson_error_t *error)
{
	fprintf(stderr, "mongo_bare: %s: %s\n", what, error->message);
	exit(1);
}

/* all of it, the oldest first, as our reader asks */
static void
read_all(FILE *to)
{
	bson_t *filter = bson_new();
	bson_t *opts = BCON_NEW("sort", "{", "timeNs", BCON_INT32(1), "_id",
	    BCON_INT32(1), "}", "batchSize", BCON_INT32(2000));
	mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
	    collection, filter, opts, NULL);
	const bson_t *doc;
	bson_error_t error;

	while (mongoc_cursor_next(cursor, &doc))
		fwrite(bson_get_data(doc), 1, doc->len, to);
	if (mongoc_cursor_error(cursor, &error))
		fail("find", &error);
	mongoc_cursor_destroy(cursor);
	bson_destroy(filter);
	bson_destroy(opts);
}

static mongoc_bulk_operation_t *
begin(void)
{
	bson_t *opts = BCON_NEW("ordered", BCON_BOOL(false));
	mongoc_bulk_operation_t *bulk =
	    mongoc_collection_create_bulk_operation_with_opts(collection,
	    opts);

	bson_destroy(opts);
	return bulk;
}

static void
end(mongoc_bulk_operation_t *bulk)
{
	bson_error_t error;

	if (mongoc_bulk_operation_execute(bulk, NULL, &error) == 0)
		fail("insert", &error);
	mongoc_bulk_operation_destroy(bulk);
}

static void
write_all(FILE *from, int64_t batch)
{
	bson_reader_t *reader = bson_reader_new_from_fd(fileno(from), false);
	bson_t *plain = BCON_NEW("validate", BCON_BOOL(false));
	mongoc_bulk_operation_t *bulk = begin();
	const bson_t *doc;
	int64_t n = 0;

	while ((doc = bson_reader_read(reader, NULL)) != NULL) {
		mongoc_bulk_operation_insert_with_opts(bulk, doc, plain,
		    NULL);
		if (++n % batch != 0)
			continue;
		end(bulk);
		bulk = begin();
	}
	if (n % batch != 0)
		end(bulk);
	else
		mongoc_bulk_operation_destroy(bulk);
	bson_destroy(plain);
	bson_reader_destroy(reader);
}

int
main(int argc, char **argv)
{
	mongoc_write_concern_t *concern = mongoc_write_concern_new();
	bool writes = argc == 6 && strcmp(argv[1], "write") == 0;
	int64_t batch = 0;
	mongoc_uri_t *uri;
	FILE *file;

	if (!writes && (argc != 5 || strcmp(argv[1], "read") != 0))
		return 64;
	mongoc_init();
	mongoc_write_concern_set_wmajority(concern, 0);
	mongoc_write_concern_set_journal(concern, true);
	uri = mongoc_uri_new(argv[2]);
	client = mongoc_client_new_from_uri(uri);
	mongoc_client_set_write_concern(client, concern);
	collection = mongoc_client_get_collection(client,
	    mongoc_uri_get_database(uri), argv[3]);
	file = fopen(argv[4], writes ? "r" : "w");
	if (file == NULL)
		return 66;
	if (!writes)
		read_all(file);
	else if (number_parse(argv[5], 1, 100000, &batch))
		write_all(file, batch);
	fclose(file);
	mongoc_collection_destroy(collection);
	mongoc_client_destroy(client);
	mongoc_uri_destroy(uri);
	mongoc_write_concern_destroy(concern);
	mongoc_cleanup();
	return 0;
}
