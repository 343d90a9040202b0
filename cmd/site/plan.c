/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "cmd/site/verbs.h"
#include "json/json.h"

/* a record of the largest change */
#define PLAN_RECORD_MAX ((size_t)1 << 24)
/* the exit status when there is something to do */
#define PLAN_CHANGES 2

/* ---- beginning and end ---- */

/* keys and hashes are compared where the file has some */
static bool
plan_has_secrets(const struct site_input *in)
{
	size_t i;
	int k;

	for (k = 0; k < SITE_KINDS; k++)
		for (i = 0; i < in->rows[k].n; i++)
			if (in->rows[k].v[i]->given & SITE_SECRETS)
				return true;
	return false;
}

static int
plan_read(struct plan_run *r, const char *path)
{
	const struct site_kind *csv = NULL;

	if (site_opt.csv != NULL)
		csv = &site_kinds[opt_choice(SITE_CSV_KINDS, site_opt.csv)];
	if (site_opt.key != NULL) {
		if (secrets_load(&r->secrets, site_opt.key, &r->fault) < 0)
			return -1;
		r->input.secrets = &r->secrets;
	}
	if (input_read(&r->input, path, csv, &r->fault) < 0)
		return -1;
	if (r->input.passed > 0)
		diag_warning("%s: %" PRIu64 " sealed secrets are passed over: "
		    "give --key", r->input.name, r->input.passed);
	return 0;
}

int
plan_begin(struct plan_run *r, const char *path, enum client_access access)
{
	const char *user = setup_value(site_opt.user, "MFX_USER");

	input_init(&r->input);
	out_init(&r->out, STDOUT_FILENO, "<stdout>", PLAN_RECORD_MAX);
	r->client.out = &r->out;
	if (plan_read(r, path) < 0 ||
	    client_open(&r->client, &site_setup, access, &r->fault) < 0 ||
	    r->client.backend->begin(&r->client, access, &r->fault) < 0 ||
	    source_open(&r->source, &r->client, site_opt.user,
	    plan_has_secrets(&r->input), &r->fault) < 0)
		return -1;
	/* a mfx-api is of one user */
	if (user == NULL && !r->client.backend->transactions &&
	    r->source.n == 1)
		user = r->source.users[0]->row.v[SITE_EMAIL].p;
	r->compare = (struct compare){
		.input = &r->input, .source = &r->source, .user = user,
		.only = site_opt.user != NULL, .prune = site_opt.prune,
	};
	return compare_run(&r->compare, &r->fault);
}

int
plan_end(struct plan_run *r, int result)
{
	int status = result < 0 && !r->out.err ? diag_fault(&r->fault) :
	    result;

	client_close(&r->client);
	compare_end(&r->compare);
	source_close(&r->source);
	input_release(&r->input);
	secrets_end(&r->secrets);
	status = out_finish(&r->out, status);
	out_release(&r->out);
	return status;
}

/* ---- as text ---- */

static void
plan_put_value(struct buf *b, const struct site_row *row, enum site_member m)
{
	if (member_type(m) != OBJECT_TEXT)
		buf_put_str(b, row->v[m]);
	else
		json_put_string(b, row->v[m]);
}

/* which object it is */
static void
plan_put_object(struct buf *b, const struct site_row *row)
{
	enum site_member m;

	buf_puts(b, row->kind->name);
	if (row->v[SITE_NAME].n > 0) {
		buf_putc(b, ' ');
		json_put_string(b, row->v[SITE_NAME]);
	}
	for (m = 0; m < SITE_MEMBERS; m++)
		if (row->kind->identity & row->given & SITE_BIT(m) &&
		    !(m == SITE_ID && row->made_id)) {
			buf_putc(b, ' ');
			if (m == SITE_ID || m == SITE_EMAIL)
				buf_put_str(b, row->v[m]);
			else
				json_put_string(b, row->v[m]);
		}
	if (row->kind->may & SITE_BIT(SITE_OWNER)) {
		buf_puts(b, " of ");
		buf_put_str(b, row->user->row.v[SITE_EMAIL]);
	}
}

static void
plan_put_differences(struct buf *b, const struct site_row *row)
{
	const char *before = ": ";
	enum site_member m;

	for (m = 0; m < SITE_MEMBERS; m++) {
		if (!(row->differs & SITE_BIT(m)))
			continue;
		buf_puts(b, before);
		buf_puts(b, member_name(m));
		if (!(SITE_BIT(m) & SITE_SECRETS)) {
			buf_putc(b, ' ');
			plan_put_value(b, row->was, m);
			buf_puts(b, " -> ");
			plan_put_value(b, row, m);
		}
		before = ", ";
	}
}

static void
plan_put_text(struct buf *b, enum plan_verb verb, const struct site_row *row)
{
	static const char signs[] = "+~-";

	buf_putc(b, signs[verb]);
	buf_putc(b, ' ');
	plan_put_object(b, row);
	if (verb == PLAN_UPDATE)
		plan_put_differences(b, row);
	buf_putc(b, '\n');
}

/* ---- as NDJSON ---- */

static void
plan_put_json(struct buf *b, enum plan_verb verb, const struct site_row *row)
{
	static const char *const names[] = { "create", "update", "remove" };
	unsigned which = SITE_BIT(SITE_OWNER) | row->kind->identity |
	    (verb == PLAN_UPDATE ? 0 : row->kind->shown);

	if (row->made_id)
		which &= ~SITE_BIT(SITE_ID);
	buf_puts(b, "{\"change\":\"");
	buf_puts(b, names[verb]);
	buf_puts(b, "\",\"kind\":\"");
	buf_puts(b, row->kind->name);
	buf_putc(b, '"');
	row_put_members(b, row, which);
	if (verb == PLAN_UPDATE) {
		buf_puts(b, ",\"from\":{");
		row_put_members(b, row->was, row->differs & ~SITE_SECRETS);
		buf_puts(b, "},\"to\":{");
		row_put_members(b, row, row->differs & ~SITE_SECRETS);
		buf_putc(b, '}');
	}
	/* which, but not what it is */
	if ((verb == PLAN_UPDATE ? row->differs : row->given) & SITE_SECRETS)
		buf_puts(b, ",\"secret\":true");
	buf_puts(b, "}\n");
}

/* ---- all ---- */

static void
plan_put_rows(struct plan_run *r, enum plan_verb verb, int kind)
{
	const struct site_rows *rows = &r->compare.plan.rows[verb][kind];
	struct site_row row;
	size_t i;

	for (i = 0; i < rows->n; i++) {
		row = *rows->v[i];
		/* ids may be made only when it is applied */
		if (row.given & SITE_REFERENCES && row.line > 0) {
			row.v[SITE_CHANNEL] = row.said.channel;
			row.v[SITE_THING] = row.said.thing;
			row.v[SITE_CHANNELS] = row.said.channels;
		}
		(site_opt.json ? plan_put_json : plan_put_text)(&r->out.b,
		    verb, &row);
		if (out_end(&r->out) < 0)
			return;
	}
}

void
plan_put(struct plan_run *r)
{
	const uint64_t *n = r->compare.plan.n;
	int k;

	for (k = SITE_KINDS - 1; k >= 0; k--)
		plan_put_rows(r, PLAN_REMOVE, k);
	for (k = 0; k < SITE_KINDS; k++) {
		plan_put_rows(r, PLAN_UPDATE, k);
		plan_put_rows(r, PLAN_CREATE, k);
	}
	if (site_opt.json)
		return;
	if (n[PLAN_CREATE] + n[PLAN_UPDATE] + n[PLAN_REMOVE] == 0)
		buf_puts(&r->out.b, "nothing to do\n");
	else
		buf_printf(&r->out.b, "%" PRIu64 " to create, %" PRIu64
		    " to update, %" PRIu64 " to remove\n", n[PLAN_CREATE],
		    n[PLAN_UPDATE], n[PLAN_REMOVE]);
	out_end(&r->out);
}

int
site_verb_plan(char **operands)
{
	static struct plan_run run;
	const uint64_t *n = run.compare.plan.n;
	int result = plan_begin(&run, operands[0], CLIENT_READ);

	if (result == 0) {
		plan_put(&run);
		if (n[PLAN_CREATE] + n[PLAN_UPDATE] + n[PLAN_REMOVE] > 0)
			result = PLAN_CHANGES;
	}
	return plan_end(&run, result);
}
