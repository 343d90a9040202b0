/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/bootstrap/show.h"

#include <sysexits.h>

#include "base/diag.h"
#include "base/signal.h"
#include "base/table.h"
#include "cmd/bootstrap/bootstrap.h"

static struct table table;

static void
show_begin_table(const char *const *heads)
{
	if (!bootstrap_opt.human)
		return;
	table_init(&table, &bootstrap_out, 60);
	for (; *heads != NULL; heads++)
		table_column(&table, *heads);
}

static int
show_end(int result)
{
	result = bootstrap_end(result);
	if (bootstrap_opt.human)
		table_release(&table);
	return result;
}

static int
show_config(void *arg, const struct bootstrap_shown *b, struct fault *why)
{
	(void)arg;
	if (bootstrap_opt.human) {
		table_cell(&table, b->thing, false);
		table_cell(&table, b->external_id, false);
		table_cell(&table, b->name, false);
		table_number(&table, b->channels);
		table_cell(&table, b->active ? STR("active") :
		    STR("inactive"), false);
	} else {
		buf_put_str(&bootstrap_out.b, b->line);
	}
	if (signal_stop())
		return fault_set(why, EX_TEMPFAIL, "stopped");
	/* a failed write ends the list; bootstrap_end() reports it */
	return out_end(&bootstrap_out) < 0;
}

static const char *const show_heads[] = {
	"thing", "external id", "name", "channels", "state", NULL
};

static int
show_open(struct bootstrap_view *view)
{
	*view = (struct bootstrap_view){
		.keys = bootstrap_opt.keys, .show = show_config
	};
	return bootstrap_begin(CLIENT_READ, true);
}

int
show_verb_list(char **operands)
{
	const struct bootstrap_options *o = &bootstrap_opt;
	const struct bootstrap_query query = {
		.name = str_z(o->name), .external_id = str_z(o->external_id),
		.state = o->state == 1 ? BOOTSTRAP_INACTIVE : o->state == 2 ?
		    BOOTSTRAP_ACTIVE : BOOTSTRAP_ANY,
		.limit = INT64_MAX
	};
	struct client *c = &bootstrap_client;
	struct bootstrap_view view;
	int result = show_open(&view);

	(void)operands;
	show_begin_table(show_heads);
	if (result == 0)
		result = c->backend->bootstrap_list(c, &view, &query,
		    &bootstrap_fault);
	return show_end(result);
}

int
show_verb_get(char **things)
{
	struct client *c = &bootstrap_client;
	struct fault *fault = &bootstrap_fault;
	struct bootstrap_view view;
	int result = show_open(&view), status = 0;

	show_begin_table(show_heads);
	for (; result == 0 && *things != NULL; things++) {
		result = c->backend->bootstrap_find(c, &view, str_z(*things),
		    fault);
		if (result < 0 && fault->status == 1) {
			status = diag_fault(fault);
			result = 0;
		}
	}
	return show_end(result < 0 ? -1 : status);
}

/* ---- unknown ---- */

static void
show_time(struct stamp t)
{
	char text[STAMP_TEXT];

	t.ns -= t.ns % STAMP_SECOND;
	table_cell(&table, (struct str){ text, stamp_print_utc(text, t) },
	    false);
}

static int
show_unknown(void *arg, const struct bootstrap_unknown *u)
{
	(void)arg;
	if (bootstrap_opt.human) {
		table_cell(&table, u->external_id, false);
		table_cell(&table, u->address, false);
		show_time(u->first);
		show_time(u->last);
		table_number(&table, u->attempts);
		table_cell(&table, u->known ? STR("wrong key") :
		    STR("not added"), false);
	} else {
		bootstrap_unknown_put(&bootstrap_out.b, u);
		buf_putc(&bootstrap_out.b, '\n');
	}
	return out_end(&bootstrap_out) < 0;
}

int
show_verb_unknown(char **operands)
{
	static const char *const heads[] = {
		"external id", "address", "first", "last", "attempts", "why",
		NULL
	};
	struct client *c = &bootstrap_client;
	int result = bootstrap_begin(CLIENT_READ, false);

	(void)operands;
	show_begin_table(heads);
	if (result == 0)
		result = c->backend->bootstrap_unknown(c, show_unknown, NULL,
		    &bootstrap_fault);
	return show_end(result);
}
