/* SPDX-License-Identifier: Apache-2.0 */
#include "api/bulk.h"

#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/handlers.h"
#include "api/parameters.h"
#include "api/registry_writer.h"
#include "api/state.h"
#include "base/file.h"
#include "base/memory.h"
#include "http/thing_auth.h"
#include "registry/changes.h"

/*
 * Many changes at once, in the form that mfx-things(1) and mfx-channels(1)
 * take from files: lines of JSON, or an array of the same objects; all of
 * them or none.  What is wrong with one of them says which.  It is what
 * these commands send when they are told a --url.
 */

/* of one user, each of up to seconds, waiting or under way */
#define BULKS_OF_USER 16

struct bulk_change {
	struct api_change change;
	struct api *api;
	struct http_request *request;
	struct user user;
	struct changes changes;
	bool lines;			/* and not an array */
	unsigned problem;		/* status of what is wrong with it */
	bool tried;
	struct buf answer;
};

static struct bulk_change *
bulk_of_change(struct api_change *c)
{
	return (struct bulk_change *)c;
}

static void
bulk_change_free(struct bulk_change *lc)
{
	changes_release(&lc->changes);
	secret_release(&lc->answer);
	free(lc);
}

static int
bulk_make(struct api_change *c, struct registry *r, struct fault *fault)
{
	struct bulk_change *lc = bulk_of_change(c);
	int got = user_remains(r, &lc->user, fault);

	if (got <= 0)
		return got < 0 ? -1 :
		    fault_set(fault, EX_NOUSER, "no such user");
	got = changes_make(&lc->changes, r, &lc->user, &lc->answer, fault);
	/* what was only tried is rolled back like a failure */
	lc->tried = got == 0 && lc->changes.dry_run;
	return lc->tried ? fault_set(fault, EX_DATAERR, "a dry run") : got;
}

/* what is wrong with which: counted from 1 */
static void
bulk_refuse(struct bulk_change *lc, const struct fault *fault)
{
	struct http_request *r = lc->request;
	size_t at = lc->changes.at;

	if (lc->problem != 0)
		http_problem_item(r, lc->problem, fault->text, at);
	else if (at >= lc->changes.n || (fault->status != 1 &&
	    fault->status != EX_DATAERR && fault->status != EX_NOPERM))
		answer_fault(lc->api, r, fault, 422);
	else
		http_problem_item(r, fault->status == 1 ? 404 :
		    fault->status == EX_NOPERM ? 403 : 422, fault->text,
		    at + 1);
}

static void
bulk_done(struct task *t)
{
	struct bulk_change *lc = bulk_of_change((struct api_change *)t);
	struct http_request *r = lc->request;
	bool made;

	if (lc->change.result < 0 && !lc->tried) {
		bulk_refuse(lc, &lc->change.fault);
	} else {
		state_recovered(lc->api);
		http_set(r, "Cache-Control", "no-store");
		made = lc->changes.verb == CHANGE_CREATE ||
		    lc->changes.verb == CHANGE_GROUP_CREATE;
		http_answer_text(r, made ? 201 : 200, BODY_LINES,
		    buf_str(&lc->answer));
	}
	bulk_change_free(lc);
}

/* ---- requests ---- */

void
bulk_reader_init(struct bulk_reader *r, struct str body, bool lines,
    struct arena *scratch)
{
	*r = (struct bulk_reader){ .rest = body, .lines = lines };
	if (!lines)
		object_array_init(&r->array, body, scratch);
}

int
bulk_next(struct bulk_reader *r, struct str *item, const char **why)
{
	const char *end;
	int got;

	if (!r->lines) {
		got = object_array_next(&r->array, item);
		*why = r->array.scan.why;
		return got;
	}
	do {
		if (r->rest.n == 0)
			return 0;
		end = memchr(r->rest.p, '\n', r->rest.n);
		item->p = r->rest.p;
		item->n = end ? (size_t)(end - r->rest.p) : r->rest.n;
		r->rest = str_from(r->rest, item->n + (end != NULL));
		if (item->n > 0 && item->p[item->n - 1] == '\r')
			item->n--;
	} while (item->n == 0);
	return 1;
}

/* `at`: which of them, from 1; 0: none of them */
static int
bulk_wrong(struct bulk_change *lc, unsigned status, const char *why, size_t at,
    struct fault *fault)
{
	lc->problem = status;
	lc->changes.at = at;
	return fault_set(fault, EX_DATAERR, "%s", why);
}

static int
bulk_read_all(struct bulk_change *lc, struct arena *scratch,
    struct fault *fault)
{
	struct bulk_reader reader;
	struct changes *changes = &lc->changes;
	const char *why = NULL;
	struct str item;
	int got;

	bulk_reader_init(&reader, lc->request->body, lc->lines, scratch);
	while ((got = bulk_next(&reader, &item, &why)) > 0) {
		if (changes->n == BULK_LINES_MAX)
			return bulk_wrong(lc, 413, "more than 50000 at once", 0,
			    fault);
		why = changes_parse(changes, item, changes_may(changes),
		    changes_must(changes));
		if (why != NULL)
			return bulk_wrong(lc, 400, why, changes->n, fault);
	}
	return got < 0 ? bulk_wrong(lc, 400, why, 0, fault) : 0;
}

static int
bulk_prepare(struct api_change *c, const struct keyring *keys,
    struct fault *fault)
{
	struct bulk_change *lc = bulk_of_change(c);
	struct arena scratch;
	int result;

	arena_init(&scratch, BULK_SCRATCH_MAX);
	result = bulk_read_all(lc, &scratch, fault);
	arena_release(&scratch);
	if (result == 0)
		result = changes_prepare(&lc->changes, keys, &lc->answer,
		    fault);
	return result;
}

bool
bulk_allowed(struct request_ctx *c)
{
	struct str token = authorization_key(http_header(c->request,
	    "Authorization"));
	struct principal principal;

	/* a token that is not valid is refused after all else */
	if (token.n == 0 || c->api->registry == NULL ||
	    auth_principal(c->api, token, &principal) <= 0 ||
	    registry_writer_many_of(c->api->writer, principal.user.id) <
	    BULKS_OF_USER)
		return true;
	http_problem(c->request, 429,
	    "this user is changing too much at once");
	return false;
}

void
bulk_change(struct request_ctx *c, enum change_verb verb, enum item_kind kind)
{
	struct bulk_change *lc = memory_zero(1, sizeof *lc);
	const struct principal *principal = NULL;

	lc->change.prepare = bulk_prepare;
	lc->change.make = bulk_make;
	lc->change.task.done = bulk_done;
	lc->change.many = true;
	lc->api = c->api;
	lc->request = c->request;
	lc->lines = body_is_lines(c);
	changes_init(&lc->changes);
	lc->changes.verb = verb;
	lc->changes.kind = kind;
	lc->changes.if_exists = parameter_is_true(c, "if_exists");
	lc->changes.recursive = parameter_is_true(c, "recursive");
	lc->changes.dry_run = (verb == CHANGE_REMOVE ||
	    verb == CHANGE_DISCONNECT || verb == CHANGE_GROUP_REMOVE) &&
	    parameter_is_true(c, "dry_run");
	buf_init(&lc->answer, BULK_ANSWER_MAX);
	if (!bulk_allowed(c) ||
	    (principal = auth_user(c, 0)) == NULL) {
		bulk_change_free(lc);
		return;
	}
	lc->user = principal->user;
	lc->change.user = lc->user.id;
	registry_writer_add(c->api->writer, &lc->change);
}

void
things_update_many(struct request_ctx *c)
{
	bulk_change(c, CHANGE_UPDATE, ITEM_THING);
}

void
things_remove_many(struct request_ctx *c)
{
	bulk_change(c, CHANGE_REMOVE, ITEM_THING);
}

void
channels_update_many(struct request_ctx *c)
{
	bulk_change(c, CHANGE_UPDATE, ITEM_CHANNEL);
}

void
channels_remove_many(struct request_ctx *c)
{
	bulk_change(c, CHANGE_REMOVE, ITEM_CHANNEL);
}
