/* SPDX-License-Identifier: Apache-2.0 */
/* What users share with each other: registry/grant.h. */
#include "cmd/users/grants.h"

#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/table.h"
#include "client/client.h"

/* of one grant, whose texts may be escaped */
#define GRANTS_LINE_MAX ((size_t)64 << 10)

static struct {
	const char *user;
	struct opt_list shared[GRANT_KINDS];
	int side;			/* enum grant_side */
	bool human;
} opt;
static struct remote_setup setup = REMOTE_DEFAULTS;

static struct client client;
static struct out out;
static struct table table;
static struct fault fault;

#define USER								\
	{ 0, "user", "EMAIL", "who shares, or whom others share with "	\
	    "(default: $MFX_USER)", OPT_STRING(&opt.user) },		\
	REMOTE_OPTIONS(setup)

const struct opt grants_grant_options[] = {
	USER,
	{ 0, "thing", "THING", "share this thing; may be repeated",
	    OPT_LIST(&opt.shared[GRANT_THING]) },
	{ 0, "channel", "CHANNEL", "share this channel; may be repeated",
	    OPT_LIST(&opt.shared[GRANT_CHANNEL]) },
	{ 0, "group", "GROUP", "share all that this group contains, now and "
	    "later; may be repeated", OPT_LIST(&opt.shared[GRANT_GROUP]) },
	OPT_END
};

const struct opt grants_list_options[] = {
	USER,
	{ 0, "side", "given|received", "only what the user shares, or only "
	    "what others share (default: both)",
	    OPT_ENUM_FROM(&opt.side, 1) },
	OPT_ROW_HUMAN(&opt.human),
	OPT_END
};

const struct opt grants_change_options[] = { USER, OPT_END };

static int
grants_begin(enum client_access access)
{
	out_init(&out, STDOUT_FILENO, "<stdout>", GRANTS_LINE_MAX);
	client.out = &out;
	return client_open(&client, &setup, access, &fault) < 0 ? -1 :
	    client.backend->act_as(&client, opt.user, &fault);
}

static int
grants_end(int result)
{
	int status = result < 0 ? diag_fault(&fault) : 0;

	client_close(&client);
	if (result < 0)
		out_cancel(&out);
	status = out_finish(&out, status);
	out_release(&out);
	return status;
}

/* ---- showing ---- */

static int
grants_show(void *arg, const struct grant *g, struct fault *why)
{
	(void)arg;
	(void)why;
	if (opt.human) {
		table_cell(&table, g->id, false);
		table_cell(&table, g->owner, false);
		table_cell(&table, g->email, false);
		table_cell(&table, grant_level_word(g->level), false);
		table_cell(&table, str_z(grant_kind_word(g->kind)), false);
		table_cell(&table, g->item, false);
		table_cell(&table, g->name, false);
		table_cell(&table, g->accepted ? STR("yes") : STR("no"),
		    false);
	} else {
		grant_put(&out.b, g, "");
		buf_putc(&out.b, '\n');
	}
	/* a failed write ends the list, and out_finish reports it */
	return out_end(&out) < 0;
}

int
grants_verb_list(char **operands)
{
	static const char *const heads[] = { "id", "owner", "with", "level",
	    "kind", "what", "name", "accepted" };
	size_t i;
	int result = grants_begin(CLIENT_READ);

	(void)operands;
	if (opt.human) {
		table_init(&table, &out, 60);
		for (i = 0; i < sizeof heads / sizeof *heads; i++)
			table_column(&table, heads[i]);
	}
	if (result == 0)
		result = client.backend->grant_each(&client,
		    (enum grant_side)opt.side, grants_show, NULL, &fault);
	result = grants_end(result);
	if (opt.human)
		table_release(&table);
	return result;
}

/* ---- changes ---- */

/* those that were made, which are shown after the commit */
static struct {
	char v[GRANT_KINDS * OPT_LIST_MAX][ID_TEXT + 1];
	int n;
} made;

static int
grants_make(enum grant_kind kind, const struct grant *wanted)
{
	const struct opt_list *ids = &opt.shared[kind];
	struct grant g = *wanted;
	int i;

	g.kind = kind;
	for (i = 0; i < ids->n; i++) {
		g.item = str_z(ids->v[i]);
		if (client.backend->grant_make(&client, &g, made.v[made.n],
		    &fault) < 0)
			return -1;
		made.n++;
	}
	return 0;
}

static int
grants_make_all(const struct grant *g)
{
	int i;

	if (client.backend->begin(&client, CLIENT_WRITE, &fault) < 0 ||
	    grants_make(GRANT_THING, g) < 0 ||
	    grants_make(GRANT_CHANNEL, g) < 0 ||
	    grants_make(GRANT_GROUP, g) < 0 ||
	    client.backend->end(&client, true, &fault) < 0)
		return -1;
	for (i = 0; i < made.n; i++)
		if (client.backend->grant_find(&client, str_z(made.v[i]),
		    grants_show, NULL, &fault) < 0)
			return -1;
	return 0;
}

int
grants_verb_grant(char **operands)
{
	struct grant g = { .email = str_z(operands[0]),
	    .level = grant_level_parse(str_z(operands[1])) };

	if (opt.shared[GRANT_THING].n + opt.shared[GRANT_CHANNEL].n +
	    opt.shared[GRANT_GROUP].n == 0)
		program_misuse("share what? give --thing, --channel or "
		    "--group");
	return grants_end(grants_begin(CLIENT_WRITE) < 0 ? -1 :
	    grants_make_all(&g));
}

static int
grants_change(char **ids, int (*change)(struct client *, struct str,
    struct fault *))
{
	int result = client.backend->begin(&client, CLIENT_WRITE, &fault);

	for (; *ids != NULL && result == 0; ids++)
		result = change(&client, str_z(*ids), &fault);
	return result == 0 ? client.backend->end(&client, true, &fault) : -1;
}

int
grants_verb_accept(char **ids)
{
	return grants_end(grants_begin(CLIENT_WRITE) < 0 ? -1 :
	    grants_change(ids, client.backend->grant_accept));
}

int
grants_verb_end(char **ids)
{
	return grants_end(grants_begin(CLIENT_WRITE) < 0 ? -1 :
	    grants_change(ids, client.backend->grant_end));
}
