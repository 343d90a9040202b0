/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mongo/schema.h"

#include <sysexits.h>

/* the server's code for a key that is there already */
#define SCHEMA_DUPLICATE 11000

int
mongo_schema_look(struct conn *c, enum store_result *r, struct fault *fault)
{
	bson_t *which = BCON_NEW("_id", BCON_UTF8(mongo_collection));
	mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
	    c->versions, which, NULL, NULL);
	const bson_t *found;
	bson_error_t error;
	bson_iter_t it;
	int there = 0;

	*r = STORE_DONE;
	if (mongoc_cursor_next(cursor, &found)) {
		there = 1;
		if (!bson_iter_init_find(&it, found, "version") ||
		    bson_iter_as_int64(&it) != MONGO_VERSION) {
			fault_set(fault, EX_CONFIG, "%s: the collection is "
			    "that of another version of mfx", c->name);
			*r = STORE_FAILED;
		}
	}
	/* before the client, which it belongs to, may be closed */
	if (mongoc_cursor_error(cursor, &error)) {
		mongoc_cursor_destroy(cursor);
		*r = conn_judge(c, &error, fault);
	} else {
		mongoc_cursor_destroy(cursor);
	}
	bson_destroy(which);
	return *r == STORE_DONE ? there : -1;
}

int
mongo_schema_open(struct conn *c, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	enum store_result r;

	if (conn_open(c, place, watch, fault) != STORE_DONE)
		return -1;
	switch (mongo_schema_look(c, &r, fault)) {
	case 1:
		return 0;
	case 0:
		return fault_set(fault, EX_NOINPUT, "%s: nothing was stored "
		    "in collection '%s' of this database", c->name,
		    mongo_collection);
	default:
		return -1;
	}
}

/* For questions about all channels, and about one: by time, and readings of
 * one time in the order of the reader. */
static bson_t *
schema_indexes(void)
{
	return BCON_NEW("createIndexes", BCON_UTF8(mongo_collection),
	    "indexes", "[",
	    "{", "key", "{", "timeNs", BCON_INT32(1), "_id", BCON_INT32(1),
	    "}", "name", BCON_UTF8("mfx_time"), "}",
	    "{", "key", "{", "channel", BCON_INT32(1),
	    "timeNs", BCON_INT32(1), "_id", BCON_INT32(1), "}",
	    "name", BCON_UTF8("mfx_channel"), "}", "]");
}

static enum store_result
schema_mark(struct conn *c, struct fault *fault)
{
	bson_t *mark = BCON_NEW("_id", BCON_UTF8(mongo_collection),
	    "version", BCON_INT32(MONGO_VERSION));
	bson_error_t error;
	bool ok = mongoc_collection_insert_one(c->versions, mark, NULL, NULL,
	    &error);

	bson_destroy(mark);
	/* another writer may have been faster */
	return ok || (error.domain == MONGOC_ERROR_SERVER && error.code ==
	    SCHEMA_DUPLICATE) ? STORE_DONE : conn_judge(c, &error, fault);
}

enum store_result
mongo_schema_make(struct conn *c, struct fault *fault)
{
	bson_t *command = schema_indexes();
	bson_error_t error;
	bool ok = mongoc_collection_write_command_with_opts(c->readings,
	    command, NULL, NULL, &error);

	bson_destroy(command);
	return ok ? schema_mark(c, fault) : conn_judge(c, &error, fault);
}
