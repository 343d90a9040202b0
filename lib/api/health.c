/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <sysexits.h>

#include "api/call.h"
#include "base/memory.h"
#include "registry/event.h"
#include "store/sqlite.h"

/*
 * Is what the service depends on there?  Each part is really asked: the
 * registry is read, and through the handle of things' keys; each store is
 * opened and read, by a thread; a transaction of the registry is begun and
 * ended, by the ledger.  Who asks is told which part is bad, and the one who
 * runs the service, on stderr, why.
 */
#define CHECKS_MAX (OPT_LIST_MAX + 3)

struct verdict {
	char part[80];			/* "store:messages" */
	const char *wrong;		/* NULL: it is sound */
	const char *note;		/* or NULL */
};

struct inquiry {
	struct task look;		/* at the stores */
	struct change change;		/* of the registry */
	struct api *api;
	struct http_request *request;
	bool write;
	struct fault faults[OPT_LIST_MAX];	/* of stores; status 0: none */
	struct verdict verdicts[CHECKS_MAX];
	size_t n;
};

static void
judge(struct inquiry *q, const char *kind, const char *name,
    const char *wrong, const char *note)
{
	struct verdict *v = &q->verdicts[q->n++];

	snprintf(v->part, sizeof v->part, "%s:%s", kind, name);
	v->wrong = wrong;
	v->note = note;
}

/* ---- the answer ---- */

static void
put_check(struct buf *b, const struct verdict *v)
{
	const char *text = v->wrong != NULL ? v->wrong : v->note;

	buf_printf(b, "\"%s\":[{\"status\":\"%s\"", v->part,
	    v->wrong != NULL ? "fail" : "pass");
	if (text != NULL)
		buf_printf(b, ",\"output\":\"%s\"", text);
	buf_puts(b, "}]");
}

static void
answer(struct inquiry *q)
{
	struct buf *b = &q->api->answer;
	const struct verdict *bad = NULL;
	size_t i;

	for (i = q->n; i > 0; i--)
		if (q->verdicts[i - 1].wrong != NULL)
			bad = &q->verdicts[i - 1];
	buf_clear(b);
	buf_printf(b, "{\"status\":\"%s\"", bad ? "fail" : "pass");
	if (bad != NULL)
		buf_printf(b, ",\"output\":\"%s %s\"", bad->part, bad->wrong);
	buf_puts(b, ",\"checks\":{");
	for (i = 0; i < q->n; i++) {
		if (i > 0)
			buf_putc(b, ',');
		put_check(b, &q->verdicts[i]);
	}
	buf_puts(b, "}}\n");
	http_set(q->request, "Cache-Control", "no-store");
	http_answer_text(q->request, bad ? 503 : 200,
	    "application/health+json", buf_str(b));
	free(q);
}

/* ---- changes ---- */

static struct inquiry *
of_change(struct change *c)
{
	return (struct inquiry *)((char *)c -
	    offsetof(struct inquiry, change));
}

/* When the last change has failed something is really written, to see
 * whether it goes again. */
static int
try(struct change *c, struct registry *r, struct fault *fault)
{
	return of_change(c)->write ? registry_probe(r, fault) : 0;
}

static void
tried(struct task *t)
{
	struct inquiry *q = of_change((struct change *)t);
	bool failed = q->change.result < 0;

	if (!failed && q->api->failing && q->write)
		api_recovered(q->api);
	if (failed)
		call_complain(q->api, &q->change.fault);
	judge(q, "registry", "write", failed ? "can't be done" : NULL, NULL);
	answer(q);
}

/* ---- stores ---- */

/* in the thread */
static void
look(struct task *t)
{
	struct inquiry *q = (struct inquiry *)t;
	struct api_store *store;
	size_t i;

	for (i = 0; (store = stores_at(q->api->stores, i)) != NULL; i++)
		if (sqlite_reader_probe(store->path, &q->faults[i]) == 0)
			q->faults[i].status = 0;
}

static void
judge_store(struct inquiry *q, struct api_store *store,
    const struct fault *fault)
{
	const char *wrong = NULL, *note = NULL;

	if (fault->status == EX_NOINPUT && !store->given && !store->seen)
		note = "there is none yet";
	else if (fault->status == EX_NOINPUT)
		wrong = "is not there";
	else if (fault->status != 0)
		wrong = "can't be read";
	if (wrong != NULL)
		call_complain_store(q->api, store, fault);
	else if (note == NULL)
		store_is_sound(store);
	judge(q, "store", *store->name ? store->name : "first", wrong, note);
}

static void
looked(struct task *t)
{
	struct inquiry *q = (struct inquiry *)t;
	struct api_store *store;
	size_t i;

	for (i = 0; (store = stores_at(q->api->stores, i)) != NULL; i++)
		judge_store(q, store, &q->faults[i]);
	ledger_add(q->api->ledger, &q->change);
}

/* ---- the request ---- */

/* a key that can't be among those that are remembered */
static bool
keys_are_there(struct api *api)
{
	struct str thing;
	char key[64];

	snprintf(key, sizeof key, "health %" PRId64, api->clock);
	return access_identify(api->access, str_z(key), &thing) !=
	    ACCESS_ERROR;
}

void
status_health(struct call *c)
{
	struct api *api = c->api;
	struct inquiry *q = memory_zero(1, sizeof *q);
	struct fault fault;
	uint64_t seq;
	bool reads = api->registry != NULL &&
	    event_last(api->registry, &seq, &fault) == 0;

	q->api = api;
	q->request = c->request;
	q->write = api->failing;
	q->look.run = look;
	q->look.done = looked;
	q->change.make = try;
	q->change.task.done = tried;
	judge(q, "registry", "read", reads ? NULL : "can't be done", NULL);
	judge(q, "registry", "keys", keys_are_there(api) ? NULL :
	    "can't be read", NULL);
	if (!stores_add(api->stores, &q->look)) {
		judge(q, "store", "all", "can't be looked at now", NULL);
		answer(q);
	}
}
