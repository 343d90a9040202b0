/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_STATE_H
#define MFX_API_STATE_H

#include <stdatomic.h>

#include "api/options.h"
#include "api/stores.h"
#include "api/work.h"
#include "base/arena.h"
#include "base/buf.h"
#include "net/thread_pool.h"

struct access;
struct ca_set;
struct event_stream;
struct fair_queue;
struct forwards;
struct handles;
struct health;
struct http;
struct jobs;
struct ocsp_cache;
struct openapi;
struct rate_limit;
struct registry;
struct registry_writer;
struct route_stats;
struct token_cache;

/*
 * What the files of this room share.  They have an order, from the bottom:
 *	options, work, stores, fair_queue, registry_writer
 *	state			the service, and what it complains of
 *	route, request_ctx	one request, and the row that it fits
 *	answer, parameters, auth, body, item_json, list_page
 *				what handlers read and answer with
 *	signing, ca_set, enroll	certificates, and all that is signed
 *	job, handles, bulk, forward, event_stream, messages_query,
 *	messages_format
 *	access, account, bootstrap, certs, configs, configs_list, connections,
 *	est, grants, groups, groups_list, health, items, items_list, messages,
 *	ocsp, users		the handlers, which handlers.h lists
 *	routes			the rows
 *	openapi, route_stats, status
 *	dispatch, api		what the program calls
 */
struct api {
	struct api_options options;
	struct registry *registry;	/* to read; NULL: can't be opened */
	char *home;
	struct access *access;		/* for things' keys */
	struct token_cache *tokens;	/* tokens that were checked */
	struct registry_writer *writer;
	struct thread_pool *pool;
	struct completions completions;
	struct rate_limit *limits;	/* of logins and new users */
	struct fair_queue *logins;	/* that wait for the pool */
	struct fair_queue *signings, *keygens;	/* signing.h */
	struct ca_set *cas;		/* as they are now */
	int64_t cas_state;		/* authority_state() of them; -1: they
					 * are those of another registry */
	uint64_t cas_made;
	struct ocsp_cache *ocsp;
	struct event_stream *event_streams;
	struct stores *stores;
	struct health *health;
	struct jobs *jobs;		/* answers under way */
	struct handles *handles;	/* that jobs read by */
	unsigned notes;			/* of devices, for the writer */
	struct forwards *forwards;	/* NULL: no primary was given */
	bool replica;			/* another machine makes changes */
	struct openapi *openapi;	/* the document */
	unsigned n_event_streams;
	struct arena scratch;		/* of the request in hand */
	struct buf answer, key;		/* likewise */
	struct http *server;
	int64_t now;			/* seconds since 1970, of this turn */
	int64_t clock;			/* of this turn, ns, monotonic */
	int64_t checked;		/* when the file was looked for */
	int64_t counted;		/* when run.h's file was written */
	atomic_uint generation;		/* which file the registry is */
	bool failing;			/* which has been complained of */
	bool stopping;
	bool health_wanted;		/* a client waits for it */
	struct route_stats *route_stats;
};

/* tells the administrator, once until state_recovered() */
void state_complain(struct api *, const struct fault *);
void state_recovered(struct api *);
/* the same of a store, until stores_recovered() */
void state_complain_store(struct api *, struct api_store *,
    const struct fault *);

#endif
