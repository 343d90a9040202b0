/* SPDX-License-Identifier: Apache-2.0 */
#include "api/health.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/handlers.h"
#include "api/registry_writer.h"
#include "api/request_ctx.h"
#include "api/state.h"
#include "api/stores.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/signal.h"
#include "net/thread_pool.h"
#include "registry/access.h"
#include "registry/event.h"
#include "store/reader.h"

/*
 * Is what the service depends on there?  Each part is really asked, by a
 * thread with handles of its own: the registry is read, and through the
 * handle of things' keys; a transaction of it is begun, and there is room
 * beside it; each store is opened and read.  The answer says which part is
 * bad, and stderr why.
 *
 * One check is made for all requests of the same time, and none waits for
 * longer than HEALTH_WAIT: what has not answered by then is bad.
 */
#define HEALTH_WAIT (2 * STAMP_SECOND)
/* when the thread gives up */
#define HEALTH_LIMIT (10 * STAMP_SECOND)
/* how long for the lock of writers */
#define HEALTH_LOCK 1000
/* what the disk of the registry has to have room for */
#define HEALTH_ROOM (64 * 1024)
#define CHECKS_MAX (OPT_LIST_MAX + 3)

/* what is looked at in the thread, in this order; then the stores */
enum { HEALTH_READ, HEALTH_WRITE, HEALTH_STORES };

struct health_result {
	char part[80];			/* "store:messages" */
	const char *wrong;		/* NULL: it is sound */
	const char *note;		/* or NULL */
};

/* a request that waits for the state */
struct health_check {
	struct health_check *next;
	struct http_request *request;
	int64_t asked;
	bool keys;			/* can be read */
	struct health_result results[CHECKS_MAX];
	size_t n;
};

struct health {
	struct task task;
	struct api *api;
	struct registry *registry;	/* the thread's own */
	struct health_check *first;
	bool working;
	bool write;			/* something is to be written */
	/* how many of these are known, and why each is bad; status 0: it is
	 * not */
	atomic_size_t known;
	struct fault faults[OPT_LIST_MAX + HEALTH_STORES];
};

static void
health_note(struct health_check *q, const char *kind, const char *name,
    const char *wrong, const char *note)
{
	struct health_result *v = &q->results[q->n++];

	snprintf(v->part, sizeof v->part, "%s:%s", kind, name);
	v->wrong = wrong;
	v->note = note;
}

/* ---- the answer ---- */

static void
health_put_result(struct buf *b, const struct health_result *v)
{
	const char *text = v->wrong != NULL ? v->wrong : v->note;

	buf_printf(b, "\"%s\":[{\"status\":\"%s\"", v->part,
	    v->wrong != NULL ? "fail" : "pass");
	if (text != NULL)
		buf_printf(b, ",\"output\":\"%s\"", text);
	buf_puts(b, "}]");
}

static void
health_answer_one(struct api *api, struct health_check *q)
{
	struct buf *b = &api->answer;
	const struct health_result *bad = NULL;
	size_t i;

	for (i = q->n; i > 0; i--)
		if (q->results[i - 1].wrong != NULL)
			bad = &q->results[i - 1];
	buf_clear(b);
	buf_printf(b, "{\"status\":\"%s\"", bad ? "fail" : "pass");
	if (bad != NULL)
		buf_printf(b, ",\"output\":\"%s %s\"", bad->part, bad->wrong);
	buf_puts(b, ",\"checks\":{");
	for (i = 0; i < q->n; i++) {
		if (i > 0)
			buf_putc(b, ',');
		health_put_result(b, &q->results[i]);
	}
	buf_puts(b, "}}\n");
	http_set(q->request, "Cache-Control", "no-store");
	http_answer_text(q->request, bad ? 503 : 200,
	    "application/health+json", buf_str(b));
	free(q);
}

/* ---- in the thread ---- */

static int
health_open(struct health *h, struct fault *fault)
{
	/* one that SQLite could open only for reading may do better now */
	if (h->registry != NULL && !registry_replaced(h->registry) &&
	    h->faults[HEALTH_WRITE].status != EX_NOPERM)
		return 0;
	registry_close(h->registry);
	h->registry = NULL;
	if (!registry_exists(h->api->home, fault) ||
	    registry_open(&h->registry, h->api->home, REGISTRY_WRITE,
	    fault) < 0)
		return -1;
	registry_patience(h->registry, HEALTH_LOCK);
	return 0;
}

/* a file that nobody else sees, for as long as it takes to write it */
static int
health_room(const char *home, struct fault *fault)
{
	static const char zeros[HEALTH_ROOM];
	char path[PATH_MAX];
	int fd, result = 0;

	snprintf(path, sizeof path, "%s/.health.%ld", home, (long)getpid());
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_errno(fault, EX_TEMPFAIL, "%s", path);
	unlink(path);
	errno = ENOSPC;
	if (write(fd, zeros, sizeof zeros) != (ssize_t)sizeof zeros)
		result = fault_errno(fault, EX_TEMPFAIL, "%s", home);
	close(fd);
	return result;
}

/*
 * Can it be changed?  Nothing of it is left; but when the last change has
 * failed something is really written, to see whether it goes again.  A long
 * change of our own is no fault.
 */
static int
health_write(struct health *h, struct fault *fault)
{
	int got;

	/* a replica is as it should be */
	if (registry_begin(h->registry, fault) < 0)
		return fault->status == EX_UNAVAILABLE ||
		    (fault->status == EX_TEMPFAIL &&
		    registry_writer_changing(h->api->writer)) ? 0 : -1;
	got = registry_probe(h->registry, fault);
	if (got == 0 && h->write)
		got = registry_commit(h->registry, fault);
	registry_rollback(h->registry);
	return got < 0 ? -1 : health_room(h->api->home, fault);
}

static void
health_know(struct health *h, size_t part, int got)
{
	if (got == 0)
		h->faults[part].status = 0;
	else if (h->faults[part].status == 0)
		h->faults[part].status = EX_IOERR;
	atomic_store(&h->known, part + 1);
}

/* all that asked for it have been answered long ago */
static bool
health_late(void *arg)
{
	return signal_stop() || clock_ns() >= *(const int64_t *)arg;
}

static void
health_run(struct task *t)
{
	struct health *h = (struct health *)t;
	int64_t until = clock_ns() + HEALTH_LIMIT;
	const struct store_watch watch = {
		.stop = health_late, .arg = &until, .one_of_many = true
	};
	struct fault *faults = h->faults;
	struct api_store *store;
	uint64_t seq;
	int there = health_open(h, &faults[HEALTH_READ]);
	size_t i;

	faults[HEALTH_WRITE] = faults[HEALTH_READ];
	health_know(h, HEALTH_READ, there == 0 ? event_last(h->registry,
	    &seq, &faults[HEALTH_READ]) : -1);
	health_know(h, HEALTH_WRITE, there == 0 ? health_write(h,
	    &faults[HEALTH_WRITE]) : -1);
	for (i = 0; (store = stores_at(h->api->stores, i)) != NULL; i++) {
		if (signal_stop())
			break;
		health_know(h, HEALTH_STORES + i, store_probe(store->driver,
		    store->place, &watch, &faults[HEALTH_STORES + i]));
	}
}

/* ---- what came of it ---- */

static struct fault
health_fault(const struct health *h, size_t part)
{
	struct fault fault;

	if (part < atomic_load(&h->known))
		return h->faults[part];
	fault_set(&fault, EX_TEMPFAIL, "health: %s: no answer within 2 s",
	    part == HEALTH_READ ? "reading the registry" :
	    part == HEALTH_WRITE ? "changing the registry" : "a store");
	return fault;
}

static void
health_note_store(struct api *api, struct health_check *q,
    struct api_store *store, const struct fault *fault)
{
	const char *wrong = NULL, *note = NULL;

	if (fault->status == EX_NOINPUT && !store->given && !store->seen)
		note = "does not exist yet";
	else if (fault->status == EX_NOINPUT)
		wrong = "is not there";
	else if (fault->status != 0)
		wrong = "can't be read";
	if (wrong != NULL)
		state_complain_store(api, store, fault);
	else if (note == NULL)
		stores_recovered(store);
	health_note(q, "store", *store->name ? store->name : "first", wrong,
	    note);
}

static void
health_note_all(struct health *h, struct health_check *q)
{
	struct fault fault = health_fault(h, HEALTH_READ);
	struct api_store *store;
	size_t i;

	health_note(q, "registry", "read",
	    fault.status ? "can't be done" : NULL, NULL);
	health_note(q, "registry", "keys", q->keys ? NULL : "can't be read",
	    NULL);
	for (i = 0; (store = stores_at(h->api->stores, i)) != NULL; i++) {
		fault = health_fault(h, HEALTH_STORES + i);
		health_note_store(h->api, q, store, &fault);
	}
	fault = health_fault(h, HEALTH_WRITE);
	if (fault.status != 0)
		state_complain(h->api, &fault);
	health_note(q, "registry", "write",
	    fault.status ? "can't be done" : NULL, NULL);
}

/* those who have waited since then, or longer */
static void
health_answer(struct health *h, int64_t since)
{
	struct health_check **at = &h->first, *q;

	while ((q = *at) != NULL) {
		if (q->asked > since) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		health_note_all(h, q);
		health_answer_one(h->api, q);
	}
}

static void
health_done(struct task *t)
{
	struct health *h = (struct health *)t;

	h->working = false;
	if (h->write && h->faults[HEALTH_WRITE].status == 0)
		state_recovered(h->api);
	health_answer(h, INT64_MAX);
}

bool
health_turn(struct api *api)
{
	health_answer(api->health, api->clock - HEALTH_WAIT);
	return api->health->first != NULL;
}

/* ---- the request ---- */

/* a key that can't be among those that are remembered */
static bool
health_keys_are_there(struct api *api)
{
	struct str thing;
	char key[64];

	snprintf(key, sizeof key, "health %" PRId64, api->clock);
	return access_identify(api->access, str_z(key), &thing) !=
	    ACCESS_ERROR;
}

void
status_health(struct request_ctx *c)
{
	struct health *h = c->api->health;
	struct health_check *q = memory_zero(1, sizeof *q);

	q->request = c->request;
	q->asked = c->api->clock;
	q->keys = health_keys_are_there(c->api);
	q->next = h->first;
	h->first = q;
	if (h->working)
		return;
	h->write = c->api->failing;
	atomic_store(&h->known, 0);
	h->working = c->api->pool != NULL &&
	    pool_add(c->api->pool, POOL_STORES, &h->task);
	if (!h->working)
		health_answer(h, INT64_MAX);
}

/* ---- beginning and end ---- */

void
health_begin(struct api *api)
{
	struct health *h = memory_zero(1, sizeof *h);

	h->api = api;
	h->task.run = health_run;
	h->task.done = health_done;
	api->health = h;
}

void
health_end(struct api *api)
{
	if (api->health == NULL)
		return;
	health_answer(api->health, INT64_MAX);
	registry_close(api->health->registry);
	free(api->health);
	api->health = NULL;
}
