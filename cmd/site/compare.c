/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/compare.h"

#include <sysexits.h>

#include "cmd/site/refs.h"

/* A name, or an id, by which the file speaks of a channel or a thing. */
struct compare_name {
	struct hash_node node;
	const struct site_kind *kind;
	const struct site_user *user;
	struct str text;
	struct site_row *unnumbered;	/* a line without an id, of this name */
	const struct site_row *row;	/* the line that has this name */
	unsigned in_file, here;		/* how many have it */
	bool matched;			/* `unnumbered` is there */
	struct str id;			/* of the one that is here */
};

static struct arena *
compare_keep(struct compare *c)
{
	return &c->input->values.keep;
}

static int
compare_too_much(struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "too much for one transaction");
}

/* ---- finding ---- */

static struct site_row *
compare_find(const struct compare *c, const struct site_row *row)
{
	uint64_t h = kind_hash(c->seed, row);
	struct hash_node *n;

	for (n = hash_first(&c->rows, h); n != NULL; n = hash_next(n))
		if (kind_same((struct site_row *)n, row))
			return (struct site_row *)n;
	return NULL;
}

static int
compare_index_row(struct compare *c, struct site_row *row,
    struct fault *fault)
{
	if (compare_find(c, row) != NULL)
		return input_refuse(c->input, row, fault,
		    "a second line of the same %s", row->kind->name);
	hash_table_add(&c->rows, &row->node, kind_hash(c->seed, row));
	return 0;
}

static uint64_t
compare_name_hash(const struct compare *c, const struct site_kind *kind,
    const struct site_user *user, struct str text)
{
	return row_hash_email(row_hash(c->seed +
	    (uint64_t)(kind - site_kinds), text), user->row.v[SITE_EMAIL]);
}

static struct compare_name *
compare_find_name(const struct compare *c, const struct site_kind *kind,
    const struct site_user *user, struct str text)
{
	struct compare_name *name;
	struct hash_node *n;

	if (c->names.n == 0)
		return NULL;
	for (n = hash_first(&c->names, compare_name_hash(c, kind, user,
	    text)); n != NULL; n = hash_next(n)) {
		name = (struct compare_name *)n;
		if (name->kind == kind && name->user == user &&
		    str_eq(name->text, text))
			return name;
	}
	return NULL;
}

/* finds it, or adds it; NULL: too many */
static struct compare_name *
compare_want_name(struct compare *c, const struct site_kind *kind,
    const struct site_user *user, struct str text)
{
	struct compare_name *name = compare_find_name(c, kind, user, text);

	if (name != NULL ||
	    (name = arena_alloc(compare_keep(c), sizeof *name)) == NULL)
		return name;
	*name = (struct compare_name){ .kind = kind, .user = user,
	    .text = text };
	hash_table_add(&c->names, &name->node,
	    compare_name_hash(c, kind, user, text));
	return name;
}

/* ---- owners ---- */

static int
compare_set_owner(struct compare *c, struct site_row *row,
    struct fault *fault)
{
	bool user = row->kind == &site_kinds[KIND_USER];
	struct str email = row->v[user ? SITE_EMAIL : SITE_OWNER];
	struct site_user *u = c->last;

	if (email.p == NULL)
		email = str_z(c->user);
	if (email.p == NULL)
		return input_refuse(c->input, row, fault, "whose is it? give "
		    "\"owner\" or --user EMAIL");
	if (c->only && !email_same(email, str_z(c->user)))
		return input_refuse(c->input, row, fault,
		    "of another user than --user");
	if (u == NULL || !email_same(email, u->row.v[SITE_EMAIL]))
		u = source_user(c->source, email);
	if (u == NULL && user && (u = source_add_user(c->source, row)) == NULL)
		return compare_too_much(fault);
	if (u == NULL)
		return input_refuse(c->input, row, fault, "no user '%.*s', "
		    "and no line makes one", STR_ARG(email));
	c->last = row->user = u;
	u->named = true;
	row->given |= SITE_BIT(user ? SITE_EMAIL : SITE_OWNER);
	row->v[user ? SITE_EMAIL : SITE_OWNER] = u->row.v[SITE_EMAIL];
	return 0;
}

/* ---- names ---- */

/* of a line without an id */
static int
compare_add_unnumbered(struct compare *c, struct site_row *row,
    struct fault *fault)
{
	struct compare_name *name = compare_want_name(c, row->kind, row->user,
	    row->v[SITE_NAME]);

	if (name == NULL)
		return compare_too_much(fault);
	if (name->unnumbered != NULL)
		return input_refuse(c->input, row, fault,
		    "a second %s with this name and without an id",
		    row->kind->name);
	name->unnumbered = row;
	return 0;
}

/* the line of the file that has this id */
static struct site_row *
compare_line_of(const struct compare *c, const struct site_kind *kind,
    struct str id)
{
	struct site_row want = { .kind = kind };

	want.v[SITE_ID] = id;
	return uuid_valid(id) ? compare_find(c, &want) : NULL;
}

static int
compare_want(struct compare *c, const struct site_row *row, int kind,
    struct str text, struct fault *fault)
{
	const struct site_kind *k = &site_kinds[kind];

	return compare_line_of(c, k, text) == NULL &&
	    compare_want_name(c, k, row->user, text) == NULL ?
	    compare_too_much(fault) : 0;
}

/* notes which names and ids of others this line uses */
static int
compare_want_names(struct compare *c, const struct site_row *row,
    struct fault *fault)
{
	struct str v[REFS_MAX];
	int i, n = 0;

	if (row->kind->ids)
		return 0;
	if ((row->given & SITE_BIT(SITE_CHANNEL) && compare_want(c, row,
	    KIND_CHANNEL, row->v[SITE_CHANNEL], fault) < 0) ||
	    (row->given & SITE_BIT(SITE_THING) && compare_want(c, row,
	    KIND_THING, row->v[SITE_THING], fault) < 0))
		return -1;
	if (row->given & SITE_BIT(SITE_CHANNELS))
		n = refs_take(row->v[SITE_CHANNELS], v, compare_keep(c));
	for (i = 0; i < n; i++)
		if (compare_want(c, row, KIND_CHANNEL, v[i], fault) < 0)
			return -1;
	return 0;
}

static void
compare_count_names(struct compare *c, int kind)
{
	const struct site_rows *rows = &c->input->rows[kind];
	struct compare_name *name;
	size_t i;

	for (i = 0; i < rows->n; i++) {
		name = compare_find_name(c, &site_kinds[kind],
		    rows->v[i]->user, rows->v[i]->v[SITE_NAME]);
		if (name != NULL && rows->v[i]->v[SITE_NAME].n > 0) {
			name->in_file++;
			name->row = rows->v[i];
		}
	}
}

static int
compare_index(struct compare *c, struct fault *fault)
{
	const struct site_rows *rows;
	struct site_row *row;
	size_t i;
	int k;

	for (k = 0; k < SITE_KINDS && site_kinds[k].create != NULL; k++) {
		rows = &c->input->rows[k];
		for (i = 0; i < rows->n; i++) {
			row = rows->v[i];
			if (compare_set_owner(c, row, fault) < 0)
				return -1;
			/* what they name is not known yet */
			if (row->kind->identity & SITE_REFERENCES)
				continue;
			if ((row->kind->item >= 0 &&
			    !(row->given & SITE_BIT(SITE_ID)) ?
			    compare_add_unnumbered :
			    compare_index_row)(c, row, fault) < 0)
				return -1;
		}
	}
	for (k = 0; k < SITE_KINDS && site_kinds[k].create != NULL; k++)
		for (i = 0; i < c->input->rows[k].n; i++)
			if (compare_want_names(c, c->input->rows[k].v[i],
			    fault) < 0)
				return -1;
	if (c->names.n > 0)
		for (k = 0; k < SITE_KINDS; k++)
			if (site_kinds[k].item >= 0)
				compare_count_names(c, k);
	return 0;
}

/* ---- what is there ---- */

static void
compare_plan(struct compare *c, enum plan_verb verb, struct site_row *row)
{
	rows_add(&c->plan.rows[verb][row->kind - site_kinds], row);
	c->plan.n[verb]++;
}

/* a copy of these members */
static struct site_row *
compare_copy(struct compare *c, const struct site_row *row, unsigned members)
{
	struct site_row *copy = arena_alloc(compare_keep(c), sizeof *copy);
	enum site_member m;

	if (copy == NULL)
		return NULL;
	*copy = (struct site_row){ .kind = row->kind, .user = row->user,
	    .given = row->given & members & ~SITE_SECRETS };
	for (m = 0; m < SITE_MEMBERS; m++)
		if (copy->given & SITE_BIT(m)) {
			copy->v[m] = arena_str(compare_keep(c), row->v[m]);
			if (copy->v[m].p == NULL)
				return NULL;
		}
	return copy;
}

static bool
compare_differs(const struct site_row *file, const struct site_row *here,
    enum site_member m)
{
	if (!(here->given & SITE_BIT(m)))
		return true;
	return (file->v[m].p == NULL) != (here->v[m].p == NULL) ||
	    !str_eq(file->v[m], here->v[m]);
}

/* this line is what is there */
static int
compare_match(struct compare *c, struct site_row *file,
    const struct site_row *here, struct fault *fault)
{
	unsigned look = file->given & file->kind->changes;
	enum site_member m;

	if (file->user != here->user)
		return input_refuse(c->input, file, fault, "the %s is of "
		    "'%.*s'", file->kind->name,
		    STR_ARG(here->user->row.v[SITE_EMAIL]));
	if (file->given & SITE_BIT(SITE_ID) &&
	    compare_differs(file, here, SITE_ID))
		return input_refuse(c->input, file, fault, "the id of this %s "
		    "is %.*s here: leave it out, or give that",
		    file->kind->name, STR_ARG(here->v[SITE_ID]));
	file->there = true;
	for (m = 0; m < SITE_MEMBERS; m++)
		if (look & SITE_BIT(m) && compare_differs(file, here, m))
			file->differs |= SITE_BIT(m);
	if (file->differs == 0)
		return 0;
	file->was = compare_copy(c, here, file->differs |
	    SITE_BIT(SITE_ID) | SITE_BIT(SITE_NAME));
	return file->was != NULL ? 0 : compare_too_much(fault);
}

/* one that is here has this name, or id */
static int
compare_note_name(struct compare *c, const struct site_row *here,
    struct str text, struct fault *fault)
{
	struct compare_name *name = compare_find_name(c, here->kind,
	    here->user, text);

	if (name == NULL || text.n == 0)
		return 0;
	name->here++;
	name->id = arena_str(compare_keep(c), here->v[SITE_ID]);
	return name->id.p != NULL ? 0 : compare_too_much(fault);
}

/* the line without an id that is the one that is here; NULL: there is none */
static int
compare_match_name(struct compare *c, const struct site_row *here,
    struct site_row **file, struct fault *fault)
{
	struct compare_name *name = compare_find_name(c, here->kind,
	    here->user, here->v[SITE_NAME]);

	*file = NULL;
	if (name == NULL || name->unnumbered == NULL ||
	    here->v[SITE_NAME].n == 0)
		return 0;
	if (name->matched)
		return input_refuse(c->input, name->unnumbered, fault,
		    "more than one %s has the name '%.*s': give its id",
		    here->kind->name, STR_ARG(name->text));
	name->matched = true;
	*file = name->unnumbered;
	(*file)->v[SITE_ID] = arena_str(compare_keep(c), here->v[SITE_ID]);
	(*file)->given |= SITE_BIT(SITE_ID);
	return (*file)->v[SITE_ID].p != NULL ? 0 : compare_too_much(fault);
}

static int
compare_give(void *arg, struct site_row *here, struct fault *fault)
{
	struct compare *c = arg;
	struct site_row *file = compare_find(c, here), *gone;

	if (here->kind->item >= 0) {
		if (file == NULL &&
		    compare_match_name(c, here, &file, fault) < 0)
			return -1;
		/* what the file renames has the file's name only */
		if (file == NULL || !(file->given & SITE_BIT(SITE_NAME)))
			if (compare_note_name(c, here, here->v[SITE_NAME],
			    fault) < 0)
				return -1;
		if (file == NULL && compare_note_name(c, here,
		    here->v[SITE_ID], fault) < 0)
			return -1;
	}
	if (file != NULL)
		return compare_match(c, file, here, fault);
	if (!c->prune)
		return 0;
	gone = compare_copy(c, here, here->kind->shown);
	if (gone == NULL)
		return compare_too_much(fault);
	compare_plan(c, PLAN_REMOVE, gone);
	return 0;
}

/* ---- what the file names ---- */

/* gives new things and channels their ids */
static int
compare_make_ids(struct compare *c, int kind, struct fault *fault)
{
	const struct site_rows *rows = &c->input->rows[kind];
	struct site_row *row;
	char *id;
	size_t i;

	for (i = 0; i < rows->n; i++) {
		row = rows->v[i];
		if (row->given & SITE_BIT(SITE_ID))
			continue;
		if ((id = arena_alloc(compare_keep(c), ID_TEXT + 1)) == NULL)
			return compare_too_much(fault);
		uuid_make(id);
		row->v[SITE_ID] = (struct str){ id, ID_TEXT };
		row->given |= SITE_BIT(SITE_ID);
		row->made_id = true;
	}
	return 0;
}

/* sets *ref to the id of what it stands for */
static int
compare_resolve(struct compare *c, const struct site_row *row, int of,
    struct str *ref, struct fault *fault)
{
	const struct site_kind *kind = &site_kinds[of];
	const struct compare_name *name;
	const struct site_row *line = compare_line_of(c, kind, *ref);

	if (line != NULL && line->user == row->user) {
		*ref = line->v[SITE_ID];
		return 0;
	}
	name = compare_find_name(c, kind, row->user, *ref);
	if (name == NULL || name->in_file + name->here == 0)
		return input_refuse(c->input, row, fault, "no %s '%.*s'",
		    kind->name, STR_ARG(*ref));
	if (name->in_file > 1 || (name->in_file == 0 && name->here > 1))
		return input_refuse(c->input, row, fault, "more than one %s "
		    "has the name '%.*s': give its id", kind->name,
		    STR_ARG(name->text));
	if (name->in_file == 0 && c->prune)
		return input_refuse(c->input, row, fault, "the %s '%.*s' has "
		    "no line here, so --prune removes it", kind->name,
		    STR_ARG(name->text));
	*ref = name->in_file ? name->row->v[SITE_ID] : name->id;
	return 0;
}

static int
compare_resolve_list(struct compare *c, struct site_row *row,
    struct fault *fault)
{
	struct str v[REFS_MAX];
	int i, n = refs_take(row->v[SITE_CHANNELS], v, compare_keep(c));

	for (i = 0; i < n; i++)
		if (compare_resolve(c, row, KIND_CHANNEL, &v[i], fault) < 0)
			return -1;
	return n >= 0 && refs_put(v, (size_t)n, compare_keep(c),
	    &row->v[SITE_CHANNELS]) ? 0 : compare_too_much(fault);
}

static int
compare_resolve_row(struct compare *c, struct site_row *row,
    struct fault *fault)
{
	unsigned given = row->given;

	row->said.channel = row->v[SITE_CHANNEL];
	row->said.thing = row->v[SITE_THING];
	row->said.channels = row->v[SITE_CHANNELS];
	if (row->kind->ids)
		return compare_index_row(c, row, fault);
	if (given & SITE_BIT(SITE_CHANNEL) && compare_resolve(c, row,
	    KIND_CHANNEL, &row->v[SITE_CHANNEL], fault) < 0)
		return -1;
	if (given & SITE_BIT(SITE_THING) && compare_resolve(c, row,
	    KIND_THING, &row->v[SITE_THING], fault) < 0)
		return -1;
	if (given & SITE_BIT(SITE_CHANNELS) &&
	    compare_resolve_list(c, row, fault) < 0)
		return -1;
	return compare_index_row(c, row, fault);
}

static int
compare_resolve_all(struct compare *c, int kind, struct fault *fault)
{
	const struct site_rows *rows = &c->input->rows[kind];
	size_t i;

	if (site_kinds[kind].identity & SITE_REFERENCES)
		for (i = 0; i < rows->n; i++)
			if (compare_resolve_row(c, rows->v[i], fault) < 0)
				return -1;
	return 0;
}

/* ---- all of it ---- */

/* Users without a line go with all they have, if there are lines of users. */
static void
compare_prune_users(struct compare *c)
{
	size_t i;

	if (!c->prune || c->input->rows[KIND_USER].n == 0)
		return;
	for (i = 0; i < c->source->n; i++)
		c->source->users[i]->named = true;
}

/* only a file with lines of users says which there are; and names may be those
 * of what is there */
static bool
compare_looks_at(const struct compare *c, int kind)
{
	return c->input->rows[kind].n > 0 || (kind != KIND_USER &&
	    (c->prune || site_kinds[kind].item >= 0));
}

static void
compare_plan_rows(struct compare *c, int kind)
{
	const struct site_rows *rows = &c->input->rows[kind];
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (!rows->v[i]->there)
			compare_plan(c, PLAN_CREATE, rows->v[i]);
		else if (rows->v[i]->differs != 0)
			compare_plan(c, PLAN_UPDATE, rows->v[i]);
}

int
compare_run(struct compare *c, struct fault *fault)
{
	const struct site_give give = { compare_give, c };
	int k;

	c->seed = hash_seed();
	hash_table_init(&c->rows, 1024);
	hash_table_init(&c->names, 64);
	if (compare_index(c, fault) < 0)
		return -1;
	compare_prune_users(c);
	for (k = 0; k < SITE_KINDS && site_kinds[k].create != NULL; k++) {
		if (compare_resolve_all(c, k, fault) < 0)
			return -1;
		if (compare_looks_at(c, k) && source_each(c->source,
		    &site_kinds[k], true, &give, fault) < 0)
			return -1;
		if (site_kinds[k].item >= 0 &&
		    compare_make_ids(c, k, fault) < 0)
			return -1;
		compare_plan_rows(c, k);
	}
	return 0;
}

void
compare_end(struct compare *c)
{
	int v, k;

	for (v = 0; v < PLAN_VERBS; v++)
		for (k = 0; k < SITE_KINDS; k++)
			rows_release(&c->plan.rows[v][k]);
	hash_table_release(&c->rows);
	hash_table_release(&c->names);
}
