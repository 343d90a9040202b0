/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_CALL_H
#define MFX_API_CALL_H

#include <stdatomic.h>

#include "api/api.h"
#include "http/conditions.h"
#include "api/stores.h"
#include "json/object.h"
#include "net/rate_limit.h"
#include "registry/changes.h"

struct event_stream;
struct forwards;
struct token_cache;
struct health;
struct jobs;
struct lists;
struct openapi;
struct fair_queue;

/* What the files of this folder share; nobody else includes this. */
struct api {
	struct api_options options;
	struct registry *registry;	/* to read; NULL: can't be opened */
	char *home;
	struct access *access;		/* for things' keys */
	struct token_cache *tokens;		/* tokens that were checked */
	struct registry_writer *writer;
	struct thread_pool *pool;
	struct completions completions;
	struct rate_limit *limits;	/* of logins and new users */
	struct fair_queue *logins;	/* that wait for the pool */
	struct event_stream *event_streams;		/* streams of events */
	struct stores *stores;
	struct health *health;
	struct jobs *jobs;		/* answers under way */
	struct lists *lists;
	struct forwards *forwards;	/* NULL: no primary was given */
	bool replica;			/* another machine makes changes */
	struct openapi *openapi;	/* the document */
	unsigned n_event_streams;
	struct arena scratch;		/* of the call in hand */
	struct buf answer, key;		/* likewise */
	const struct http *server;
	int64_t now;			/* seconds since 1970, of this turn */
	int64_t clock, checked;		/* ns, monotonic */
	atomic_uint generation;		/* which file the registry is */
	bool failing, stopping;
	bool health_wanted;		/* somebody waits for its health */
	struct route_stats *route_stats;	/* the last: of no route */
	uint64_t answers[600];		/* by status */
};

/*
 * A request that has found its route.  It lives until the handler returns;
 * a handler that answers later copies what it needs then.
 */
#define CTX_IDS 2
#define CTX_PARAMETERS 128
struct request_ctx {
	struct api *api;
	struct http_request *request;
	const struct api_route *route;
	/* whose token it is; NULL with API_OPEN */
	const struct principal *principal;
	struct str id[CTX_IDS];	/* what stands for :id, decoded */
	struct conditions conditions;
	/* of the query, decoded, in order */
	struct ctx_parameter {
		struct str name, value;
	} parameters[CTX_PARAMETERS];
	unsigned n_parameters;
};

struct api_route {
	const char *method;		/* GET is good for HEAD too */
	const char *path;		/* "/things/:id/channels" */
	void (*handle)(struct request_ctx *);
	/* what the token has to allow, of enum token_scope; 0: nothing in
	 * particular, and with API_OPEN it is not asked for */
	unsigned scope;
	size_t body;		/* bytes at most; 0: as the server says */
	const char *service, *name;	/* in the metrics */
	unsigned flags;
	/* what there may be in the query, with spaces between; "*x" may be
	 * repeated */
	const char *query;
};
enum {
	API_OPEN = 1,		/* needs no token */
	/* Only we have this path: another parameter is 400.  Where clients
	 * of Mainflux come they are passed over, as they are there. */
	API_OURS = 2,
	/* The handler asks ctx_holds, as it knows the state.  Everything
	 * else is there and has no entity tag. */
	API_STATE = 4,
	/* The body is JSON: other types are 415.  body_read() and the handler
	 * look at it before auth_user() asks whose token it is: the order of
	 * Mainflux. */
	API_JSON = 8,
	/* The body is lines of JSON, or JSON of many, and read only for a user
	 * that is known. */
	API_LINES = 16,
	API_NAMED = 32,		/* ":id" is not empty */
	API_READS = 64,		/* it changes nothing, whatever its method */
};
/*
 * Does a path fit the one of a row?  Its segments have to; ":id" fits any, even
 * an empty one, and "*", at the end, fits the rest, of one segment or several.
 * `ids` borrow from the path; there are CTX_IDS of both kinds at most.
 */
bool routes_path_fits(const char *pattern, struct str path, struct str *ids);

/* ends with a method that is NULL */
extern const struct api_route api_routes[];

/* ---- who ---- */

/* Is there a token, if the row wants one?  Else it answers 403: false. */
bool auth_shows_token(struct request_ctx *);
/* Is it valid as well, and allows what the row says?  Else it answers 403 or
 * 503: false. */
bool auth_admit(struct request_ctx *);
/* The user whose token it is, once the token allows all of `more` as well and
 * the preconditions hold; else it answers 403, 304 or 412: NULL.  Good until
 * the handler returns. */
const struct principal *auth_user(struct request_ctx *, unsigned more);
/* whose token this is: 1, 0, or -1 when that can't be asked */
int auth_principal(struct api *, struct str token, struct principal *);

/* ---- what ---- */

/* Is the body of the type that the row wants?  Else it answers 415: false. */
bool body_typed(struct request_ctx *);
/* Reads a JSON body, and sees that there is a token if the row wants one; else
 * it answers, with 400 for what is not of this form: false. */
bool body_read(struct request_ctx *, struct object_field *, size_t n);
/* is it lines of JSON? */
#define BODY_LINES "application/x-ndjson"
bool body_is_lines(const struct request_ctx *);

/* Reads the query, If-Match and If-None-Match; what of them can't be read is
 * answered 400: false. */
bool parameters_read(struct request_ctx *);

/* A parameter of the query: how many values it has; the first is given. */
int parameter_get(const struct request_ctx *, const char *name,
    struct str *value);
/* is it given as true? */
bool parameter_is_true(const struct request_ctx *, const char *name);
/* true, false, 1 or 0; false: not one of these */
bool parameter_bool(struct str value, bool *truth);

/* Do the preconditions hold for what is there now (conditions.h)?  Else it
 * answers 304 or 412: false.  Only with 412 no ETag is set. */
bool ctx_holds(struct request_ctx *, bool exists, const char *tag);
void answer_etag(struct http_request *, const char *tag);
/* 412 */
void answer_changed(struct http_request *);

/* checks and copies name, metadata, tags and key as far as they are there;
 * NULL, or why not */
enum { ITEM_NAME, ITEM_METADATA, ITEM_TAGS, ITEM_KEY, ITEM_FIELDS };
const char *body_fill_change(struct changes *, struct change *,
    const struct object_field f[ITEM_FIELDS], bool key);
/* the same; what is wrong is answered with 400: false */
bool body_take_change(struct request_ctx *, struct changes *, struct change *,
    const struct object_field f[ITEM_FIELDS], bool key);

/* a user's own; {} when it isn't there; else it answers 400: false */
bool body_metadata(struct request_ctx *, struct str json, struct str *compact);

/* ---- answers ---- */

void answer_json(struct http_request *, unsigned status, struct str body);
/* by what went wrong: 404 for what is not there, `clash` for EX_DATAERR,
 * and 503, which is complained of */
void answer_fault(struct api *, struct http_request *, const struct fault *,
    unsigned clash);
/* it can't be asked or kept now: 503 */
void answer_unable(struct api *, struct http_request *, const struct fault *);
void state_complain(struct api *, const struct fault *);
/* of a store: said once, until it can be read again */
void state_complain_store(struct api *, struct api_store *,
    const struct fault *);
void stores_recovered(struct api_store *);
/* not everything is bad any more */
void state_recovered(struct api *);

/* Keys of things are shown to those who may see them, unless keys=false.  With
 * keys=true the others are refused: the scope that this takes, or 0. */
bool item_json_keys(struct request_ctx *, const struct principal *);
unsigned item_json_scope(struct request_ctx *);

/* {"id":…,"name":…,"key":…,"metadata":…} as Mainflux has it; `keys`: are
 * they shown?  One is opened in `key`. */
int item_json_put(struct buf *key, struct registry *, struct buf *,
    enum item_kind, const struct item *, bool keys, struct fault *);

/* ---- the rest of this folder ---- */

void users_create(struct request_ctx *), users_show(struct request_ctx *),
    users_show_one(struct request_ctx *), users_update(struct request_ctx *),
    users_remove(struct request_ctx *), users_password(struct request_ctx *),
    tokens_create(struct request_ctx *), tokens_refresh(struct request_ctx *),
    tokens_end(struct request_ctx *), keys_create(struct request_ctx *),
    keys_list(struct request_ctx *), keys_show(struct request_ctx *),
    keys_remove(struct request_ctx *);
void things_create(struct request_ctx *), things_bulk(struct request_ctx *),
    things_list(struct request_ctx *), things_of_channel(struct request_ctx *),
    things_show(struct request_ctx *), things_update(struct request_ctx *),
    things_patch(struct request_ctx *), things_enable(struct request_ctx *),
    things_disable(struct request_ctx *), things_key(struct request_ctx *),
    things_remove(struct request_ctx *),
    things_update_many(struct request_ctx *),
    things_remove_many(struct request_ctx *);
void channels_create(struct request_ctx *), channels_bulk(struct request_ctx *),
    channels_list(struct request_ctx *),
    channels_of_thing(struct request_ctx *),
    channels_show(struct request_ctx *), channels_update(struct request_ctx *),
    channels_patch(struct request_ctx *), channels_enable(struct request_ctx *),
    channels_disable(struct request_ctx *),
    channels_remove(struct request_ctx *),
    channels_update_many(struct request_ctx *),
    channels_remove_many(struct request_ctx *);
void connections_add(struct request_ctx *),
    connections_remove(struct request_ctx *),
    connections_bulk(struct request_ctx *),
    connections_end_bulk(struct request_ctx *);
/* May another bulk be sent for this user, before it is read?  Else it is
 * answered: false. */
bool bulk_allowed(struct request_ctx *);
/* a bulk that is sent as lines */
void bulk_change(struct request_ctx *, enum change_verb, enum item_kind);
void access_identity(struct request_ctx *), access_decide(struct request_ctx *),
    access_decide_id(struct request_ctx *),
    access_explain(struct request_ctx *);
void events_stream(struct request_ctx *), messages_list(struct request_ctx *);
void status_version(struct request_ctx *), status_health(struct request_ctx *),
    status_metrics(struct request_ctx *);

/* those who wait for the pool are let down */
void logins_end(struct api *);

/* what is new goes out; `changed`: the registry has changed */
void event_streams_turn(struct api *, bool changed);
void event_streams_end(struct api *);
/* is there something to be sent now? */
bool event_streams_behind(const struct api *);

/* Is it a change that another machine makes?  Then it is passed on: true. */
bool forward_change(struct request_ctx *);
int forwards_open(struct api *, struct fault *);
/* answers what waited until the registry here has the change */
void forwards_turn(struct api *);
bool forwards_wait(const struct api *);
/* those under way have a few seconds, or no time */
void forwards_stop(struct api *), forwards_cut(struct api *);
void forwards_close(struct api *);
/* a request that was passed on has it; and the answer, the number of the last
 * entry of the primary's log, which is that change or a later one */
#define FORWARD_PASSED "Mfx-Forwarded"
#define FORWARD_ENTRY "Mfx-Entry"
/* so many wait at most */
#define FORWARDS_MAX 512

void health_begin(struct api *);
/* whoever waits is answered; after its thread has ended */
void health_end(struct api *);
/* does anybody still wait? */
bool health_turn(struct api *);

int lists_open(struct api *, struct fault *);
void lists_close(struct api *);

struct token_cache *token_cache_open(void);
void token_cache_close(struct token_cache *);
void token_cache_forget(struct token_cache *);

/* the OpenAPI document */
struct openapi *openapi_open(void);
void openapi_close(struct openapi *);
struct str openapi_text(const struct openapi *);
void openapi_show(struct request_ctx *);

struct route_stats *route_stats_open(void);
void route_stats_add(struct api *, const struct http_request *);

#endif
