/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question finds what is old, the oldest first; a slice takes some of
 * its answer and deletes those, by their _id.
 */
#include "store/mongo/pruner.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "store/mongo/document.h"
#include "store/mongo/query.h"
#include "store/mongo/schema.h"

/* documents of one slice */
#define PRUNER_SLICE 500

struct mongo_pruner {
	struct conn conn;
	mongoc_cursor_t *cursor;	/* NULL: nothing was asked */
};

int
mongo_pruner_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct mongo_pruner *p = memory_zero(1, sizeof *p);

	if (mongo_schema_open(&p->conn, place, watch, fault) < 0) {
		mongo_pruner_close(p);
		return -1;
	}
	*out = p;
	return 0;
}

static void
pruner_forget(struct mongo_pruner *p)
{
	if (p->cursor != NULL)
		mongoc_cursor_destroy(p->cursor);
	p->cursor = NULL;
}

void
mongo_pruner_close(void *handle)
{
	struct mongo_pruner *p = handle;

	pruner_forget(p);
	conn_close(&p->conn);
	free(p);
}

static int
pruner_fail(struct mongo_pruner *p, const bson_error_t *error,
    struct fault *fault)
{
	/* it belongs to the client, which may be closed */
	pruner_forget(p);
	conn_judge(&p->conn, error, fault);
	return -1;
}

static void
pruner_ask(struct mongo_pruner *p, const struct match *match)
{
	struct query old = QUERY_ALL;
	bson_t filter, options, projection;

	old.match = *match;
	mongo_query_build(&filter, &options, &old);
	bson_append_document_begin(&options, "projection", -1, &projection);
	bson_append_bool(&projection, document_names[DOC_CHANNEL], -1, true);
	bson_append_document_end(&options, &projection);
	p->cursor = mongoc_collection_find_with_opts(p->conn.readings,
	    &filter, &options, NULL);
	bson_destroy(&filter);
	bson_destroy(&options);
}

/* The server may have given more than the globs match. */
static bool
pruner_wants(const struct match *match, const bson_t *doc, bson_iter_t *id)
{
	struct route route;
	bson_iter_t it;
	uint32_t n;

	route_clear(&route);
	if (bson_iter_init_find(&it, doc, document_names[DOC_CHANNEL]) &&
	    BSON_ITER_HOLDS_UTF8(&it)) {
		route.channel.p = bson_iter_utf8(&it, &n);
		route.channel.n = n;
	}
	return match_route(match, &route) &&
	    bson_iter_init_find(id, doc, document_names[DOC_ID]);
}

/* The _ids of a slice into an array: 1, 0 when there are no more, or -1. */
static int
pruner_collect(struct mongo_pruner *p, const struct match *match,
    bson_t *ids, uint32_t *n, struct fault *fault)
{
	const bson_t *doc;
	const char *key;
	char room[16];
	bson_error_t error;
	bson_iter_t id;
	int i;

	for (i = 0; i < PRUNER_SLICE; i++) {
		if (!mongoc_cursor_next(p->cursor, &doc))
			return mongoc_cursor_error(p->cursor, &error) ?
			    pruner_fail(p, &error, fault) : 0;
		if (!pruner_wants(match, doc, &id))
			continue;
		bson_uint32_to_string((*n)++, &key, room, sizeof room);
		bson_append_iter(ids, key, -1, &id);
	}
	return 1;
}

static int
pruner_delete(struct mongo_pruner *p, const bson_t *ids, uint64_t *removed,
    struct fault *fault)
{
	bson_t filter, in, reply;
	bson_error_t error;
	bson_iter_t it;
	bool ok;

	bson_init(&filter);
	bson_append_document_begin(&filter, document_names[DOC_ID], -1, &in);
	bson_append_array(&in, "$in", -1, ids);
	bson_append_document_end(&filter, &in);
	ok = mongoc_collection_delete_many(p->conn.readings, &filter, NULL,
	    &reply, &error);
	if (ok && bson_iter_init_find(&it, &reply, "deletedCount"))
		*removed += (uint64_t)bson_iter_as_int64(&it);
	bson_destroy(&filter);
	bson_destroy(&reply);
	return ok ? 0 : pruner_fail(p, &error, fault);
}

int
mongo_pruner_prune(void *handle, const struct match *match,
    uint64_t *removed, struct fault *fault)
{
	struct mongo_pruner *p = handle;
	uint32_t n = 0;
	bson_t ids;
	int more;

	if (p->cursor == NULL)
		pruner_ask(p, match);
	bson_init(&ids);
	more = pruner_collect(p, match, &ids, &n, fault);
	if (more >= 0 && n > 0 && pruner_delete(p, &ids, removed, fault) < 0)
		more = -1;
	bson_destroy(&ids);
	return more;
}
