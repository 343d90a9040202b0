/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_MATCH_H
#define MFX_LINE_MATCH_H

#include "base/glob.h"
#include "base/opt.h"
#include "line/route.h"
#include "senml/pack.h"

/*
 * Which records are wanted: one set of options for all programs that
 * filter or read.
 *
 *	static struct select select = SELECT_ALL;
 *	static const struct opt options[] = {
 *		SELECT_OPTIONS(select),
 *		OPT_END
 *	};
 *	...
 *	if ((why = select_prepare(&select, &what)) != NULL)
 *		program_misuse(&program, "%s: %s", what, why);
 *	if (select_route(&select, &route) && select_record(&select, record))
 *
 * Of one option given several times any may hold, and each option that is
 * given has to hold.  Globs are those of base/glob.h; a label that a
 * message lacks is empty text.
 *
 * A comparison (--value) is an operator, = != < <= > >= (none is =), and
 * what the value is compared with: a number, true, false, or else text,
 * which "double quotes" make of anything, or vd: and bytes in base64url.  It
 * holds for values of its own kind only: '!=20' is not true of a string.
 * Numbers are compared as doubles; all others with = and != only.  Several
 * with = are alternatives; all others have to hold, so that '>=20' and
 * '<30' is a range.
 *
 * Times are those of the record: from <= time < to.
 */
enum select_operator {
	SELECT_EQ, SELECT_NE, SELECT_LT, SELECT_LE, SELECT_GT, SELECT_GE,
};

#define SELECT_DATA "vd:"	/* in front of base64url */
#define SELECT_DATA_MAX (12 * 1024)
struct comparison {
	enum select_operator op;
	enum value_kind kind;	/* not NONE */
	double number;
	bool truth;
	struct str text;	/* borrowed from the option */
};

/* the labels that globs are for, each with its list of options */
enum select_label {
	SELECT_CHANNEL, SELECT_PUBLISHER, SELECT_PROTOCOL, SELECT_SUBTOPIC,
	SELECT_NAME, SELECT_LABELS
};

struct select {
	struct opt_list channels, publishers, protocols, subtopics;
	struct opt_list names, units;
	struct opt_list values;
	int64_t from, to;	/* INT64_MIN, INT64_MAX: not given */
	/* made by select_prepare: the same as `values`, and the globs */
	struct comparison compare[OPT_LIST_MAX];
	struct glob *globs[SELECT_LABELS][OPT_LIST_MAX];
};

#define SELECT_ALL { .from = INT64_MIN, .to = INT64_MAX }

#define SELECT_OPTIONS(s)						\
	{ 0, "channel", "GLOB", "of these channels",			\
	    OPT_LIST, &(s).channels, 0, 0 },				\
	{ 0, "publisher", "GLOB", "from these things",			\
	    OPT_LIST, &(s).publishers, 0, 0 },				\
	{ 0, "protocol", "GLOB", "that came by these protocols",	\
	    OPT_LIST, &(s).protocols, 0, 0 },				\
	{ 0, "subtopic", "GLOB", "with these subtopics",		\
	    OPT_LIST, &(s).subtopics, 0, 0 },				\
	{ 0, "name", "GLOB", "with these names",			\
	    OPT_LIST, &(s).names, 0, 0 },				\
	{ 0, "unit", "UNIT", "in these units",				\
	    OPT_LIST, &(s).units, 0, 0 },				\
	{ 0, "value", "COMPARISON", "as '>20', '<=3.5', '=on', '!=true'", \
	    OPT_LIST, &(s).values, 0, 0 },				\
	{ 0, "from", "TIME", "at or after this time",			\
	    OPT_TIME, &(s).from, 0, 0 },				\
	{ 0, "to", "TIME", "before this time",				\
	    OPT_TIME, &(s).to, 0, 0 }

/*
 * Reads the comparisons and compiles the globs, once, before the rest is
 * used.  NULL, or why one is refused, and which in *what.
 */
const char *select_prepare(struct select *, const char **what);
/* frees what select_prepare has made, also after a refusal */
void select_release(struct select *);

/* the bytes that a comparison with data has; `to` has SELECT_DATA_MAX */
struct str comparison_data(const struct comparison *, char *to);

/* do the labels fit? */
bool select_route(const struct select *, const struct route *);

/* does the record?  Without any option on records that is always so. */
bool select_record(const struct select *, const struct record *);

/* is there any option on records (names, units, values, times)? */
bool select_asks_records(const struct select *);

#endif
