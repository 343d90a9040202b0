/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OPT_H
#define MFX_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Options, from one const table; --help, and --options for shell completions,
 * are made from it, too.
 *
 *	static struct { bool follow; const char *from; int64_t n; } opt;
 *	static const struct opt options[] = {
 *		{ 0, "follow", NULL, "wait for further events",
 *		    OPT_FLAG(&opt.follow) },
 *		{ 0, "from", "WHERE", "start there", OPT_STRING(&opt.from) },
 *		{ 'n', "count", "N", "stop after N events",
 *		    OPT_INT(&opt.n, 1, 9) },
 *		OPT_END
 *	};
 *
 * Options may stand before, between and after operands; "--" ends them.
 * Every option has a long form: --count 5, --count=5, -n 5, -n5, -vf.
 * "-1h" and whatever else begins with a minus and a digit is an operand, unless
 * the digit is the letter of an option.
 * A message about a wrong one is one line, with the option, the value and
 * what would be right.  An option without a help text is hidden: a former
 * name or letter.
 *
 * Letters mean the same suite-wide: -h help, -V version, -v verbose, -q quiet,
 * -f file, -i input stream, -o output, -l listen, -t type, -F template, -n at
 * most N, -c only count, -H table for people, -u unbuffered, -0 NUL-ended.
 */
enum opt_type {
	OPT_TYPE_FLAG, OPT_TYPE_STRING, OPT_TYPE_LIST, OPT_TYPE_INT,
	OPT_TYPE_SIZE, OPT_TYPE_DURATION, OPT_TYPE_TIMEOUT, OPT_TYPE_TIME,
	OPT_TYPE_CHOICE, OPT_TYPE_ENUM, OPT_TYPE_ACTION,
};

struct opt {
	char letter;		/* 0 for none */
	const char *name;
	const char *arg;	/* what --help calls the value; NULL: none */
	const char *help;	/* one line, lower case */
	enum opt_type type;	/* this and the rest from a macro below */
	union {
		bool *flag;
		const char **string;
		struct opt_list *list;
		int64_t *number;
		void *choice;	/* an enum or int */
	} to;
	int64_t min, max;
	char former;		/* a letter that an earlier version had, for
				 * one release; 0 for none */
};

/* sets a bool */
#define OPT_FLAG(p)	.type = OPT_TYPE_FLAG, .to.flag = (p)
/* const char *, borrowed from argv */
#define OPT_STRING(p)	.type = OPT_TYPE_STRING, .to.string = (p)
/* struct opt_list: may be given several times */
#define OPT_LIST(p)	.type = OPT_TYPE_LIST, .to.list = (p)

#define OPT_NUMBER(t, p, lo, hi) \
	.type = OPT_TYPE_##t, .to.number = (p), .min = (lo), .max = (hi)
/* int64_t from lo to hi; a hi of INT64_MAX is no limit */
#define OPT_INT(p, lo, hi)	OPT_NUMBER(INT, p, lo, hi)
/* bytes; 64M, 64MB and 64MiB are the same, in steps of 1024 */
#define OPT_SIZE(p, lo, hi)	OPT_NUMBER(SIZE, p, lo, hi)
/* nanoseconds: "90s", "1h30m"; a number without a unit is refused, except 0 */
#define OPT_DURATION(p, lo, hi)	OPT_NUMBER(DURATION, p, lo, hi)
/* the same; a number without a unit is seconds, as for timeout(1) */
#define OPT_TIMEOUT(p, lo, hi)	OPT_NUMBER(TIMEOUT, p, lo, hi)
/* stamp's ns, see stamp_parse */
#define OPT_TIME(p)	.type = OPT_TYPE_TIME, .to.number = (p)

/* const char *: one of `arg`, "a|b|c" */
#define OPT_CHOICE(p)	.type = OPT_TYPE_CHOICE, .to.string = (p)
/* an enum or int: the index of the value in `arg`, counted from 0, or from
 * `first` */
#define OPT_ENUM(p)	OPT_ENUM_FROM(p, 0)
#define OPT_ENUM_FROM(p, first) \
	.type = OPT_TYPE_ENUM, .to.choice = (p), .min = (first)
/* calls `act` of the parser with n */
#define OPT_ACTION(n)	.type = OPT_TYPE_ACTION, .min = (n)

#define OPT_END { 0 }
/* rows of many programs */
#define OPT_ROW_HUMAN(p) \
	{ 'H', "human", NULL, "print a table for people", OPT_FLAG(p) }
#define OPT_ROW_DRY_RUN(p) \
	{ 0, "dry-run", NULL, "show what would be done, and do nothing", \
	    OPT_FLAG(p) }

#define OPT_LIST_MAX 64

struct opt_list {
	const char *v[OPT_LIST_MAX];
	int n;
};

#define OPT_WHY 256

/* for program.c; an option of `own` comes first */
struct opt_parser {
	const struct opt *own, *common;		/* or NULL */
	bool mixed;			/* options also after operands */
	void (*act)(void *arg, int action);
	void *arg;
	char why[OPT_WHY];		/* what is wrong, after -1 */
};

/* Parses argv[1..), moves the operands after the options and returns the
 * index of the first one; or -1 with `why`. */
int opt_parse(struct opt_parser *, char **argv);

/* was it given?  Only for those that are false, NULL or empty at first. */
bool opt_given(const struct opt *);

/* bytes, as OPT_SIZE takes them */
bool opt_parse_size(const char *, int64_t *out);

/* which word of "a|b|c" that is, from 0 on; or -1 */
int opt_choice(const char *words, const char *value);

/* the option of this letter, or with 0 of the name of n bytes; or NULL */
const struct opt *opt_find(const struct opt *table, const char *name,
    size_t n, char letter);

#endif
