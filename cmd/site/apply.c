/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/signal.h"
#include "cmd/site/make.h"
#include "cmd/site/plan.h"
#include "cmd/site/verbs.h"

/* changes of one call; a mfx-api takes 20,000 connections in one request */
#define APPLY_BATCH 10000
/* keys that are made */
#define APPLY_KEYS_MAX ((size_t)1 << 30)

static struct plan_run apply_run;
static struct buf apply_keys;
static uint64_t apply_made;

/* these are of one user */
static int
apply_batch(struct plan_run *r, site_make *make, bool act,
    struct site_row *const *v, size_t n)
{
	size_t at = n;

	if (signal_stop())
		return fault_set(&r->fault, EX_TEMPFAIL, "stopped");
	if (act && source_act_as(&r->source, v[0]->user, &r->fault) < 0)
		return -1;
	if (make(&r->client, v, n, &at, &apply_keys, &r->fault) == 0) {
		apply_made += n;
		for (at = 0; at < n; at++)
			v[at]->made_id = false;
		return 0;
	}
	return at < n && v[at]->line > 0 ? input_fault(&r->input, v[at],
	    &r->fault) : -1;
}

static int
apply_rows(struct plan_run *r, enum plan_verb verb, int kind)
{
	const struct site_rows *rows = &r->compare.plan.rows[verb][kind];
	const struct site_kind *k = &site_kinds[kind];
	site_make *make = verb == PLAN_CREATE ? k->create :
	    verb == PLAN_UPDATE ? k->update : k->remove;
	bool act = kind != KIND_USER || verb != PLAN_CREATE;
	size_t i, n;

	for (i = 0; i < rows->n; i += n) {
		for (n = 1; n < APPLY_BATCH && i + n < rows->n &&
		    rows->v[i + n]->user == rows->v[i]->user; n++)
			;
		if (apply_batch(r, make, act, rows->v + i, n) < 0)
			return -1;
	}
	return 0;
}

/* what is needed before what needs it, and a key is free before another thing
 * gets it */
static int
apply_all(struct plan_run *r)
{
	int k;

	for (k = SITE_KINDS - 1; k >= 0; k--)
		if (apply_rows(r, PLAN_REMOVE, k) < 0)
			return -1;
	for (k = 0; k < SITE_KINDS; k++)
		if (apply_rows(r, PLAN_UPDATE, k) < 0 ||
		    apply_rows(r, PLAN_CREATE, k) < 0)
			return -1;
	return 0;
}

/* before the commit: nobody could read them after it */
static int
apply_write_keys(struct plan_run *r)
{
	if (site_opt.new_keys == NULL || apply_keys.n == 0)
		return 0;
	if (apply_keys.full)
		return fault_set(&r->fault, EX_DATAERR,
		    "too much for one transaction");
	return file_replace(site_opt.new_keys, buf_str(&apply_keys), 0600,
	    true, &r->fault);
}

/* how far it came, after the reason */
static int
apply_failed(struct plan_run *r)
{
	struct fault plain = r->fault;

	if (r->client.backend == NULL || r->client.backend->transactions ||
	    apply_made == 0)
		return fault_set(&r->fault, plain.status,
		    "%.340s; nothing was done", plain.text);
	return fault_set(&r->fault, plain.status, "%.300s; %" PRIu64
	    " changes were made before that: apply goes on there", plain.text,
	    apply_made);
}

int
site_verb_apply(char **operands)
{
	struct plan_run *r = &apply_run;
	int result;

	make_new_keys = site_opt.new_keys != NULL;
	buf_init(&apply_keys, APPLY_KEYS_MAX);
	result = plan_begin(r, operands[0], CLIENT_MAKE);
	if (result == 0 && (apply_all(r) < 0 || apply_write_keys(r) < 0 ||
	    r->client.backend->end(&r->client, true, &r->fault) < 0))
		result = apply_failed(r);
	if (result == 0)
		plan_put(r);
	secret_release(&apply_keys);
	return plan_end(r, result);
}
