/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/line.h"
#include "base/os.h"
#include "base/signal.h"
#include "cmd/site/csv.h"
#include "cmd/site/refs.h"
#include "cmd/site/secrets.h"
#include "json/object.h"

#define INPUT_CSV_MAX ((size_t)1 << 30)

void
input_init(struct site_input *in)
{
	*in = (struct site_input){ .name = NULL };
	changes_init(&in->values);
	bootstrap_changes_init(&in->configs);
}

static void
input_wipe(struct str s)
{
	union { const char *borrowed; char *own; } u = { s.p };

	if (s.p != NULL)
		os_wipe(u.own, s.n);
}

void
input_release(struct site_input *in)
{
	enum site_member m;
	size_t i;
	int k;

	for (k = 0; k < SITE_KINDS; k++) {
		for (i = 0; i < in->rows[k].n; i++)
			for (m = 0; m < SITE_MEMBERS; m++)
				if (SITE_BIT(m) & SITE_SECRETS)
					input_wipe(in->rows[k].v[i]->v[m]);
		rows_release(&in->rows[k]);
	}
	changes_release(&in->values);
	bootstrap_changes_release(&in->configs);
}

/* ---- faults ---- */

int
input_fault(const struct site_input *in, const struct site_row *row,
    struct fault *fault)
{
	struct fault plain = *fault;

	/* in a file, an id that does not exist is a wrong line too */
	return fault_set(fault, plain.status == 1 ? EX_DATAERR : plain.status,
	    "%s:%llu: %.300s", in->name, (unsigned long long)row->line,
	    plain.text);
}

int
input_refuse(const struct site_input *in, const struct site_row *row,
    struct fault *fault, const char *fmt, ...)
{
	va_list args;

	fault->status = EX_DATAERR;
	va_start(args, fmt);
	vsnprintf(fault->text, sizeof fault->text, fmt, args);
	va_end(args);
	return input_fault(in, row, fault);
}

/* ---- values ---- */

static const char *
input_keep(struct site_input *in, struct str value, struct str *to)
{
	*to = arena_str(&in->values.keep, value);
	return to->p == NULL ? "too much input" : NULL;
}

static const char *
input_set_email(struct site_input *in, struct str value, struct str *to)
{
	const char *why = email_fault(value);

	return why != NULL ? "not an email address" : input_keep(in, value, to);
}

static const char *
input_set_password(struct site_input *in, struct str value, struct str *to)
{
	if (value.n > 0 && !password_hash_valid(value))
		return "the password is not a hash that mfx-users makes";
	return input_keep(in, value, to);
}

/* each once, in order of bytes: as of what is there */
static const char *
input_set_channels(struct site_input *in, struct str json, struct str *to)
{
	struct bootstrap_change change = { .given = 0 };
	const char *why = bootstrap_set_channels(&in->configs, &change, json);

	if (why == NULL && !refs_put(change.channels, change.n_channels,
	    &in->values.keep, to))
		why = "too much input";
	arena_reset(&in->configs.scratch);
	return why;
}

/* what only configurations have */
static const char *
input_set_config(struct site_input *in, enum site_member m, struct str value,
    struct str *to)
{
	struct bootstrap_change change = { .given = 0 };
	const struct {
		enum site_member member;
		enum bootstrap_member as;
		const struct str *value;
	} texts[] = {
		{ SITE_EXTERNAL_ID, BOOTSTRAP_EXTERNAL_ID,
		    &change.external_id },
		{ SITE_CONTENT, BOOTSTRAP_CONTENT, &change.content },
		{ SITE_CLIENT_CERT, BOOTSTRAP_CLIENT_CERT,
		    &change.client_cert },
		{ SITE_CA_CERT, BOOTSTRAP_CA_CERT, &change.ca_cert },
		{ SITE_EXTERNAL_KEY, BOOTSTRAP_EXTERNAL_KEY,
		    &change.external_key },
		{ SITE_CLIENT_KEY, BOOTSTRAP_CLIENT_KEY, &change.client_key },
	};
	const char *why;
	size_t i = 0;

	if (m == SITE_CHANNELS)
		return input_set_channels(in, value, to);
	if (m == SITE_STATE)
		return str_eq(value, STR("active")) ||
		    str_eq(value, STR("inactive")) ?
		    input_keep(in, value, to) :
		    "state is neither active nor inactive";
	while (texts[i].member != m)
		i++;
	why = bootstrap_set(&in->configs, &change, texts[i].as, value);
	*to = *texts[i].value;
	return why;
}

/* checks a value and sets it; NULL, or why it is refused */
static const char *
input_set(struct site_input *in, struct site_row *row, enum site_member m,
    struct str value)
{
	struct changes *c = &in->values;
	struct change change = { .given = 0 };
	struct str *to = &row->v[m];
	const char *why = NULL;

	row->given |= SITE_BIT(m);
	if (value.p == NULL)
		return SITE_BIT(m) & SITE_NULLS ? NULL :
		    "null, which only a key or a parent may be";
	switch (m) {
	case SITE_OWNER:
	case SITE_EMAIL:
		return input_set_email(in, value, to);
	case SITE_GROUP:
	case SITE_PARENT:
		return uuid_valid(value) ? input_keep(in, value, to) :
		    "a group or parent is not a UUID in lower case";
	case SITE_LEVEL:
		return grant_level_parse(value) > 0 ? input_keep(in, value,
		    to) : "level is neither view, use nor manage";
	case SITE_ACCEPTED:
		return str_eq(value, STR("true")) ||
		    str_eq(value, STR("false")) ? input_keep(in, value, to) :
		    "accepted is neither true nor false";
	case SITE_DESCRIPTION:
		why = change_set_description(c, &change, value);
		*to = change.description;
		return why;
	case SITE_ID:
		return uuid_valid(value) ? input_keep(in, value, to) :
		    "the id is not a UUID in lower case";
	case SITE_ISSUED:
	case SITE_EXPIRES:
	case SITE_REVOKED:
		return input_keep(in, value, to);
	case SITE_SERIAL:
	case SITE_AUTHORITY:
	case SITE_CHANNEL:
	case SITE_THING:
	case SITE_NAME:
		why = change_set_name(c, &change, value);
		*to = change.name;
		return why;
	case SITE_METADATA:
		why = change_set_metadata(c, &change, value);
		*to = change.metadata;
		return why;
	case SITE_TAGS:
		why = change_set_tags(c, &change, value);
		*to = change.tags;
		return why;
	case SITE_DIRECTION:
		why = change_set_direction(c, &change, value);
		*to = direction_word(change.direction);
		return why;
	case SITE_STATUS:
		why = change_set_status(c, &change, value);
		*to = item_status(change.disabled);
		return why;
	case SITE_KEY:
		why = change_set_key(c, &change, value);
		*to = change.key;
		return why;
	case SITE_PASSWORD:
		return input_set_password(in, value, to);
	default:
		return input_set_config(in, m, value, to);
	}
}

static struct site_row *
input_add(struct site_input *in, const struct site_kind *kind, uint64_t line)
{
	struct site_row *row = arena_alloc(&in->values.keep, sizeof *row);

	if (row == NULL)
		return NULL;
	*row = (struct site_row){ .kind = kind, .line = line };
	rows_add(&in->rows[kind - site_kinds], row);
	return row;
}

/* has it all that one of its kind needs? */
static const char *
input_check(const struct site_row *row)
{
	unsigned given = row->given, may = row->kind->may;
	int items = !!(given & SITE_BIT(SITE_THING)) +
	    !!(given & SITE_BIT(SITE_CHANNEL)) +
	    !!(given & SITE_BIT(SITE_GROUP));

	if (given & ~may)
		return "a member that this kind does not have";
	if ((given & row->kind->must) != row->kind->must)
		return row->kind->must & SITE_BIT(SITE_LEVEL) ?
		    "no email or no level" :
		    row->kind->must & SITE_BIT(SITE_EMAIL) ? "no email" :
		    row->kind->must & SITE_BIT(SITE_CHANNEL) ?
		    "no channel or no thing" :
		    row->kind->must & SITE_BIT(SITE_SERIAL) ? "no serial" :
		    row->kind->must & SITE_BIT(SITE_ID) ? "no id" :
		    row->kind->must & SITE_BIT(SITE_GROUP) ? "no group" :
		    "no thing or no external_id";
	if (row->kind->must & SITE_BIT(SITE_GROUP) && items != 2)
		return "give a thing or a channel";
	if (row->kind->must & SITE_BIT(SITE_LEVEL) && items != 1)
		return "give a thing, a channel or a group, one of them";
	if (row->kind->item >= 0 && !(given & SITE_BIT(SITE_ID)) &&
	    row->v[SITE_NAME].n == 0)
		return "neither an id nor a name";
	return NULL;
}

/* ---- NDJSON ---- */

enum { INPUT_KIND = SITE_MEMBERS, INPUT_SEALED, INPUT_FOR, INPUT_FIELDS };

static const char *
input_take_secrets(struct site_input *in, struct site_row *row,
    struct str json, struct arena *scratch)
{
	struct object_field f[SITE_MEMBERS];
	enum site_member is[SITE_MEMBERS], m;
	const char *why;
	size_t i, n = 0;

	for (m = 0; m < SITE_MEMBERS; m++)
		if (SITE_BIT(m) & SITE_SECRETS) {
			is[n] = m;
			f[n++] = (struct object_field){
			    .name = member_name(m), .type = OBJECT_TEXT };
		}
	why = object_read_strict(json, f, n, scratch);
	for (i = 0; i < n && why == NULL; i++)
		if (f[i].given)
			why = input_set(in, row, is[i], f[i].value);
	return why;
}

static const char *
input_open_secrets(struct site_input *in, struct site_row *row,
    struct str sealed)
{
	struct arena scratch;
	const char *why;
	struct buf plain;

	if (in->secrets == NULL) {
		in->passed++;
		return NULL;
	}
	buf_init(&plain, SECRETS_ROOM);
	arena_init(&scratch, 2 * SECRETS_ROOM);
	why = secrets_open(in->secrets, row, sealed, &plain);
	if (why == NULL && input_take_secrets(in, row, buf_str(&plain),
	    &scratch) != NULL)
		why = "a secret is not valid";
	secret_release(&plain);
	arena_release(&scratch);
	return why;
}

static const char *
input_take_object(struct site_input *in, const struct site_kind *kind,
    const struct object_field *f, uint64_t line)
{
	struct site_row *row = input_add(in, kind, line);
	const char *why = row == NULL ? "too much input" : NULL;
	enum site_member m;

	/* metadata last: it makes the arena of the values empty */
	for (m = 0; m < SITE_MEMBERS && why == NULL; m++)
		if (f[m].given && m != SITE_METADATA)
			why = input_set(in, row, m, f[m].value);
	if (why == NULL && f[INPUT_SEALED].given)
		why = input_open_secrets(in, row, f[INPUT_SEALED].value);
	if (why == NULL && f[SITE_METADATA].given)
		why = input_set(in, row, SITE_METADATA,
		    f[SITE_METADATA].value);
	return why != NULL ? why : input_check(row);
}

static const char *
input_take_line(struct site_input *in, struct str line, uint64_t number)
{
	struct object_field f[INPUT_FIELDS] = {
		[INPUT_KIND] = { .name = "kind", .type = OBJECT_TEXT },
		[INPUT_SEALED] = { .name = "sealed", .type = OBJECT_TEXT },
		[INPUT_FOR] = { .name = "for", .type = OBJECT_TEXT },
	};
	const struct site_kind *kind;
	enum site_member m;
	const char *why;

	for (m = 0; m < SITE_MEMBERS; m++)
		f[m] = (struct object_field){ .name = member_name(m),
		    .type = member_type(m) };
	arena_reset(&in->values.scratch);
	why = object_read_strict(line, f, INPUT_FIELDS, &in->values.scratch);
	if (why != NULL)
		return why;
	if (str_eq(f[INPUT_KIND].value, STR("secrets")))
		return in->secrets == NULL ? NULL : secrets_begin_open(
		    in->secrets, f[INPUT_FOR].value, f[INPUT_SEALED].value);
	kind = kind_find(f[INPUT_KIND].value);
	if (kind == NULL)
		return f[INPUT_KIND].given ? "no such kind" : "no kind";
	return f[INPUT_FOR].given ? "a member that this kind does not have" :
	    input_take_object(in, kind, f, number);
}

static int
input_wrong(const struct site_input *in, uint64_t line, const char *why,
    struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "%s:%llu: %s; nothing was done",
	    in->name, (unsigned long long)line, why);
}

static int
input_read_lines(struct site_input *in, int fd, struct fault *fault)
{
	struct line_in lines;
	struct str line;
	const char *why;
	int got, result = 0;

	line_init(&lines, fd, in->name, NULL);
	while (result == 0 && (got = line_next(&lines, &line)) > 0) {
		why = got == LINE_LONG ? "line over 1 MiB" :
		    input_take_line(in, line, lines.number);
		if (why != NULL)
			result = input_wrong(in, lines.number, why, fault);
	}
	if (result == 0 && got == LINE_ERROR) {
		errno = lines.err;
		result = fault_errno(fault, EX_IOERR, "%s", in->name);
	} else if (result == 0 && signal_stop()) {
		/* half of the input is not all of it */
		result = fault_set(fault, EX_TEMPFAIL,
		    "stopped; nothing was done");
	}
	line_release(&lines);
	return result;
}

/* ---- CSV ---- */

/* which members the columns are */
struct input_columns {
	enum site_member member[SITE_MEMBERS];
	int n;
};

static const char *
input_take_head(struct input_columns *columns, const struct site_kind *kind,
    const struct str *fields, int n)
{
	unsigned seen = 0;
	enum site_member m;
	int i;

	for (i = 0; i < n; i++) {
		for (m = 0; m < SITE_MEMBERS; m++)
			if (str_eq(fields[i], str_z(member_name(m))) &&
			    kind->may & SITE_BIT(m))
				break;
		if (m == SITE_MEMBERS)
			return "a column that this kind does not have";
		if (seen & SITE_BIT(m))
			return "a column twice";
		seen |= SITE_BIT(m);
		columns->member[i] = m;
	}
	columns->n = n;
	return NULL;
}

/* an empty field is a member that is not given; tags are words */
static const char *
input_take_field(struct site_input *in, struct site_row *row,
    enum site_member m, struct str field)
{
	struct change change = { .given = 0 };
	const char *why, *words;

	if (field.n == 0)
		return NULL;
	if (m != SITE_TAGS)
		return input_set(in, row, m, field);
	if (memchr(field.p, '\0', field.n) != NULL)
		return "a NUL in the tags";
	words = arena_str(&in->values.keep, field).p;
	if (words == NULL)
		return "too much input";
	why = change_set_tag_list(&in->values, &change, &words, 1);
	row->given |= SITE_BIT(SITE_TAGS);
	row->v[SITE_TAGS] = change.tags;
	return why;
}

static const char *
input_take_record(struct site_input *in, const struct site_kind *kind,
    const struct input_columns *columns, const struct str *fields,
    uint64_t line)
{
	struct site_row *row = input_add(in, kind, line);
	const char *why = row == NULL ? "too much input" : NULL;
	int i;

	for (i = 0; i < columns->n && why == NULL; i++)
		why = input_take_field(in, row, columns->member[i],
		    fields[i]);
	return why != NULL ? why : input_check(row);
}

static int
input_take_csv(struct site_input *in, struct str text,
    const struct site_kind *kind, struct fault *fault)
{
	struct input_columns columns = { .n = 0 };
	struct str fields[SITE_MEMBERS];
	struct csv csv = { .text = text };
	struct arena arena;
	const char *why = NULL;
	int n;

	/* as spreadsheets write it */
	if (str_starts(text, STR("\xef\xbb\xbf")))
		csv.text = str_from(text, 3);
	arena_init(&arena, INPUT_CSV_MAX);
	while (why == NULL && (n = csv_next(&csv, fields, columns.n > 0 ?
	    columns.n : SITE_MEMBERS, &arena)) != 0) {
		if (n < 0)
			why = csv.why;
		else if (columns.n == 0)
			why = input_take_head(&columns, kind, fields, n);
		else if (n < columns.n)
			why = "fewer fields than the first record has";
		else
			why = input_take_record(in, kind, &columns, fields,
			    csv.line);
		arena_reset(&arena);
	}
	arena_release(&arena);
	return why == NULL ? 0 : input_wrong(in, csv.line, why, fault);
}

static int
input_read_csv(struct site_input *in, int fd, const struct site_kind *kind,
    struct fault *fault)
{
	struct buf text;
	int result;

	buf_init(&text, INPUT_CSV_MAX);
	result = file_read_fd(fd, in->name, &text, fault);
	if (result == 0 && signal_stop())
		result = fault_set(fault, EX_TEMPFAIL,
		    "stopped; nothing was done");
	if (result == 0)
		result = input_take_csv(in, buf_str(&text), kind, fault);
	/* there may be keys in it */
	secret_release(&text);
	return result;
}

int
input_read(struct site_input *in, const char *path,
    const struct site_kind *csv, struct fault *fault)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = STDIN_FILENO, result;

	if (!standard && (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return fault_input(fault, path);
	in->name = standard ? "<stdin>" : path;
	result = csv != NULL ? input_read_csv(in, fd, csv, fault) :
	    input_read_lines(in, fd, fault);
	if (!standard)
		close(fd);
	return result;
}
