/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <strings.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/handlers.h"
#include "api/list_page.h"
#include "api/parameters.h"
#include "api/registry_writer.h"
#include "api/state.h"
#include "base/memory.h"
#include "http/thing_auth.h"
#include "registry/bootstrap_limit.h"
#include "registry/bootstrap_notes.h"
#include "registry/bootstrap_unknown.h"
#include "registry/config_json.h"

/*
 * Devices that ask for their configuration, and the list of those that were
 * not let in.  A device is answered at once; what is noted of it follows.
 * An unknown id and a wrong key are answered alike.
 */

/* ---- notes ---- */

struct bootstrap_waiting {
	struct api_change change;
	struct api *api;
	struct bootstrap_note note;
};

static int
bootstrap_waiting_make(struct api_change *c, struct registry *r,
    struct fault *fault)
{
	struct bootstrap_waiting *w = (struct bootstrap_waiting *)c;

	return bootstrap_note_make(r, &w->note, fault);
}

static void
bootstrap_waiting_done(struct task *t)
{
	struct bootstrap_waiting *w = (struct bootstrap_waiting *)t;

	w->api->notes--;
	if (w->change.result < 0)
		state_complain(w->api, &w->change.fault);
	free(w);
}

/* A replica changes nothing: it is noted where changes are made, or not. */
static void
bootstrap_note(struct request_ctx *c, const char *owner, bool success)
{
	struct api *api = c->api;
	struct bootstrap_waiting *w;
	char text[ADDRESS_TEXT] = "";
	struct address address;

	if (api->replica || api->notes >= NOTES_MAX)
		return;
	if (http_client(c->request, &address))
		address_print(&address, text);
	w = memory_zero(1, sizeof *w);
	if (!bootstrap_note_init(&w->note, api->limits, owner, c->id[0], text,
	    success, api->clock)) {
		free(w);
		return;
	}
	w->change.make = bootstrap_waiting_make;
	w->change.task.done = bootstrap_waiting_done;
	w->api = api;
	api->notes++;
	registry_writer_add(api->writer, &w->change);
}

/* ---- devices ---- */

/* 0, or seconds to wait */
static unsigned
bootstrap_take_attempt(struct request_ctx *c, struct bootstrap_attempt *a)
{
	unsigned char network[16];
	struct str name = { (const char *)network,
	    http_address(c->request, network) };

	bootstrap_attempt_init(a, c->api->limits, name, c->id[0],
	    c->api->options.attempts, c->api->clock);
	return bootstrap_attempt_take(a);
}

/* Is it a request that may be looked at?  Else it is answered: false. */
static bool
bootstrap_begin(struct request_ctx *c, struct bootstrap_attempt *a)
{
	struct fault fault;
	char text[16];
	unsigned wait;

	if (authorization_key(http_header(c->request, "Authorization")).n ==
	    0) {
		http_problem(c->request, 403, "missing external key");
	} else if (c->id[0].n == 0) {
		http_problem(c->request, 400, "the external id is missing");
	} else if (c->api->registry == NULL) {
		fault_set(&fault, EX_TEMPFAIL, "no registry");
		answer_unable(c->api, c->request, &fault);
	} else if ((wait = bootstrap_take_attempt(c, a)) == 0) {
		return true;
	} else {
		snprintf(text, sizeof text, "%u", wait);
		http_set(c->request, "Retry-After", text);
		http_problem(c->request, 429,
		    "too many attempts; try again later");
	}
	return false;
}

/* the answer to those who were not let in: `got` 0, or -1 */
static void
bootstrap_refuse(struct request_ctx *c, int got, const char *owner,
    const struct fault *fault)
{
	if (got < 0) {
		answer_unable(c->api, c->request, fault);
		return;
	}
	bootstrap_note(c, owner, false);
	http_problem(c->request, 404,
	    "no device has this external id and this external key");
}

/* the configuration, as text in api->answer: 0, or it was answered: -1 */
static int
bootstrap_put_answer(struct request_ctx *c, const struct bootstrap *b,
    void *found)
{
	struct api *api = c->api;
	struct fault fault;
	int got = config_json_put(&api->answer, api->registry, b,
	    CONFIG_DEVICE, &fault);

	item_found_end(found);
	buf_putc(&api->answer, '\n');
	if (got < 0)
		answer_unable(api, c->request, &fault);
	http_set(c->request, "Cache-Control", "no-store");
	return got;
}

void
bootstrap_device(struct request_ctx *c)
{
	struct bootstrap_attempt attempt;
	char owner[ID_TEXT + 1];
	struct fault fault;
	struct bootstrap b;
	void *found;
	int got;

	if (!bootstrap_begin(c, &attempt))
		return;
	got = bootstrap_prove(c->api->registry, c->id[0],
	    authorization_key(http_header(c->request, "Authorization")), &b,
	    &found, owner, &fault);
	if (got <= 0) {
		bootstrap_refuse(c, got, owner, &fault);
		return;
	}
	bootstrap_attempt_give_back(&attempt);
	if (bootstrap_put_answer(c, &b, found) < 0)
		return;
	bootstrap_note(c, owner, true);
	answer_json(c->request, 200, buf_str(&c->api->answer));
}

/* as what can't be read on its way, nor be made by anybody else */
static void
bootstrap_answer_sealed(struct request_ctx *c, const struct secure *s)
{
	struct buf *b = &c->api->answer, sealed;

	buf_init(&sealed, b->n + SECURE_ADDED);
	secure_seal(s, buf_str(b), &sealed);
	http_answer_text(c->request, 200, "application/octet-stream",
	    buf_str(&sealed));
	buf_release(&sealed);
}

void
bootstrap_device_secure(struct request_ctx *c)
{
	struct bootstrap_attempt attempt;
	char owner[ID_TEXT + 1];
	struct secure secure;
	struct fault fault;
	struct bootstrap b;
	void *found;
	int got;

	if (!bootstrap_begin(c, &attempt))
		return;
	if (!secure_parse(&secure, authorization_key(http_header(c->request,
	    "Authorization")))) {
		http_problem(c->request, 400,
		    "Authorization must be SALT.PROOF, each in base64url");
		return;
	}
	got = bootstrap_prove_secure(c->api->registry, c->id[0], &secure, &b,
	    &found, owner, &fault);
	if (got <= 0) {
		bootstrap_refuse(c, got, owner, &fault);
	} else {
		bootstrap_attempt_give_back(&attempt);
		if (bootstrap_put_answer(c, &b, found) == 0) {
			bootstrap_note(c, owner, true);
			bootstrap_answer_sealed(c, &secure);
		}
	}
	secure_wipe(&secure);
}

/* ---- those that were not let in ---- */

static bool
bootstrap_is_administrator(const struct api *api, const struct user *user)
{
	const struct opt_list *l = api->options.administrators;
	int i;

	for (i = 0; l != NULL && i < l->n; i++)
		if (strcasecmp(l->v[i], user->email) == 0)
			return true;
	return false;
}

static int
bootstrap_put_unknown(void *arg, const struct bootstrap_unknown *u)
{
	struct buf *b = arg;

	if (b->p[b->n - 1] != '[')
		buf_putc(b, ',');
	bootstrap_unknown_put(b, u);
	return 0;
}

void
bootstrap_list_unknown(struct request_ctx *c)
{
	uint64_t offset = 0, limit = 0, total;
	const struct principal *principal;
	struct buf *b = &c->api->answer;
	struct fault fault;

	if (!list_take_number(c, "offset", 0, INT64_MAX, &offset) ||
	    !list_take_number(c, "limit", 0, INT64_MAX, &limit)) {
		http_problem(c->request, 400,
		    "offset and limit must be numbers of 0 or more");
		return;
	}
	if ((principal = auth_user(c, 0)) == NULL)
		return;
	if (!bootstrap_is_administrator(c->api, &principal->user)) {
		http_problem(c->request, 403,
		    "only an administrator may see them");
		return;
	}
	limit = limit == 0 ? 10 : limit > UNKNOWN_MAX ? UNKNOWN_MAX : limit;
	if (bootstrap_unknown_count(c->api->registry, &total, &fault) < 0) {
		answer_unable(c->api, c->request, &fault);
		return;
	}
	list_put_head(b, &(struct list_page){ .offset = offset,
	    .limit = limit }, total);
	buf_puts(b, "\"configs\":[");
	if (bootstrap_unknown_each(c->api->registry, offset, limit,
	    bootstrap_put_unknown, b, &fault) < 0) {
		answer_unable(c->api, c->request, &fault);
		return;
	}
	list_put_end(b, false, 0);
	answer_json(c->request, 200, buf_str(b));
}
