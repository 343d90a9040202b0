/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/bootstrap/bootstrap.h"

#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "registry/ndjson.h"

/* the answers to one change, held until it is committed */
#define ANSWER_MAX ((size_t)1 << 30)

struct bootstrap_options bootstrap_opt;
struct remote_setup bootstrap_setup = REMOTE_DEFAULTS;
struct client bootstrap_client;
struct out bootstrap_out;
struct fault bootstrap_fault;

static struct bootstrap_changes changes;

/* ---- beginning and end ---- */

int
bootstrap_begin(enum client_access access, bool user)
{
	struct client *c = &bootstrap_client;

	program_holds_secrets();
	bootstrap_changes_init(&changes);
	out_init(&bootstrap_out, STDOUT_FILENO, "<stdout>", ANSWER_MAX);
	c->out = &bootstrap_out;
	if (client_open(c, &bootstrap_setup, access, &bootstrap_fault) < 0)
		return -1;
	return !user ? 0 :
	    c->backend->act_as(c, bootstrap_opt.user, &bootstrap_fault);
}

int
bootstrap_end(int result)
{
	int status = result < 0 ? diag_fault(&bootstrap_fault) : result;
	struct out *o = &bootstrap_out;

	client_close(&bootstrap_client);
	if (result < 0)
		out_cancel(o);
	status = out_finish(o, status);
	/* it held keys */
	if (o->b.p != NULL)
		sodium_memzero(o->b.p, o->b.cap);
	out_release(o);
	bootstrap_changes_release(&changes);
	return status;
}

/* ---- what is to be done ---- */

static int
bootstrap_set_option(struct bootstrap_change *c, enum bootstrap_member member,
    const char *option, struct str value)
{
	const char *why = value.p == NULL ? NULL :
	    bootstrap_set(&changes, c, member, value);

	return why == NULL ? 0 :
	    fault_set(&bootstrap_fault, EX_DATAERR, "%s: %s", option, why);
}

/* a value out of a file */
static int
bootstrap_set_file(struct bootstrap_change *c, enum bootstrap_member member,
    const char *option, const char *path, size_t max)
{
	struct buf b;
	int result;

	if (path == NULL)
		return 0;
	/* room for a line end, and to see that it is too long */
	buf_init(&b, max + 3);
	result = member == BOOTSTRAP_EXTERNAL_KEY ?
	    secret_read(path, "external key", &b, &bootstrap_fault) :
	    file_read(path, &b, &bootstrap_fault);
	if (result == 0)
		result = bootstrap_set_option(c, member, option,
		    b.p != NULL ? buf_str(&b) : STR(""));
	secret_release(&b);
	return result;
}

static int
bootstrap_set_files(struct bootstrap_change *c)
{
	const struct bootstrap_options *o = &bootstrap_opt;

	return bootstrap_set_file(c, BOOTSTRAP_EXTERNAL_KEY, "--key-file",
	    o->key_file, THING_KEY_MAX) < 0 ||
	    bootstrap_set_file(c, BOOTSTRAP_CONTENT, "--content",
	    o->content, BOOTSTRAP_CONTENT_MAX) < 0 ||
	    bootstrap_set_file(c, BOOTSTRAP_CLIENT_CERT, "--client-cert",
	    o->client_cert, BOOTSTRAP_PEM_MAX) < 0 ||
	    bootstrap_set_file(c, BOOTSTRAP_CLIENT_KEY, "--client-key",
	    o->client_key, BOOTSTRAP_CLIENT_KEY_MAX) < 0 ||
	    bootstrap_set_file(c, BOOTSTRAP_CA_CERT, "--ca-cert",
	    o->ca_cert, BOOTSTRAP_PEM_MAX) < 0 ? -1 : 0;
}

static int
bootstrap_set_channels_given(struct bootstrap_change *c)
{
	const struct opt_list *l = &bootstrap_opt.channels;
	const char *why = NULL;
	int i;

	for (i = 0; i < l->n && why == NULL; i++)
		why = bootstrap_add_channel(&changes, c, str_z(l->v[i]));
	if (bootstrap_opt.no_channels)
		c->given |= BOOTSTRAP_CHANNELS;
	return why == NULL ? 0 : fault_set(&bootstrap_fault, EX_DATAERR,
	    "--channel: %s", why);
}

/* all that the options say */
static int
bootstrap_set_from_options(struct bootstrap_change *c)
{
	const struct bootstrap_options *o = &bootstrap_opt;

	if (o->active)
		bootstrap_set_state(c, STR("1"));
	return bootstrap_set_option(c, BOOTSTRAP_NAME, "--name",
	    str_z(o->name)) < 0 || bootstrap_set_option(c, BOOTSTRAP_THING,
	    "--thing", str_z(o->thing)) < 0 || bootstrap_set_option(c,
	    BOOTSTRAP_EXTERNAL_ID, "--external-id",
	    str_z(o->external_id)) < 0 || bootstrap_set_channels_given(c) < 0 ?
	    -1 : bootstrap_set_files(c);
}

static int
bootstrap_read_input(const struct bootstrap_change *options)
{
	const struct bootstrap_options *o = &bootstrap_opt;
	size_t i;

	if (o->key_file != NULL || o->thing != NULL || o->external_id != NULL)
		program_misuse("-f FILE goes with none of --key-file, "
		    "--thing and --external-id");
	if (bootstrap_read(&changes, o->file, &bootstrap_fault) < 0)
		return -1;
	for (i = 0; i < changes.n; i++)
		bootstrap_default(&changes.v[i], options);
	return 0;
}

/* an external id to add, or the things whose configurations are changed */
static int
bootstrap_take_input(char **operands)
{
	bool adds = changes.verb == BOOTSTRAP_ADD;
	struct bootstrap_change options = { .given = 0 }, *c;

	if (bootstrap_set_from_options(&options) < 0)
		return -1;
	if (bootstrap_opt.file != NULL)
		return bootstrap_read_input(&options);
	for (; *operands != NULL; operands++) {
		c = bootstrap_changes_add(&changes);
		if (bootstrap_set_option(c, adds ? BOOTSTRAP_EXTERNAL_ID :
		    BOOTSTRAP_THING, adds ? "ID" : "THING",
		    str_z(*operands)) < 0)
			return -1;
		bootstrap_default(c, &options);
	}
	return 0;
}

/* ---- changes ---- */

static int
bootstrap_change_all(void)
{
	struct client *c = &bootstrap_client;

	if (c->backend->bootstrap_change(c, &changes, &bootstrap_out.b,
	    &bootstrap_fault) == 0) {
		out_end(&bootstrap_out);
		return 0;
	}
	return changes.at < changes.n ? ndjson_fault(changes.from,
	    changes.v[changes.at].line, &bootstrap_fault) : -1;
}

static int
bootstrap_change(char **operands, enum bootstrap_verb verb)
{
	int result = bootstrap_begin(CLIENT_WRITE, true);

	changes.verb = verb;
	changes.if_exists = bootstrap_opt.if_exists;
	if (result == 0)
		result = bootstrap_take_input(operands);
	if (result == 0)
		result = bootstrap_change_all();
	return bootstrap_end(result);
}

int
bootstrap_verb_add(char **operands)
{
	return bootstrap_change(operands, BOOTSTRAP_ADD);
}

int
bootstrap_verb_update(char **things)
{
	if (bootstrap_opt.channels.n > 0 && bootstrap_opt.no_channels)
		program_misuse("give --channel or --no-channels, not both");
	return bootstrap_change(things, BOOTSTRAP_UPDATE);
}

int
bootstrap_verb_remove(char **things)
{
	return bootstrap_change(things, BOOTSTRAP_REMOVE);
}

int
bootstrap_verb_state(char **operands)
{
	bool active = strcmp(*operands++, "active") == 0;
	int result = bootstrap_begin(CLIENT_WRITE, true);
	size_t i;

	changes.verb = BOOTSTRAP_UPDATE;
	if (result == 0)
		result = bootstrap_take_input(operands);
	for (i = 0; i < changes.n; i++)
		bootstrap_set_state(&changes.v[i], active ? STR("1") :
		    STR("0"));
	if (result == 0)
		result = bootstrap_change_all();
	return bootstrap_end(result);
}
