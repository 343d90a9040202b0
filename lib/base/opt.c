/* SPDX-License-Identifier: Apache-2.0 */
#include "base/opt.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/nearest.h"
#include "base/number.h"
#include "base/stamp.h"

bool
opt_parse_size(const char *z, int64_t *out)
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

int
opt_choice(const char *words, const char *value)
{
	size_t n = strlen(value), len;
	const char *end;
	int i;

	for (i = 0;; i++, words += len + 1) {
		end = strchr(words, '|');
		len = end ? (size_t)(end - words) : strlen(words);
		if (len == n && memcmp(words, value, n) == 0)
			return i;
		if (words[len] == '\0')
			return -1;
	}
}

static bool
opt_list_add(struct opt_list *l, const char *value)
{
	if (l->n == OPT_LIST_MAX)
		return false;
	l->v[l->n++] = value;
	return true;
}

static bool
opt_lacks_unit(const struct opt *o, const char *value)
{
	int64_t ns;

	return o->type == OPT_TYPE_DURATION &&
	    !duration_has_unit(str_z(value)) &&
	    duration_parse(str_z(value), &ns) && ns != 0;
}

static bool
opt_take_time(const struct opt *o, const char *value)
{
	struct stamp t;

	if (!stamp_parse(str_z(value), stamp_now(), &t))
		return false;
	*o->to.number = t.ns;
	return true;
}

static bool
opt_take_choice(const struct opt *o, const char *value)
{
	int i = opt_choice(o->arg, value);

	if (i >= 0 && o->type == OPT_TYPE_ENUM)
		*(int *)o->to.choice = (int)o->min + i;
	else if (i >= 0)
		*o->to.string = value;
	return i >= 0;
}

static bool
opt_take(const struct opt *o, const char *value)
{
	int64_t *number = o->to.number;

	switch (o->type) {
	case OPT_TYPE_FLAG:
		return *o->to.flag = true;
	case OPT_TYPE_STRING:
		*o->to.string = value;
		return true;
	case OPT_TYPE_LIST:
		return opt_list_add(o->to.list, value);
	case OPT_TYPE_INT:
		return number_parse(value, o->min, o->max, number);
	case OPT_TYPE_SIZE:
		return opt_parse_size(value, number) && *number >= o->min &&
		    *number <= o->max;
	case OPT_TYPE_DURATION:
	case OPT_TYPE_TIMEOUT:
		return !opt_lacks_unit(o, value) &&
		    duration_parse(str_z(value), number) &&
		    *number >= o->min && *number <= o->max;
	case OPT_TYPE_TIME:
		return opt_take_time(o, value);
	case OPT_TYPE_CHOICE:
	case OPT_TYPE_ENUM:
		return opt_take_choice(o, value);
	case OPT_TYPE_ACTION:
		break;
	}
	return false;
}

bool
opt_given(const struct opt *o)
{
	return o->type == OPT_TYPE_FLAG ? *o->to.flag :
	    o->type == OPT_TYPE_LIST ? o->to.list->n > 0 :
	    *o->to.string != NULL;
}

const struct opt *
opt_find(const struct opt *o, const char *name, size_t n, char letter)
{
	for (; o != NULL && o->name != NULL; o++)
		if (letter ? o->letter == letter || o->former == letter :
		    strlen(o->name) == n && memcmp(o->name, name, n) == 0)
			return o;
	return NULL;
}

/* a duration such as "12s", or a plain number */
static void
opt_print_bound(const struct opt *o, int64_t v, char to[STAMP_TEXT])
{
	if (o->type == OPT_TYPE_DURATION || o->type == OPT_TYPE_TIMEOUT)
		duration_print(to, v);
	else
		snprintf(to, STAMP_TEXT, "%lld", (long long)v);
}

static const char *
opt_wanted(const struct opt *o)
{
	switch (o->type) {
	case OPT_TYPE_INT:
		return "a number";
	case OPT_TYPE_SIZE:
		return "a size such as 500, 64K or 2GiB";
	case OPT_TYPE_DURATION:
	case OPT_TYPE_TIMEOUT:
		return "a duration such as 90s, 1h30m or 30d";
	case OPT_TYPE_TIME:
		return "a time such as -1h or 2026-01-31T00:00:00Z";
	default:
		return "one of ";
	}
}

/* says what is wrong, in parser->why */
static int opt_fail(struct opt_parser *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
opt_fail(struct opt_parser *parser, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(parser->why, sizeof parser->why, fmt, ap);
	va_end(ap);
	return -1;
}

/* Refuses a value, and says what would be right. */
static int
opt_refuse(struct opt_parser *parser, const struct opt *o, const char *value)
{
	char range[3 * STAMP_TEXT] = "", min[STAMP_TEXT], max[STAMP_TEXT];

	if (o->type == OPT_TYPE_LIST)
		return opt_fail(parser, "--%s '%s': at most %d of these",
		    o->name, value, OPT_LIST_MAX);
	if (opt_lacks_unit(o, value))
		return opt_fail(parser, "--%s '%s': give a unit: %ss, %sm, "
		    "%sh or %sd", o->name, value, value, value, value, value);
	opt_print_bound(o, o->min, min);
	opt_print_bound(o, o->max, max);
	if (o->type == OPT_TYPE_CHOICE || o->type == OPT_TYPE_ENUM)
		snprintf(range, sizeof range, "%s", o->arg);
	else if (o->max != INT64_MAX && o->type != OPT_TYPE_TIME)
		snprintf(range, sizeof range, " from %s to %s", min, max);
	else if (o->min != 0 || o->type == OPT_TYPE_INT)
		snprintf(range, sizeof range, " of %s or more", min);
	return opt_fail(parser, "--%s '%s': not %s%s", o->name, value,
	    opt_wanted(o), range);
}

static int
opt_apply(struct opt_parser *parser, const struct opt *o, const char *value)
{
	if (o->type == OPT_TYPE_ACTION) {
		parser->act(parser->arg, (int)o->min);
		return 0;
	}
	return opt_take(o, value) ? 0 : opt_refuse(parser, o, value);
}

static void
opt_try_names(struct nearest *near, const struct opt *o)
{
	for (; o != NULL && o->name != NULL; o++)
		if (o->help != NULL)
			nearest_try(near, o->name);
}

static int
opt_unknown(struct opt_parser *parser, struct str name)
{
	char hint[NEAREST_HINT];
	struct nearest near;

	nearest_start(&near, name);
	opt_try_names(&near, parser->own);
	opt_try_names(&near, parser->common);
	return opt_fail(parser, "unknown option '--%.*s'%s", STR_ARG(name),
	    nearest_hint(&near, "--", hint));
}

/* --name, --name=value or --name value; returns arguments used, or -1 */
static int
opt_parse_long(struct opt_parser *parser, char **argv)
{
	const char *name = argv[0] + 2;
	const char *end = strchr(name, '=');
	size_t n = end ? (size_t)(end - name) : strlen(name);
	const struct opt *o = opt_find(parser->own, name, n, 0);

	if (o == NULL)
		o = opt_find(parser->common, name, n, 0);
	if (o == NULL)
		return opt_unknown(parser, (struct str){ name, n });
	if (o->arg == NULL && name[n] == '=')
		return opt_fail(parser, "--%s takes no value", o->name);
	if (o->arg == NULL)
		return opt_apply(parser, o, NULL) < 0 ? -1 : 1;
	if (name[n] == '=')
		return opt_apply(parser, o, name + n + 1) < 0 ? -1 : 1;
	if (argv[1] == NULL)
		return opt_fail(parser, "--%s needs %s", o->name, o->arg);
	return opt_apply(parser, o, argv[1]) < 0 ? -1 : 2;
}

/* -abc, -n5 or -n 5; returns arguments used, or -1 */
static int
opt_parse_letters(struct opt_parser *parser, char **argv)
{
	const char *z = argv[0] + 1;

	for (; *z != '\0'; z++) {
		const struct opt *o = opt_find(parser->own, NULL, 0, *z);

		if (o == NULL)
			o = opt_find(parser->common, NULL, 0, *z);
		if (o == NULL)
			return opt_fail(parser, "unknown option '-%c'", *z);
		if (o->arg != NULL && z[1] != '\0')
			return opt_apply(parser, o, z + 1) < 0 ? -1 : 1;
		if (o->arg != NULL && argv[1] == NULL)
			return opt_fail(parser, "-%c needs %s", *z, o->arg);
		if (o->arg != NULL)
			return opt_apply(parser, o, argv[1]) < 0 ? -1 : 2;
		if (opt_apply(parser, o, NULL) < 0)
			return -1;
	}
	return 1;
}

/* Moves argv[i..i+n) before the operands that begin at `first`. */
static void
opt_to_front(char **argv, int first, int i, int n)
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
opt_parse(struct opt_parser *parser, char **argv)
{
	int i = 1, first = 1, n;

	while (argv[i] != NULL) {
		if (argv[i][0] != '-' || argv[i][1] == '\0' ||
		    (argv[i][1] >= '0' && argv[i][1] <= '9' &&
		    opt_find(parser->own, NULL, 0, argv[i][1]) == NULL)) {
			if (!parser->mixed)
				break;
			i++;
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			opt_to_front(argv, first, i, 1);
			return first + 1;
		}
		n = argv[i][1] == '-' ? opt_parse_long(parser, argv + i) :
		    opt_parse_letters(parser, argv + i);
		if (n < 0)
			return -1;
		opt_to_front(argv, first, i, n);
		first += n;
		i += n;
	}
	return first;
}
