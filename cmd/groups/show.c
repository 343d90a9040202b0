/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "base/diag.h"
#include "base/glob.h"
#include "base/signal.h"
#include "base/table.h"
#include "cmd/groups/groups.h"

/* for each level of a tree in a table */
#define INDENT 2

static struct table table;

static void
show_begin_table(void)
{
	static const char *const heads[] = {
		"id", "name", "things", "channels", "description"
	};
	size_t i;

	if (!groups_opt.human)
		return;
	table_init(&table, &groups_out, 60);
	for (i = 0; i < sizeof heads / sizeof *heads; i++)
		table_column(&table, heads[i]);
}

static int
show_end(int result)
{
	result = groups_end(result);
	if (groups_opt.human)
		table_release(&table);
	return result;
}

/* indented by its level in a tree */
static void
show_name(struct str name, unsigned indent)
{
	char text[INDENT * GROUP_DEPTH_MAX + NAME_BYTES_MAX];
	size_t n = indent < INDENT * GROUP_DEPTH_MAX ? indent : 0;

	memset(text, ' ', n);
	if (name.n > 0)
		memcpy(text + n, name.p, name.n);
	table_cell(&table, (struct str){ text, n + name.n }, false);
}

static int
show_group(const struct group *group, unsigned indent, bool place,
    struct fault *why)
{
	if (groups_opt.human) {
		table_cell(&table, group->id, false);
		show_name(group->name, indent);
		table_number(&table, group->things);
		table_number(&table, group->channels);
		table_cell(&table, group->description, false);
	} else {
		group_put(&groups_out.b, group, place);
	}
	if (signal_stop())
		return fault_set(why, EX_TEMPFAIL, "stopped");
	/* a failed write ends the list; groups_end() reports it */
	return out_end(&groups_out) < 0;
}

static int
show_in_list(void *arg, const struct group *group, struct fault *why)
{
	(void)arg;
	return show_group(group, 0, false, why);
}

/* `arg`: the level of the first one */
static int
show_in_tree(void *arg, const struct group *group, struct fault *why)
{
	unsigned *first = arg, level = group_level(group);

	if (*first == 0)
		*first = level;
	return show_group(group, level > *first ? INDENT * (level - *first) :
	    0, true, why);
}

/* ---- verbs ---- */

/* what the filters select; NULL, or the option that is one too many */
static const char *
show_query(struct group_query *query)
{
	const struct groups_options *o = &groups_opt;
	const struct {
		const char *option, *value;
		enum group_which which;
	} of[] = {
		{ "--parent", o->parent, GROUPS_CHILDREN },
		{ "--thing", o->thing, GROUPS_OF_THING },
		{ "--channel", o->channel, GROUPS_OF_CHANNEL },
		{ "--group", o->group, GROUPS_PARENTS },
		{ "--shared", o->shared ? "" : NULL, GROUPS_SHARED },
	};
	size_t i;

	for (i = 0; i < sizeof of / sizeof *of; i++) {
		if (of[i].value == NULL)
			continue;
		if (query->which != GROUPS_ALL)
			return of[i].option;
		query->which = of[i].which;
		query->of = str_z(of[i].value);
	}
	if (query->which == GROUPS_CHILDREN && query->of.n == 0) {
		query->which = GROUPS_TOP;
		query->of = STR_NONE;
	}
	if (query->which == GROUPS_SHARED)
		query->of = STR_NONE;
	return NULL;
}

static int
show_filtered(struct group_query *query)
{
	const struct groups_options *o = &groups_opt;
	struct change *change = changes_add(&groups_changes);
	struct client *c = &groups_client;
	struct glob *glob = NULL;
	const char *why = NULL;
	int result;

	if (o->metadata != NULL && groups_refused("--metadata",
	    change_set_metadata(&groups_changes, change,
	    str_z(o->metadata))) < 0)
		return -1;
	if (o->name != NULL)
		query->glob = glob = glob_compile(str_z(o->name), &why);
	if (why != NULL)
		program_misuse("--name '%s': %s", o->name, why);
	if (o->metadata != NULL)
		query->metadata = metadata_want_new(change->metadata);
	result = c->backend->group_list(c, query, show_in_list, NULL,
	    &groups_fault);
	glob_free(glob);
	metadata_want_free(query->metadata);
	return result;
}

int
groups_verb_list(char **operands)
{
	struct group_query query = { .limit = INT64_MAX };
	const char *too_many = show_query(&query);
	int result;

	(void)operands;
	if (too_many != NULL)
		program_misuse("%s: give only one of --parent, --thing, "
		    "--channel, --group and --shared", too_many);
	result = groups_open(CLIENT_READ);
	show_begin_table();
	if (result == 0)
		result = show_filtered(&query);
	return show_end(result);
}

/* each that the operands name; those that do not exist are said */
static int
show_each(char **ids, int (*show)(const char *id))
{
	int status = 0;

	for (; *ids != NULL; ids++) {
		if (show(*ids) == 0)
			continue;
		if (groups_fault.status != 1)
			return -1;
		status = diag_fault(&groups_fault);
	}
	return status;
}

static int
show_one(const char *id)
{
	struct client *c = &groups_client;

	return c->backend->group_find(c, str_z(id), show_in_list, NULL,
	    &groups_fault);
}

int
groups_verb_get(char **ids)
{
	int result = groups_open(CLIENT_READ);

	show_begin_table();
	if (result == 0)
		result = show_each(ids, show_one);
	return show_end(result);
}

/* NULL: all trees */
static int
show_tree(const char *id)
{
	const struct group_query query = {
		.which = GROUPS_TREE, .of = str_z(id), .limit = INT64_MAX,
		.levels = (unsigned)groups_opt.levels
	};
	struct client *c = &groups_client;
	unsigned first = 0;

	return c->backend->group_list(c, &query, show_in_tree, &first,
	    &groups_fault);
}

int
groups_verb_tree(char **ids)
{
	int result = groups_open(CLIENT_READ);

	show_begin_table();
	if (result == 0)
		result = *ids != NULL ? show_each(ids, show_tree) :
		    show_tree(NULL);
	return show_end(result);
}
