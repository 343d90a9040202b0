/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_MATCH_H
#define MFX_LINE_MATCH_H

#include "base/fault.h"
#include "base/glob.h"
#include "base/opt.h"
#include "line/route.h"
#include "senml/pack.h"

/*
 * Which records are wanted: globs, units, comparisons and times.
 *
 *	struct match match = MATCH_ALL;
 *	why = match_add_label(&match, MATCH_CHANNEL, glob);
 *	why = match_add_value(&match, &comparison);
 *	if (match_route(&match, &route) && match_record(&match, record))
 *	...
 *	match_release(&match);
 *
 * Values of one kind are ORed, kinds are ANDed.  Globs are those of
 * base/glob.h; a label that a message lacks is empty text.  Times are those
 * of the record: from <= time < to.
 */
#define MATCH_MAX OPT_LIST_MAX		/* values of one kind */

/* A comparison holds for values of its own kind only: != 20 is not true of a
 * string.  Numbers are compared as doubles; all others with EQ and NE only. */
enum comparison_operator {
	COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_GT,
	COMPARE_GE,
};

#define COMPARE_DATA_MAX (12 * 1024)	/* bytes of VALUE_DATA */
struct comparison {
	enum comparison_operator op;
	enum value_kind kind;	/* not NONE */
	double number;
	bool truth;
	struct str text;	/* STRING; DATA: base64url.  Borrowed. */
};

/*
 * Parses an operator, = != < <= > >= (default: =), and an operand: a number,
 * true, false, vd: and bytes in base64url, or else text; "double quotes" make
 * any operand text.  A NUL must follow the str.  NULL, or why it is refused.
 */
const char *comparison_parse(struct comparison *, struct str);

/* for a record, which needs a value of its kind, or for a number */
bool comparison_holds(const struct comparison *, const struct record *);
bool comparison_number_holds(enum comparison_operator, double value,
    double than);

/* the decoded bytes of a comparison with data; `to` has room for
 * COMPARE_DATA_MAX */
struct str comparison_data(const struct comparison *, char *to);

/* the labels that globs are for */
enum match_label {
	MATCH_CHANNEL, MATCH_PUBLISHER, MATCH_PROTOCOL, MATCH_SUBTOPIC,
	MATCH_NAME, MATCH_LABELS
};

struct match_globs {
	struct match_glob {
		struct str text;	/* borrowed */
		struct glob *glob;
	} v[MATCH_MAX];
	int n;
};

struct match {
	struct match_globs labels[MATCH_LABELS];
	struct str units[MATCH_MAX];
	int n_units;
	/* those with EQ are ORed, all others are ANDed, so that >= 20 and
	 * < 30 are a range */
	struct comparison values[MATCH_MAX];
	int n_values;
	int64_t from, to;	/* INT64_MIN, INT64_MAX: not given */
};

#define MATCH_ALL { .from = INT64_MIN, .to = INT64_MAX }

/* Texts are borrowed until match_release.  NULL, or why it is refused. */
const char *match_add_label(struct match *, enum match_label, struct str glob);
const char *match_add_unit(struct match *, struct str);
const char *match_add_value(struct match *, const struct comparison *);
/* frees the globs */
void match_release(struct match *);

/* do the labels fit? */
bool match_route(const struct match *, const struct route *);

/* does the record fit?  Always true without units, names, values and times. */
bool match_record(const struct match *, const struct record *);

/* are there any conditions on records (names, units, values, times)? */
bool match_asks_records(const struct match *);

/*
 * The same as options, for every program that filters or reads.
 *
 *	static struct match match = MATCH_ALL;
 *	static struct match_texts texts;
 *	static const struct opt options[] = {
 *		MATCH_OPTIONS(texts, match),
 *		OPT_END
 *	};
 *	...
 *	if (match_read(&match, &texts, &fault) < 0)
 *		program_misuse("%s", fault.text);
 */
struct match_texts {
	struct opt_list labels[MATCH_LABELS], units, values;
};

#define MATCH_OPTIONS(texts, match)					\
	{ 0, "channel", "GLOB", "match the channel",			\
	    OPT_LIST(&(texts).labels[MATCH_CHANNEL]) },			\
	{ 0, "publisher", "GLOB", "match the publisher, the id of a thing", \
	    OPT_LIST(&(texts).labels[MATCH_PUBLISHER]) },		\
	{ 0, "protocol", "GLOB", "match the protocol",	\
	    OPT_LIST(&(texts).labels[MATCH_PROTOCOL]) },		\
	{ 0, "subtopic", "GLOB", "match the subtopic",		\
	    OPT_LIST(&(texts).labels[MATCH_SUBTOPIC]) },		\
	{ 0, "name", "GLOB", "match the name",			\
	    OPT_LIST(&(texts).labels[MATCH_NAME]) },			\
	{ 0, "unit", "UNIT", "match the unit", OPT_LIST(&(texts).units) }, \
	{ 0, "value", "COMPARISON", "match the value: '>20', '<=3.5', '=on', " \
	    "'!=true'", \
	    OPT_LIST(&(texts).values) },				\
	{ 0, "from", "TIME", "match times from this one on",		\
	    OPT_TIME(&(match).from) },					\
	{ 0, "to", "TIME", "match times before this one",		\
	    OPT_TIME(&(match).to) }

/* Fills the match; -1 and EX_USAGE when a text is refused. */
int match_read(struct match *, const struct match_texts *, struct fault *);

#endif
