/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/auth.h"
#include "api/ca_set.h"
#include "api/event_stream.h"
#include "api/fair_queue.h"
#include "api/forward.h"
#include "api/handles.h"
#include "api/health.h"
#include "api/job.h"
#include "api/ocsp.h"
#include "api/openapi.h"
#include "api/registry_writer.h"
#include "api/route_stats.h"
#include "api/signing.h"
#include "api/state.h"
#include "api/status.h"
#include "api/stores.h"
#include "api/users.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "net/certificate.h"
#include "net/rate_limit.h"
#include "net/thread_pool.h"
#include "registry/access.h"
#include "registry/log_state.h"

/* passwords that wait for the pool, of one address and of all; each takes
 * it 40 ms */
#define LOGINS_EACH 64
#define LOGINS_MAX 1024
#define PASSWORDS_MAX 4
/* stores that wait to be looked at */
#define STORES_MAX 64
/* what one call may take for its parameters and its body, and put into its
 * answer */
#define SCRATCH_MAX ((size_t)256 << 20)
#define ANSWER_MAX ((size_t)1 << 30)
/* what an answer of an ordinary size needs is kept */
#define ANSWER_KEPT ((size_t)1 << 20)
/* of names whose attempts are counted */
#define LIMITS_SETS 4096
#define CHECK_EACH STAMP_SECOND

static void
api_read_clocks(struct api *api)
{
	api->now = stamp_now().ns / STAMP_SECOND;
	api->clock = clock_ns();
}

static int
api_pool_size(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > PASSWORDS_MAX ? PASSWORDS_MAX : (int)n;
}

/*
 * Whoever asks for too much is left with a part of the threads: it takes four
 * of them to hold up the others.  One looks at stores, as a disk may hang.
 */
static int
api_open_pool(struct api *api, struct fault *fault)
{
	unsigned passwords = (unsigned)api_pool_size();
	const struct pool_limits limits[POOL_KINDS] = {
		[POOL_PASSWORDS] = { passwords, passwords, 0, 0 },
		[POOL_STORES] = { 1, STORES_MAX, 0, 0 },
		[POOL_SIGNATURES] = { passwords, passwords, 0, 0 },
		[POOL_KEYS] = { 1, 1, 0, 0 },
		[POOL_FORWARDS] = { 8, FORWARDS_MAX, 0, 0 },
		[POOL_PAGES] = { 12, JOB_PAGES, 3, 2 },
		[POOL_EXPORTS] = { 4, JOB_EXPORTS, 2, 1 },
	};

	if (pool_open(&api->pool, limits, POOL_KINDS, &api->completions,
	    fault) < 0)
		return -1;
	api->logins = fair_queue_open(api->pool, POOL_PASSWORDS, passwords,
	    LOGINS_EACH, LOGINS_MAX);
	signing_open(api, passwords);
	return 0;
}

static int
api_open_all(struct api *api, struct fault *fault)
{
	if (completions_open(&api->completions, fault) < 0 ||
	    registry_writer_open(&api->writer, api->home, &api->completions,
	    fault) < 0 ||
	    registry_open(&api->registry, api->home, REGISTRY_READ,
	    fault) < 0 ||
	    access_open(&api->access, api->home, fault) < 0 ||
	    stores_open(&api->stores, api->options.stores,
	    api->options.store_file, api->home, fault) < 0 ||
	    handles_open(api, fault) < 0 || forwards_open(api, fault) < 0)
		return -1;
	jobs_open(api);
	api_read_clocks(api);
	return api_open_pool(api, fault) < 0 ? -1 : ca_set_open(api, fault);
}

static bool
api_is_replica(struct api *api)
{
	struct log_state s;
	struct fault ignored;

	return api->registry != NULL && log_state_get(api->registry, &s,
	    &ignored) > 0 && strcmp(s.node, s.primary) != 0;
}

int
api_open(struct api **out, const struct api_options *options,
    struct fault *fault)
{
	struct api *api = memory_zero(1, sizeof *api);

	api->options = *options;
	api->home = options->home ? memory_strdup(options->home) :
	    home_path("");
	arena_init(&api->scratch, SCRATCH_MAX);
	buf_init(&api->answer, ANSWER_MAX);
	buf_init(&api->key, KEY_BOX_MAX);
	if (api_open_all(api, fault) < 0) {
		api_close(api);
		return -1;
	}
	api->tokens = token_cache_open();
	health_begin(api);
	api->limits = rate_limit_open(LIMITS_SETS);
	api->route_stats = route_stats_open();
	api->openapi = openapi_open();
	api->ocsp = ocsp_cache_open();
	api->checked = api->clock;
	api->replica = api_is_replica(api);
	*out = api;
	return 0;
}

void
api_finish(struct api *api)
{
	if (api == NULL)
		return;
	jobs_cut(api);
	forwards_cut(api);
	logins_end(api);
	signing_end(api);
	/* a password that has been hashed may still become a change */
	pool_close(api->pool);
	if (api->pool != NULL)
		completions_run(&api->completions);
	api->pool = NULL;
	registry_writer_close(api->writer);
	if (api->writer != NULL)
		completions_run(&api->completions);
	api->writer = NULL;
	health_end(api);
}

void
api_close(struct api *api)
{
	if (api == NULL)
		return;
	api_finish(api);
	jobs_close(api);
	forwards_close(api);
	handles_close(api);
	stores_close(api->stores);
	completions_close(&api->completions);
	registry_close(api->registry);
	access_close(api->access);
	token_cache_close(api->tokens);
	rate_limit_close(api->limits);
	fair_queue_close(api->logins);
	signing_close(api);
	ca_set_close(api);
	ocsp_cache_close(api->ocsp);
	route_stats_close(api->route_stats);
	openapi_close(api->openapi);
	arena_release(&api->scratch);
	buf_release(&api->answer);
	secret_release(&api->key);
	free(api->home);
	free(api);
}

/* ---- the turn ---- */

/* Another file may have been put in the place of the registry. */
static bool
api_reopen(struct api *api)
{
	struct fault fault;

	api->checked = api->clock;
	if (api->registry != NULL && !registry_replaced(api->registry))
		return false;
	registry_close(api->registry);
	api->registry = NULL;
	api->cas_state = -1;
	atomic_fetch_add(&api->generation, 1);
	if (registry_exists(api->home, &fault))
		registry_open(&api->registry, api->home, REGISTRY_READ,
		    &fault);
	return true;
}

/* A certificate admits its client, and is no proof of a user. */
static const char *
api_refuses(struct api *api, const struct certificate *shown, bool need)
{
	enum access_result result = ACCESS_YES;

	if (shown == NULL)
		return NULL;
	if (shown->kind == CERTIFICATE_REFUSED ||
	    (shown->kind == CERTIFICATE_NONE && need))
		return "a valid client certificate is required";
	if (shown->id.known)
		result = access_check_certificate(api->access, shown->id.hash);
	/* one of a CA that is not ours may name something else */
	if (result == ACCESS_YES && shown->kind == CERTIFICATE_THING)
		result = access_check_id(api->access, str_z(shown->text),
		    STR(""), ACCESS_ANY_WAY);
	if (result == ACCESS_ERROR)
		return "the client certificate can't be checked now";
	return result == ACCESS_NO_KEY ?
	    "the client certificate is revoked, or its thing has no access" :
	    NULL;
}

bool
api_admits(struct api *api, struct http_request *r, bool need)
{
	const char *why = api_refuses(api, http_certificate(r), need);

	if (why != NULL)
		http_problem(r, 403, why);
	return why == NULL;
}

static bool
api_lets_stay(const struct certificate *shown, void *arg)
{
	return api_refuses(arg, shown, false) == NULL;
}

int
api_reload(struct api *api, struct fault *fault)
{
	return ca_set_reload(api, fault);
}

void
api_turn(struct api *api)
{
	struct fault fault;
	bool changed;

	api_read_clocks(api);
	completions_run(&api->completions);
	changed = api->clock - api->checked >= CHECK_EACH && api_reopen(api);
	/* all of this turn sees it as it is now */
	if (api->registry != NULL &&
	    registry_read_begin(api->registry, &fault) < 0)
		state_complain(api, &fault);
	changed |= api->registry != NULL &&
	    registry_changed(api->registry) != 0;
	access_refresh(api->access);
	if (changed) {
		token_cache_forget(api->tokens);
		access_forget(api->access);
		ca_set_check(api);
		if (api->server != NULL)
			http_review(api->server, api_lets_stay, api);
		api->replica = api_is_replica(api);
	}
	forwards_turn(api);
	jobs_turn(api);
	api->health_wanted = health_turn(api);
	if (api->registry != NULL)
		event_streams_turn(api, changed);
	status_run(api);
	if (api->answer.cap > ANSWER_KEPT) {
		buf_release(&api->answer);
		buf_init(&api->answer, ANSWER_MAX);
	}
}

void
api_rest(struct api *api)
{
	if (api->registry != NULL)
		registry_read_end(api->registry);
}

void
api_on_answer(struct http_request *r, void *arg)
{
	struct api *api = arg;
	struct log_state s;
	struct fault ignored;
	char entry[24];

	if (r->status / 100 != 2 || api->registry == NULL ||
	    http_header(r, FORWARD_PASSED).p == NULL ||
	    log_state_get(api->registry, &s, &ignored) <= 0)
		return;
	snprintf(entry, sizeof entry, "%lld", (long long)s.entry);
	http_set(r, FORWARD_ENTRY, entry);
}

void
api_on_complete(const struct http_request *r, void *arg)
{
	route_stats_add(((struct api *)arg)->route_stats, r);
}

void
api_count_connections(struct api *api, struct http *server)
{
	api->server = server;
}

int
api_fd(const struct api *api)
{
	return api->completions.told[0];
}

int
api_pause(const struct api *api)
{
	int jobs = jobs_pause(api);

	if (jobs == 0 || event_streams_behind(api))
		return 0;
	/* other processes change the registry too, without a word */
	if (forwards_wait(api))
		return 10;
	return api->event_streams != NULL || api->health_wanted ? 100 :
	    jobs > 0 ? jobs : 1000;
}

void
api_stop(struct api *api)
{
	api->stopping = true;
	event_streams_end(api);
	jobs_stop(api);
	forwards_stop(api);
	registry_writer_stop(api->writer);
}
