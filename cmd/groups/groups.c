/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "cmd/groups/groups.h"

/* the answers to one change, held until it is committed */
#define ANSWER_MAX ((size_t)1 << 30)

struct groups_options groups_opt;
struct remote_setup groups_setup = REMOTE_DEFAULTS;
struct client groups_client;
struct changes groups_changes;
struct out groups_out;
struct fault groups_fault;

/* ---- beginning and end ---- */

int
groups_open(enum client_access access)
{
	struct client *c = &groups_client;

	changes_init(&groups_changes);
	out_init(&groups_out, STDOUT_FILENO, "<stdout>", ANSWER_MAX);
	c->out = &groups_out;
	return client_open(c, &groups_setup, access, &groups_fault) < 0 ? -1 :
	    c->backend->act_as(c, groups_opt.user, &groups_fault);
}

int
groups_end(int result)
{
	int status = result < 0 ? diag_fault(&groups_fault) : result;

	client_close(&groups_client);
	if (result < 0)
		out_cancel(&groups_out);
	status = out_finish(&groups_out, status);
	out_release(&groups_out);
	changes_release(&groups_changes);
	return status;
}

int
groups_refused(const char *option, const char *why)
{
	return why == NULL ? 0 : fault_set(&groups_fault, EX_DATAERR,
	    "%s: %s", option, why);
}

/* ---- what is to be done ---- */

static int
groups_set_from_options(struct change *change)
{
	const struct groups_options *o = &groups_opt;
	struct changes *c = &groups_changes;

	if (o->name != NULL && groups_refused("--name",
	    change_set_name(c, change, str_z(o->name))) < 0)
		return -1;
	if (o->parent != NULL && groups_refused("--parent",
	    change_set_parent(c, change, str_z(o->parent))) < 0)
		return -1;
	if (o->description != NULL && groups_refused("--description",
	    change_set_description(c, change, str_z(o->description))) < 0)
		return -1;
	return o->metadata == NULL ? 0 : groups_refused("--metadata",
	    change_set_metadata(c, change, str_z(o->metadata)));
}

/* GROUP ID ... */
static int
groups_take_pairs(char **operands)
{
	const char *group = *operands++;
	struct change *change;

	for (; *operands != NULL; operands++) {
		change = changes_add(&groups_changes);
		change->given = MEMBER_GROUP | (groups_opt.channels ?
		    MEMBER_CHANNEL : MEMBER_THING);
		change->group = str_z(group);
		*(groups_opt.channels ? &change->channel : &change->thing) =
		    str_z(*operands);
	}
	return 0;
}

static int
groups_take_ids(char **operands)
{
	struct change *change;

	for (; *operands != NULL; operands++) {
		change = changes_add(&groups_changes);
		change_set_id(&groups_changes, change, str_z(*operands));
		if (groups_set_from_options(change) < 0)
			return -1;
	}
	return 0;
}

static int
groups_take_input(char **operands)
{
	const struct groups_options *o = &groups_opt;
	unsigned may = changes_may(&groups_changes);
	unsigned must = changes_must(&groups_changes);

	if (o->file != NULL && (o->name || o->parent || o->description ||
	    o->metadata))
		program_misuse("-f FILE goes with none of --name, --parent, "
		    "--description and --metadata");
	if (o->file != NULL && o->channels)
		program_misuse("-f FILE goes without --channels: each line "
		    "has a thing or a channel");
	if (o->file != NULL)
		return changes_read(&groups_changes, o->file, may, must,
		    &groups_fault);
	if (must & MEMBER_GROUP)
		return groups_take_pairs(operands);
	return must & MEMBER_ID ? groups_take_ids(operands) :
	    groups_set_from_options(changes_add(&groups_changes));
}

/* ---- changes ---- */

static int
groups_change_all(void)
{
	struct changes *changes = &groups_changes;
	struct client *c = &groups_client;

	if (c->backend->change(c, changes, &groups_out.b,
	    &groups_fault) == 0) {
		out_end(&groups_out);
		return 0;
	}
	return changes->at < changes->n ? changes_fault(changes,
	    &changes->v[changes->at], &groups_fault) : -1;
}

/* changes what each line of the file or, without a file, each operand names */
static int
groups_change(char **operands, enum change_verb verb)
{
	int result = groups_open(CLIENT_WRITE);

	groups_changes.verb = verb;
	groups_changes.recursive = groups_opt.recursive;
	groups_changes.if_exists = groups_opt.if_exists;
	groups_changes.dry_run = groups_opt.dry_run;
	if (result == 0)
		result = groups_take_input(operands);
	if (result == 0)
		result = groups_change_all();
	return groups_end(result);
}

int
groups_verb_create(char **operands)
{
	return groups_change(operands, CHANGE_GROUP_CREATE);
}

int
groups_verb_update(char **ids)
{
	const struct groups_options *o = &groups_opt;

	if (!o->file && !o->name && !o->parent && !o->description &&
	    !o->metadata)
		program_misuse("nothing to change: give --name, --parent, "
		    "--description, --metadata or -f FILE");
	return groups_change(ids, CHANGE_GROUP_UPDATE);
}

int
groups_verb_remove(char **ids)
{
	return groups_change(ids, CHANGE_GROUP_REMOVE);
}

int
groups_verb_assign(char **operands)
{
	return groups_change(operands, CHANGE_ASSIGN);
}

int
groups_verb_unassign(char **operands)
{
	return groups_change(operands, CHANGE_UNASSIGN);
}
