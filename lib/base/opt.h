/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OPT_H
#define MFX_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Options, from one const table that also makes --help and what shell
 * completions ask for (--options).
 *
 *	static struct { bool follow; const char *from; int64_t n; } opt;
 *	static const struct opt options[] = {
 *		{ 'f', "follow", NULL, "wait for further events",
 *		    OPT_FLAG, &opt.follow },
 *		{ 0, "from", "WHERE", "start there", OPT_STRING, &opt.from },
 *		{ 'n', "count", "N", "stop after N events",
 *		    OPT_INT, &opt.n, 1, 9 },
 *		OPT_END
 *	};
 *
 * Options may stand before, between and after operands; "--" ends them.
 * Every option has a long form: --count 5, --count=5, -n 5, -n5, -vf.
 * "-1h" and whatever else begins with a minus and a digit is an operand.
 * What is wrong with one is told in one line, with the option, the value and
 * what would be right.
 *
 * Letters mean the same suite-wide: -h -V -v -q -n (at most N) -o -t (type)
 * -u (unbuffered) -H (human table) -f (file).
 */
enum opt_type {
	OPT_FLAG,	/* bool *: set */
	OPT_STRING,	/* const char **: borrowed from argv */
	OPT_LIST,	/* struct opt_list *: may be given several times */
	OPT_INT,	/* int64_t *: min..max when max is not 0 */
	OPT_SIZE,	/* int64_t *: bytes; 64M, 64MB and 64MiB are the same,
			 * in steps of 1024 */
	OPT_DURATION,	/* int64_t *: nanoseconds, "90s", "1h30m"; a number
			 * without a unit is refused, except 0 */
	OPT_TIMEOUT,	/* the same; a number without a unit is seconds, as
			 * for timeout(1) */
	OPT_TIME,	/* int64_t *: stamp's ns, see stamp_parse */
	OPT_CHOICE,	/* const char **: one of `arg`, "a|b|c" */
	OPT_ENUM,	/* an enum or int: the place of the value in `arg`,
			 * "a|b|c", counted from `min` */
	OPT_ACTION,	/* calls `act` of the parser with `min` */
};

struct opt {
	char letter;		/* 0 for none */
	const char *name;
	const char *arg;	/* what --help calls the value; NULL: none */
	const char *help;	/* one line, lower case */
	enum opt_type type;
	void *to;
	int64_t min, max;
};

#define OPT_END { 0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0 }
#define OPT_LIST_MAX 64

struct opt_list {
	const char *v[OPT_LIST_MAX];
	int n;
};

/* what program.c does with a table; an option of `own` comes first */
struct opt_parser {
	const struct opt *own, *common;		/* or NULL */
	bool mixed;			/* options also after operands */
	void (*act)(void *arg, int action);
	void *arg;
	char why[256];			/* what is wrong, after -1 */
};

/* Parses argv[1..), moves the operands after the options and returns the
 * index of the first one; or -1 with `why`. */
int opt_parse(struct opt_parser *, char **argv);

/* which word of "a|b|c" that is, from 0 on; or -1 */
int opt_choice(const char *words, const char *value);

/* the option of this letter, or with 0 of the name of n bytes; or NULL */
const struct opt *opt_find(const struct opt *table, const char *name,
    size_t n, char letter);

#endif
