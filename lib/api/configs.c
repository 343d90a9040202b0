/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/body.h"
#include "api/bulk.h"
#include "api/handlers.h"
#include "api/item_json.h"
#include "api/parameters.h"
#include "api/registry_writer.h"
#include "api/state.h"
#include "base/file.h"
#include "base/memory.h"
#include "registry/config_json.h"

/*
 * Configurations of devices, by their owner: one by one as Mainflux has it, or
 * many at once in the form that mfx-bootstrap(1) takes from files.
 */
struct config_change {
	struct api_change change;
	struct api *api;
	struct http_request *request;
	struct user user;
	struct bootstrap_changes changes;
	struct buf answer;
	bool bulk, lines;
	unsigned problem;		/* status of what is wrong with it */
};

static struct config_change *
configs_of_change(struct api_change *c)
{
	return (struct config_change *)c;
}

/* ---- changes, in the registry writer ---- */

static int
configs_make(struct api_change *c, struct registry *r, struct fault *fault)
{
	struct config_change *cc = configs_of_change(c);
	const char *why;
	int got = user_remains(r, &cc->user, fault);

	if (got <= 0)
		return got < 0 ? -1 :
		    fault_set(fault, EX_NOUSER, "no such user");
	/* of many that has been done */
	why = cc->bulk ? NULL :
	    bootstrap_prepare(&cc->changes, registry_keyring(r));
	return why != NULL ? fault_set(fault, EX_DATAERR, "%s", why) :
	    bootstrap_make(&cc->changes, r, &cc->user, &cc->answer, fault);
}

/* ---- and back ---- */

static void
configs_refuse(struct config_change *cc, const struct fault *fault)
{
	const struct bootstrap_changes *s = &cc->changes;
	bool about_one = fault->status == 1 || fault->status == EX_DATAERR;

	if (cc->problem != 0)
		http_problem_item(cc->request, cc->problem, fault->text,
		    s->at);
	else if (cc->bulk && about_one && s->at < s->n)
		http_problem_item(cc->request, fault->status == 1 ? 404 : 409,
		    fault->text, s->at + 1);
	else if (fault->status == 1 && s->no_channel)
		http_problem(cc->request, 400, fault->text);
	else
		answer_fault(cc->api, cc->request, fault, 409);
}

static void
configs_answer_one(struct config_change *cc)
{
	static const unsigned status[] = {
		[BOOTSTRAP_ADD] = 201, [BOOTSTRAP_UPDATE] = 200,
		[BOOTSTRAP_REMOVE] = 204
	};
	char place[sizeof "/things/configs/" + ID_TEXT];

	if (cc->changes.verb == BOOTSTRAP_ADD) {
		snprintf(place, sizeof place, "/things/configs/%.*s",
		    STR_ARG(cc->changes.v[0].thing));
		http_set(cc->request, "Location", place);
	}
	http_answer(cc->request, status[cc->changes.verb]);
}

static void
configs_answer_many(struct config_change *cc)
{
	http_set(cc->request, "Cache-Control", "no-store");
	http_answer_text(cc->request, cc->changes.verb == BOOTSTRAP_ADD ?
	    201 : 200, BODY_LINES, buf_str(&cc->answer));
}

static void
configs_free(struct config_change *cc)
{
	secret_release(&cc->answer);
	bootstrap_changes_release(&cc->changes);
	free(cc);
}

static void
configs_done(struct task *t)
{
	struct config_change *cc = configs_of_change((struct api_change *)t);

	if (cc->change.result < 0) {
		configs_refuse(cc, &cc->change.fault);
	} else {
		state_recovered(cc->api);
		if (cc->bulk)
			configs_answer_many(cc);
		else
			configs_answer_one(cc);
	}
	configs_free(cc);
}

static struct config_change *
configs_change_new(struct request_ctx *c, enum bootstrap_verb verb)
{
	struct config_change *cc = memory_zero(1, sizeof *cc);

	cc->change.make = configs_make;
	cc->change.task.done = configs_done;
	/* it may be refused half way */
	cc->change.many = true;
	cc->api = c->api;
	cc->request = c->request;
	bootstrap_changes_init(&cc->changes);
	cc->changes.verb = verb;
	buf_init(&cc->answer, BULK_ANSWER_MAX);
	return cc;
}

/* On its way, if this user may and nothing is wrong; else it is answered. */
static void
configs_change_go(struct request_ctx *c, struct config_change *cc,
    const char *why)
{
	const struct principal *principal = NULL;

	if (why != NULL)
		http_problem(c->request, 400, why);
	else
		principal = auth_user(c, 0);
	if (principal == NULL) {
		configs_free(cc);
		return;
	}
	cc->user = principal->user;
	cc->change.user = cc->user.id;
	registry_writer_add(c->api->writer, &cc->change);
}

/* ---- one ---- */

enum {
	NAME, CONTENT, EXTERNAL_ID, EXTERNAL_KEY, CLIENT_CERT, CLIENT_KEY,
	CA_CERT, THING, TEXTS, CHANNELS = TEXTS, STATE, FIELDS
};

static const enum bootstrap_member configs_members[TEXTS] = {
	[NAME] = BOOTSTRAP_NAME, [CONTENT] = BOOTSTRAP_CONTENT,
	[EXTERNAL_ID] = BOOTSTRAP_EXTERNAL_ID,
	[EXTERNAL_KEY] = BOOTSTRAP_EXTERNAL_KEY,
	[CLIENT_CERT] = BOOTSTRAP_CLIENT_CERT,
	[CLIENT_KEY] = BOOTSTRAP_CLIENT_KEY, [CA_CERT] = BOOTSTRAP_CA_CERT,
	[THING] = BOOTSTRAP_THING,
};

#define CONFIG_FIELDS {							\
	[NAME] = { .name = "name", .type = OBJECT_TEXT },		\
	[CONTENT] = { .name = "content", .type = OBJECT_TEXT },		\
	[EXTERNAL_ID] = { .name = "external_id", .type = OBJECT_TEXT },	\
	[EXTERNAL_KEY] = { .name = "external_key", .type = OBJECT_TEXT }, \
	[CLIENT_CERT] = { .name = "client_cert", .type = OBJECT_TEXT },	\
	[CLIENT_KEY] = { .name = "client_key", .type = OBJECT_TEXT },	\
	[CA_CERT] = { .name = "ca_cert", .type = OBJECT_TEXT },		\
	[THING] = { .name = "thing_id", .type = OBJECT_TEXT },		\
	[CHANNELS] = { .name = "channels", .type = OBJECT_TEXTS },	\
	[STATE] = { .name = "state", .type = OBJECT_NUMBER },		\
}

/* what is there of those in `may`; null is what is not there */
static const char *
configs_take(struct config_change *cc, const struct object_field f[FIELDS],
    unsigned may)
{
	struct bootstrap_change *c = &cc->changes.v[0];
	const char *why = NULL;
	size_t i;

	for (i = 0; i < TEXTS && why == NULL; i++)
		if (may & configs_members[i] && f[i].value.p != NULL)
			why = bootstrap_set(&cc->changes, c,
			    configs_members[i], f[i].value);
	if (why == NULL && may & BOOTSTRAP_CHANNELS &&
	    f[CHANNELS].value.p != NULL)
		why = bootstrap_set_channels(&cc->changes, c,
		    f[CHANNELS].value);
	if (why == NULL && may & BOOTSTRAP_STATE && f[STATE].value.p != NULL)
		why = bootstrap_set_state(c, f[STATE].value);
	return why;
}

/* of the configuration that the path names */
static void
configs_change(struct request_ctx *c, enum bootstrap_verb verb,
    const struct object_field f[FIELDS], unsigned may, unsigned must)
{
	struct config_change *cc = configs_change_new(c, verb);
	struct bootstrap_change *change = bootstrap_changes_add(&cc->changes);
	const char *why = verb != BOOTSTRAP_ADD && c->id[0].n == 0 ?
	    "the id is missing" : NULL;

	if (why == NULL && verb != BOOTSTRAP_ADD)
		why = bootstrap_set(&cc->changes, change, BOOTSTRAP_THING,
		    c->id[0]);
	if (why == NULL && f != NULL)
		why = configs_take(cc, f, may);
	if (why == NULL && (change->given & must) != must)
		why = must & BOOTSTRAP_CHANNELS ? "channels are required" :
		    must & BOOTSTRAP_STATE ? "state is required" :
		    "external_id and external_key are required";
	if (why == NULL && verb == BOOTSTRAP_UPDATE &&
	    !(change->given & ~(unsigned)BOOTSTRAP_THING))
		why = "nothing to change is given";
	cc->changes.if_exists = verb == BOOTSTRAP_REMOVE;
	configs_change_go(c, cc, why);
}

#define IDENTITY (BOOTSTRAP_EXTERNAL_ID | BOOTSTRAP_EXTERNAL_KEY)
#define CERTIFICATES (BOOTSTRAP_CLIENT_CERT | BOOTSTRAP_CLIENT_KEY | \
	BOOTSTRAP_CA_CERT)
#define TEXT (BOOTSTRAP_NAME | BOOTSTRAP_CONTENT)

void
configs_create(struct request_ctx *c)
{
	struct object_field f[] = CONFIG_FIELDS;

	if (body_read(c, f, FIELDS))
		configs_change(c, BOOTSTRAP_ADD, f, IDENTITY | CERTIFICATES |
		    TEXT | BOOTSTRAP_CHANNELS | BOOTSTRAP_THING, IDENTITY);
}

/* name and content are replaced: one that is not there is empty */
void
configs_update(struct request_ctx *c)
{
	struct object_field f[] = CONFIG_FIELDS;
	int i;

	if (!body_read(c, f, FIELDS))
		return;
	for (i = NAME; i <= CONTENT; i++)
		if (f[i].value.p == NULL)
			f[i].value = STR("");
	configs_change(c, BOOTSTRAP_UPDATE, f, TEXT, 0);
}

void
configs_patch(struct request_ctx *c)
{
	struct object_field f[] = CONFIG_FIELDS;

	if (body_read(c, f, FIELDS))
		configs_change(c, BOOTSTRAP_UPDATE, f, IDENTITY |
		    CERTIFICATES | TEXT | BOOTSTRAP_CHANNELS |
		    BOOTSTRAP_STATE, 0);
}

void
configs_channels(struct request_ctx *c)
{
	struct object_field f[] = CONFIG_FIELDS;

	if (body_read(c, f, FIELDS))
		configs_change(c, BOOTSTRAP_UPDATE, f, BOOTSTRAP_CHANNELS,
		    BOOTSTRAP_CHANNELS);
}

void
configs_certs(struct request_ctx *c)
{
	struct object_field f[] = CONFIG_FIELDS;

	if (body_read(c, f, FIELDS))
		configs_change(c, BOOTSTRAP_UPDATE, f, CERTIFICATES, 0);
}

void
configs_state(struct request_ctx *c)
{
	struct object_field f[] = CONFIG_FIELDS;

	if (body_read(c, f, FIELDS))
		configs_change(c, BOOTSTRAP_UPDATE, f, BOOTSTRAP_STATE,
		    BOOTSTRAP_STATE);
}

void
configs_remove(struct request_ctx *c)
{
	configs_change(c, BOOTSTRAP_REMOVE, NULL, 0, 0);
}

void
configs_show(struct request_ctx *c)
{
	struct api *api = c->api;
	const struct principal *principal;
	struct fault fault;
	struct bootstrap b;
	void *found;
	int got;

	if (c->id[0].n == 0) {
		http_problem(c->request, 400, "the id is missing");
		return;
	}
	if ((principal = auth_user(c, item_json_scope(c))) == NULL)
		return;
	if (bootstrap_find(api->registry, &principal->user, c->id[0], &b,
	    &found, &fault) < 0) {
		answer_fault(api, c->request, &fault, 409);
		return;
	}
	got = config_json_put(&api->answer, api->registry, &b,
	    CONFIG_CHANNELS | (item_json_keys(c, principal) ? CONFIG_KEYS :
	    0), &fault);
	item_found_end(found);
	buf_putc(&api->answer, '\n');
	http_set(c->request, "Cache-Control", "no-store");
	if (got < 0)
		answer_unable(api, c->request, &fault);
	else
		answer_json(c->request, 200, buf_str(&api->answer));
}

/* ---- many ---- */

static int
configs_wrong(struct config_change *cc, unsigned status, const char *why,
    size_t at, struct fault *fault)
{
	cc->problem = status;
	cc->changes.at = at;
	return fault_set(fault, EX_DATAERR, "%s", why);
}

static int
configs_read_all(struct config_change *cc, struct arena *scratch,
    struct fault *fault)
{
	struct bootstrap_changes *s = &cc->changes;
	struct bulk_reader reader;
	const char *why = NULL;
	struct str item;
	int got;

	bulk_reader_init(&reader, cc->request->body, cc->lines, scratch);
	while ((got = bulk_next(&reader, &item, &why)) > 0) {
		if (s->n == BULK_LINES_MAX)
			return configs_wrong(cc, 413, "more than 50000 at "
			    "once", 0, fault);
		if ((why = bootstrap_parse(s, item)) != NULL)
			return configs_wrong(cc, 400, why, s->n, fault);
	}
	return got < 0 ? configs_wrong(cc, 400, why, 0, fault) : 0;
}

static int
configs_prepare(struct api_change *c, const struct keyring *keys,
    struct fault *fault)
{
	struct config_change *cc = configs_of_change(c);
	struct arena scratch;
	const char *why;
	int result;

	arena_init(&scratch, BULK_SCRATCH_MAX);
	result = configs_read_all(cc, &scratch, fault);
	arena_release(&scratch);
	if (result < 0)
		return -1;
	why = bootstrap_prepare(&cc->changes, keys);
	return why == NULL ? 0 : configs_wrong(cc, 400, why, 0, fault);
}

static void
configs_change_many(struct request_ctx *c, enum bootstrap_verb verb)
{
	struct config_change *cc;

	if (!bulk_allowed(c))
		return;
	cc = configs_change_new(c, verb);
	cc->bulk = true;
	cc->lines = body_is_lines(c);
	cc->change.prepare = configs_prepare;
	cc->changes.if_exists = parameter_is_true(c, "if_exists");
	configs_change_go(c, cc, NULL);
}

void
configs_bulk(struct request_ctx *c)
{
	configs_change_many(c, BOOTSTRAP_ADD);
}

void
configs_update_many(struct request_ctx *c)
{
	configs_change_many(c, BOOTSTRAP_UPDATE);
}

void
configs_remove_many(struct request_ctx *c)
{
	configs_change_many(c, BOOTSTRAP_REMOVE);
}
