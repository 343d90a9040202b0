/* SPDX-License-Identifier: Apache-2.0 */
#include "base/opt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/program.h"
#include "base/stamp.h"

enum { SAY_HELP = 1, SAY_VERSION, SAY_OPTIONS, LOUDER, QUIETER };

static const char *log_format = "text";

/* those that every program has; the flags are told apart by `min` */
static const struct opt common[] = {
	{ 0, "log", "text|json", "form of messages on stderr",
	    OPT_CHOICE, &log_format, 0, 0 },
	{ 'q', "quiet", NULL, "show only errors", OPT_FLAG, NULL, QUIETER, 0 },
	{ 'v', "verbose", NULL, "show more messages; -vv for all",
	    OPT_FLAG, NULL, LOUDER, 0 },
	{ 'h', "help", NULL, "show this", OPT_FLAG, NULL, SAY_HELP, 0 },
	{ 'V', "version", NULL, "show the version",
	    OPT_FLAG, NULL, SAY_VERSION, 0 },
	{ 0, "options", NULL, NULL, OPT_FLAG, NULL, SAY_OPTIONS, 0 },
	OPT_END
};

/* --help and --options are answers: a failed write is a failure */
static _Noreturn void
end_of_answer(void)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		diag_error("<stdout>: %s", strerror(errno));
		exit(EX_IOERR);
	}
	exit(0);
}

#define HELP_COLUMN 32
#define HELP_WIDTH 79

/* the text of an option, cut into lines between words */
static void
help_text(const char *z)
{
	size_t column = HELP_COLUMN, n;

	while (*z != '\0') {
		n = strcspn(z, " ");
		if (column > HELP_COLUMN && column + 1 + n > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		column += (size_t)printf("%s%.*s",
		    column > HELP_COLUMN ? " " : "", (int)n, z);
		z += n + (z[n] == ' ');
	}
	putchar('\n');
}

static const struct opt *find(const struct opt *, const char *, size_t, char);

/* A program may have another use for a letter that all have. */
static char
letter_of(const struct opt *o, const struct opt *own)
{
	const struct opt *first = o->letter ? find(own, NULL, 0, o->letter) :
	    NULL;

	return first == NULL || first == o || first->help == NULL ?
	    o->letter : '\0';
}

static void
help_table(const struct opt *o, const struct opt *own)
{
	char left[64], letter;
	int n;

	for (; o != NULL && o->name != NULL; o++) {
		if (o->help == NULL)
			continue;
		n = snprintf(left, sizeof left, "--%s%s%s", o->name,
		    o->arg ? " " : "", o->arg ? o->arg : "");
		letter = letter_of(o, own);
		printf("  %c%c%c %-26s", letter ? '-' : ' ',
		    letter ? letter : ' ', letter ? ',' : ' ', left);
		if (n >= HELP_COLUMN - 6)
			printf("\n%*s", HELP_COLUMN, "");
		help_text(o->help);
	}
}

/* one usage line for each line of the synopsis */
static void
help_usage(const char *name, const char *verb, const char *synopsis)
{
	const char *head = "usage: ";

	while (synopsis != NULL) {
		size_t n = strcspn(synopsis, "\n");

		printf("%s%s%s%s %.*s\n", head, name, verb ? " " : "",
		    verb ? verb : "", (int)n, synopsis);
		head = "       ";
		synopsis = synopsis[n] ? synopsis + n + 1 : NULL;
	}
}

static _Noreturn void
help(const struct program *p, const struct verb *v)
{
	const struct opt *own = v ? v->options : p->options;
	const struct verb *each;

	help_usage(p->name, v ? v->name : NULL, v ? v->synopsis : p->synopsis);
	printf("%s\n\n", v ? v->summary : p->summary);
	if (v == NULL && p->verbs != NULL) {
		for (each = p->verbs; each->name != NULL; each++)
			printf("  %-14s %s\n", each->name, each->summary);
		printf("\nEach has options of its own: %s VERB --help\n\n",
		    p->name);
	}
	help_table(own, own);
	help_table(common, own);
	printf("\nSee %s(1).\n", p->name);
	end_of_answer();
}

static void
list_table(const char *verb, const struct opt *o, const struct opt *own)
{
	char letter;

	for (; o != NULL && o->name != NULL; o++) {
		if (o->help == NULL)
			continue;
		letter = letter_of(o, own);
		printf("%s\t--%s\t%c\t%s\t%s\n", verb, o->name,
		    letter ? letter : '-', o->arg ? o->arg : "", o->help);
	}
}

/* For completions and for the tests: "verb --name letter ARG help", with
 * tabs between; a verb itself is "verb" and its summary. */
static _Noreturn void
list(const struct program *p, const struct verb *only)
{
	const struct verb *v;

	for (v = p->verbs; v != NULL && v->name != NULL; v++) {
		if (only != NULL && only != v)
			continue;
		printf("%s\t\t\t\t%s\n", v->name, v->summary);
		list_table(v->name, v->options, v->options);
	}
	if (only == NULL)
		list_table("", p->options, p->options);
	list_table("", common, p->options);
	end_of_answer();
}

static bool
size_parse(const char *z, int64_t *out)
{
	static const char units[] = "kmgt";
	char *end;
	const char *u;
	unsigned long long v;
	int64_t scale = 1;

	errno = 0;
	v = strtoull(z, &end, 10);
	if (errno != 0 || end == z || *z < '0' || *z > '9')
		return false;
	if (*end != '\0') {
		u = strchr(units, *end | 0x20);
		if (u == NULL)
			return false;
		scale = INT64_C(1) << (10 * (u - units + 1));
		end++;
		/* "64M", "64MB" and "64MiB" all mean the same */
		if (strcasecmp(end, "ib") == 0 || strcasecmp(end, "b") == 0)
			end += strlen(end);
	}
	return *end == '\0' && v <= INT64_MAX &&
	    !__builtin_mul_overflow((int64_t)v, scale, out);
}

/* the place of the value in "a|b|c", counted from 0; -1: it is not there */
static int
choice_find(const char *choices, const char *value)
{
	struct str rest = str_z(choices), want = str_z(value);
	int place = 0;

	for (;;) {
		const char *bar = memchr(rest.p, '|', rest.n);
		size_t n = bar ? (size_t)(bar - rest.p) : rest.n;

		if (str_eq((struct str){ rest.p, n }, want))
			return place;
		if (bar == NULL)
			return -1;
		rest = str_from(rest, n + 1);
		place++;
	}
}

static bool
choice_parse(const struct opt *o, const char *value)
{
	int place = choice_find(o->arg, value);

	if (place < 0)
		return false;
	if (o->type == OPT_ENUM)
		*(unsigned *)o->to = (unsigned)o->min + (unsigned)place;
	else
		*(const char **)o->to = value;
	return true;
}

static bool
list_add(struct opt_list *l, const char *value)
{
	if (l->n == OPT_LIST_MAX)
		return false;
	l->v[l->n++] = value;
	return true;
}

static bool
lacks_unit(const struct opt *o, const char *value)
{
	int64_t ns;

	return o->type == OPT_DURATION && !duration_has_unit(str_z(value)) &&
	    duration_parse(str_z(value), &ns) && ns != 0;
}

static bool
take(const struct opt *o, const char *value)
{
	int64_t *number = o->to;
	struct stamp t;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)o->to = true;
		return true;
	case OPT_STRING:
		*(const char **)o->to = value;
		return true;
	case OPT_LIST:
		return list_add(o->to, value);
	case OPT_INT:
		return number_parse(value, o->max ? o->min : INT64_MIN,
		    o->max ? o->max : INT64_MAX, number);
	case OPT_SIZE:
		return size_parse(value, number) && *number >= o->min &&
		    (o->max == 0 || *number <= o->max);
	case OPT_DURATION:
	case OPT_TIMEOUT:
		return !lacks_unit(o, value) &&
		    duration_parse(str_z(value), number) &&
		    *number >= o->min && (o->max == 0 || *number <= o->max);
	case OPT_TIME:
		if (!stamp_parse(str_z(value), stamp_now(), &t))
			return false;
		*number = t.ns;
		return true;
	case OPT_CHOICE:
	case OPT_ENUM:
		return choice_parse(o, value);
	}
	return false;
}

static const struct opt *
find(const struct opt *o, const char *name, size_t n, char letter)
{
	for (; o != NULL && o->name != NULL; o++)
		if (letter ? o->letter == letter :
		    strlen(o->name) == n && memcmp(o->name, name, n) == 0)
			return o;
	return NULL;
}

/* "12s", or a number of bytes or of whatever else */
static void
print_bound(const struct opt *o, int64_t v, char to[STAMP_TEXT])
{
	if (o->type == OPT_DURATION || o->type == OPT_TIMEOUT)
		duration_print(to, v);
	else
		snprintf(to, STAMP_TEXT, "%lld", (long long)v);
}

static const char *
wanted(const struct opt *o)
{
	switch (o->type) {
	case OPT_INT:
		return "a number";
	case OPT_SIZE:
		return "a size such as 500, 64K or 2GiB";
	case OPT_DURATION:
	case OPT_TIMEOUT:
		return "a duration such as 90s, 1h30m or 30d";
	case OPT_TIME:
		return "a time such as -1h or 2026-01-31T00:00:00Z";
	case OPT_CHOICE:
	case OPT_ENUM:
		return "one of ";
	default:
		return "a further one: too many";
	}
}

/* A value that is not taken: what would be right. */
static _Noreturn void
refuse(const struct program *p, const struct opt *o, const char *value)
{
	char range[3 * STAMP_TEXT] = "", min[STAMP_TEXT], max[STAMP_TEXT];

	if (lacks_unit(o, value))
		program_misuse(p, "--%s '%s': give a unit: %ss, %sm, %sh or "
		    "%sd", o->name, value, value, value, value, value);
	print_bound(o, o->min, min);
	print_bound(o, o->max, max);
	if (o->type == OPT_CHOICE || o->type == OPT_ENUM)
		snprintf(range, sizeof range, "%s", o->arg);
	else if (o->max != 0 && o->max != INT64_MAX)
		snprintf(range, sizeof range, " from %s to %s", min, max);
	else if (o->min != 0)
		snprintf(range, sizeof range, " from %s on", min);
	program_misuse(p, "--%s '%s': not %s%s", o->name, value, wanted(o),
	    range);
}

static void
apply(const struct program *p, const struct verb *v, const struct opt *o,
    const char *value)
{
	if (o->to == NULL) {
		switch (o->min) {
		case SAY_HELP:
			help(p, v);
		case SAY_VERSION:
			printf("%s %s\n", p->name, MFX_VERSION);
			end_of_answer();
		case SAY_OPTIONS:
			list(p, v);
		default:
			diag_verbosity(o->min == LOUDER ? 1 : -1);
			return;
		}
	}
	if (!take(o, value))
		refuse(p, o, value);
	if (o->to == &log_format)
		diag_json(strcmp(log_format, "json") == 0);
}

static void
try_names(struct nearest *near, const struct opt *o)
{
	for (; o != NULL && o->name != NULL; o++)
		if (o->help != NULL)
			nearest_try(near, o->name);
}

static _Noreturn void
unknown_option(const struct program *p, const struct opt *table,
    struct str name)
{
	char hint[NEAREST_HINT];
	struct nearest near;

	nearest_start(&near, name);
	try_names(&near, table);
	try_names(&near, common);
	program_misuse(p, "unknown option '--%.*s'%s", STR_ARG(name),
	    nearest_hint(&near, "--", hint));
}

/* --name, --name=value or --name value; returns arguments used */
static int
parse_long(const struct program *p, const struct verb *v,
    const struct opt *table, char **argv)
{
	const char *name = argv[0] + 2;
	size_t n = strcspn(name, "=");
	const struct opt *o = find(table, name, n, 0);

	if (o == NULL)
		o = find(common, name, n, 0);
	if (o == NULL)
		unknown_option(p, table, (struct str){ name, n });
	if (o->arg == NULL) {
		if (name[n] == '=')
			program_misuse(p, "--%s takes no value", o->name);
		apply(p, v, o, NULL);
		return 1;
	}
	if (name[n] == '=') {
		apply(p, v, o, name + n + 1);
		return 1;
	}
	if (argv[1] == NULL)
		program_misuse(p, "--%s needs %s", o->name, o->arg);
	apply(p, v, o, argv[1]);
	return 2;
}

/* -abc, -n5 or -n 5; returns arguments used */
static int
parse_letters(const struct program *p, const struct verb *v,
    const struct opt *table, char **argv)
{
	const char *z = argv[0] + 1;

	for (; *z != '\0'; z++) {
		const struct opt *o = find(table, NULL, 0, *z);

		if (o == NULL)
			o = find(common, NULL, 0, *z);
		if (o == NULL)
			program_misuse(p, "unknown option '-%c'", *z);
		if (o->arg == NULL) {
			apply(p, v, o, NULL);
		} else if (z[1] != '\0') {
			apply(p, v, o, z + 1);
			return 1;
		} else if (argv[1] == NULL) {
			program_misuse(p, "-%c needs %s", *z, o->arg);
		} else {
			apply(p, v, o, argv[1]);
			return 2;
		}
	}
	return 1;
}

/* Moves argv[i..i+n) in front of the operands that begin at `first`. */
static void
to_front(char **argv, int first, int i, int n)
{
	int k;

	for (k = 0; k < n; k++) {
		char *arg = argv[i + k];

		memmove(argv + first + k + 1, argv + first + k,
		    (size_t)(i - first) * sizeof *argv);
		argv[first + k] = arg;
	}
}

int
opt_parse(const struct program *p, const struct verb *v, int argc,
    char **argv)
{
	const struct opt *table = v ? v->options : p->options;
	bool mixed = v != NULL || (p->verbs == NULL && !p->options_first);
	int i = 1, first = 1, n;

	while (i < argc) {
		if (argv[i][0] != '-' || argv[i][1] == '\0' ||
		    (argv[i][1] >= '0' && argv[i][1] <= '9')) {
			if (!mixed)
				break;
			i++;
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			to_front(argv, first, i, 1);
			return first + 1;
		}
		n = argv[i][1] == '-' ? parse_long(p, v, table, argv + i) :
		    parse_letters(p, v, table, argv + i);
		to_front(argv, first, i, n);
		first += n;
		i += n;
	}
	return first;
}
