/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/clause.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"
#include "json/number.h"

/* ---- the parser ---- */

void
parser_next(struct parser *p)
{
	p->place = p->token;
	p->token = lex_next(&p->lex);
}

const char *
parser_refuse(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, sizeof p->why, fmt, ap);
	va_end(ap);
	escape_clean(p->why);
	return p->why;
}

const char *
parser_refuse_word(struct parser *p, const char *wanted)
{
	const struct token *t = &p->token;

	p->place = *t;
	switch (t->type) {
	case TOKEN_BAD:
		return parser_refuse(p, "%.*s", STR_ARG(t->text));
	case TOKEN_WORD:
		return parser_refuse(p, "'%.40s' is not %s", t->text.p,
		    wanted);
	case TOKEN_LINE:
	case TOKEN_END:
		return parser_refuse(p, "%s, not the end of the %s", wanted,
		    p->lex.depth > 0 ? "file: a brace is not closed" :
		    t->type == TOKEN_LINE ? "line" : "file");
	default:
		return parser_refuse(p, "%s, not '%c'", wanted,
		    t->type == TOKEN_OPEN ? '{' :
		    t->type == TOKEN_CLOSE ? '}' : ',');
	}
}

bool
parser_take(struct parser *p, const char *word)
{
	if (p->token.type != TOKEN_WORD || p->token.quoted ||
	    strcmp(p->token.text.p, word) != 0)
		return false;
	parser_next(p);
	return true;
}

/* a word that may be empty, and may stand in an event, which is a line */
static const char *
parser_text(struct parser *p, const char *what, struct str *to)
{
	struct str text = p->token.text;

	if (p->token.type != TOKEN_WORD)
		return parser_refuse_word(p, what);
	parser_next(p);
	if (text.n > RULES_WORD_MAX)
		return parser_refuse(p, "%s: longer than %d bytes", what,
		    RULES_WORD_MAX);
	if (!utf8_valid(text))
		return parser_refuse(p, "%s: not UTF-8", what);
	*to = text;
	return NULL;
}

const char *
parser_word(struct parser *p, const char *what, struct str *to)
{
	const char *why = parser_text(p, what, to);

	if (why == NULL && to->n == 0)
		return parser_refuse(p, "%s, not an empty text", what);
	return why;
}

const char *
parser_end(struct parser *p)
{
	if (p->token.type == TOKEN_LINE || p->token.type == TOKEN_END)
		return NULL;
	return parser_refuse_word(p, "the end of the line");
}

int
parser_find_target(const struct parser *p, struct str name)
{
	size_t i;

	for (i = 0; i < p->rules->n_targets; i++)
		if (str_eq(p->rules->targets[i].name, name))
			return (int)i;
	return -1;
}

/* ---- values of clauses ---- */

static const char *
clause_duration(struct parser *p, int64_t *ns)
{
	struct str text = STR_NONE;
	const char *why = parser_word(p, "a duration such as 90s or 10m",
	    &text);

	if (why == NULL && (!duration_has_unit(text) ||
	    !duration_parse(text, ns) || *ns <= 0))
		return parser_refuse(p, "'%s' is not a duration such as 90s, "
		    "10m or 1h30m", text.p);
	return why;
}

static const char *
clause_number(struct parser *p, uint64_t max, uint64_t *n)
{
	struct str text = STR_NONE;
	const char *why = parser_word(p, "a number", &text);

	if (why == NULL && (!number_digits(text, max, n) || *n == 0))
		return parser_refuse(p, "'%s' is not a number from 1 to %llu",
		    text.p, (unsigned long long)max);
	return why;
}

/* the length of the operator in "< 3" or "<3"; 0: there is none */
static size_t
clause_operator(struct str text)
{
	static const char *const all[] = { "<", "<=", "=", "!=", ">=", ">" };
	size_t n = strspn(text.p, "=!<>"), i;

	for (i = 0; i < sizeof all / sizeof *all; i++)
		if (strlen(all[i]) == n && memcmp(all[i], text.p, n) == 0)
			return n;
	return 0;
}

#define A_COMPARISON "an operator, < <= = != >= or >, and a value"

/* makes a number of what stands there: "64MiB" */
typedef bool clause_convert_fn(const char *text, double *);

/* op, operand and the text in its form for comparison_parse */
static const char *
clause_comparison_of(struct parser *p, struct comparison *to,
    clause_convert_fn *convert, const char *unit)
{
	struct str op = STR_NONE, operand = STR_NONE, text;
	bool quoted = false;
	const char *why = parser_word(p, A_COMPARISON, &op);
	double number;
	struct buf b;

	if (why != NULL)
		return why;
	if (p->place.quoted || clause_operator(op) == 0)
		return parser_refuse(p, "'%.40s' is not " A_COMPARISON, op.p);
	if (clause_operator(op) == op.n) {
		quoted = p->token.quoted;
		why = parser_text(p, A_COMPARISON, &operand);
		if (why != NULL)
			return why;
	} else {
		operand = str_from(op, clause_operator(op));
		op.n -= operand.n;
	}
	if (convert != NULL && !convert(operand.p, &number))
		return parser_refuse(p, "'%.40s' is not %s", operand.p, unit);
	buf_init(&b, op.n + operand.n + NUMBER_TEXT + 3);
	buf_put_str(&b, op);
	buf_puts(&b, quoted && !convert ? "\"" : "");
	if (convert != NULL)
		number_put(&b, number);
	else
		buf_put_str(&b, operand);
	buf_puts(&b, quoted && !convert ? "\"" : "");
	text = arena_str(&p->rules->arena, buf_str(&b));
	buf_release(&b);
	if (text.p == NULL)
		return parser_refuse(p, "too much text");
	why = comparison_parse(to, text);
	return why == NULL ? NULL : parser_refuse(p, "%s", why);
}

static const char *
clause_comparison(struct parser *p, struct comparison *to)
{
	return clause_comparison_of(p, to, NULL, NULL);
}

static const char *
clause_for(struct parser *p, int64_t *ns)
{
	return parser_take(p, "for") ? clause_duration(p, ns) : NULL;
}

/* ---- clauses ---- */

static const char *
clause_label(struct parser *p, struct rule *r, enum match_label label)
{
	const char *why;

	/* the text of a message without a subtopic is empty */
	if (p->token.type != TOKEN_WORD)
		return parser_refuse_word(p, "a pattern such as '*:temp'");
	parser_next(p);
	why = match_add_label(&r->match, label, p->place.text);
	return why == NULL ? NULL : parser_refuse(p, "%s", why);
}

static const char *
clause_channel(struct parser *p, struct rule *r)
{
	return clause_label(p, r, MATCH_CHANNEL);
}

static const char *
clause_publisher(struct parser *p, struct rule *r)
{
	return clause_label(p, r, MATCH_PUBLISHER);
}

static const char *
clause_protocol(struct parser *p, struct rule *r)
{
	return clause_label(p, r, MATCH_PROTOCOL);
}

static const char *
clause_subtopic(struct parser *p, struct rule *r)
{
	return clause_label(p, r, MATCH_SUBTOPIC);
}

static const char *
clause_name(struct parser *p, struct rule *r)
{
	return clause_label(p, r, MATCH_NAME);
}

static const char *
clause_unit(struct parser *p, struct rule *r)
{
	const char *why;

	if (p->token.type != TOKEN_WORD)
		return parser_refuse_word(p, "a unit such as Cel");
	parser_next(p);
	why = match_add_unit(&r->match, p->place.text);
	return why == NULL ? NULL : parser_refuse(p, "%s", why);
}

static const char *
clause_value(struct parser *p, struct rule *r)
{
	const char *why = clause_comparison(p, &r->raise);

	return why != NULL ? why : clause_for(p, &r->hold);
}

static const char *
clause_rate(struct parser *p, struct rule *r)
{
	const char *why = clause_comparison(p, &r->raise);

	r->kind = RULE_RATE;
	if (why != NULL)
		return why;
	if (r->raise.kind != VALUE_NUMBER)
		return parser_refuse(p, "a rate is a number");
	if (!parser_take(p, "per"))
		return parser_refuse_word(p, "'per' and a duration, such as "
		    "'per 1m'");
	if ((why = clause_duration(p, &r->per)) != NULL)
		return why;
	return clause_for(p, &r->hold);
}

static const char *
clause_silent(struct parser *p, struct rule *r)
{
	r->kind = RULE_SILENT;
	return clause_duration(p, &r->silent);
}

static const char *
clause_clear(struct parser *p, struct rule *r)
{
	const char *why;

	if (parser_take(p, "for"))
		return clause_duration(p, &r->clear_hold);
	r->has_clear = true;
	why = clause_comparison(p, &r->clear);
	return why != NULL ? why : clause_for(p, &r->clear_hold);
}

/* takes a comma, if there is one */
static bool
clause_goes_on(struct parser *p)
{
	if (p->token.type != TOKEN_COMMA)
		return false;
	parser_next(p);
	return true;
}

static const char *
clause_by(struct parser *p, struct rule *r)
{
	static const struct {
		const char *word;
		enum match_label label;
	} labels[] = {
		{ "channel", MATCH_CHANNEL }, { "publisher", MATCH_PUBLISHER },
		{ "subtopic", MATCH_SUBTOPIC }, { "name", MATCH_NAME },
	};
	const size_t n = sizeof labels / sizeof *labels;
	size_t i;

	r->by = 0;
	if (parser_take(p, "rule"))
		return NULL;
	do {
		for (i = 0; i < n && !parser_take(p, labels[i].word); i++)
			;
		if (i == n)
			return parser_refuse_word(p, "channel, publisher, "
			    "subtopic or name, or only 'rule'");
		r->by |= 1u << labels[i].label;
	} while (clause_goes_on(p));
	return NULL;
}

static const char *
clause_severity(struct parser *p, struct rule *r)
{
	struct str text = STR_NONE;
	const char *why = parser_word(p, "info, warning or critical", &text);
	int which;

	if (why != NULL)
		return why;
	which = opt_choice("info|warning|critical", text.p);
	if (which < 0)
		return parser_refuse(p, "'%.40s' is not info, warning or "
		    "critical", text.p);
	r->severity = (enum rule_severity)which;
	return NULL;
}

static const char *
clause_notify(struct parser *p, struct rule *r)
{
	const char *why;

	do {
		struct named n = { .rule = r, .place = p->token };

		why = parser_word(p, "the name of a target", &n.name);
		if (why != NULL)
			return why;
		if (p->n_names == (size_t)RULES_MAX * RULES_TARGETS_MAX)
			return parser_refuse(p, "too many names");
		if ((p->n_names & (p->n_names + 1)) == 0)
			p->names = memory_resize(p->names,
			    (2 * p->n_names + 1) * sizeof *p->names);
		p->names[p->n_names++] = n;
	} while (clause_goes_on(p));
	return NULL;
}

static const char *
clause_series(struct parser *p, struct rule *r)
{
	uint64_t n;
	const char *why = clause_number(p, RULES_SERIES_MAX, &n);

	if (why == NULL)
		r->series = (size_t)n;
	return why;
}

static const char *
clause_flapping(struct parser *p, struct rule *r)
{
	uint64_t n;
	const char *why = clause_number(p, RULES_FLAPS_MAX, &n);

	if (why != NULL)
		return why;
	r->flaps = (int)n;
	if (!parser_take(p, "in"))
		return parser_refuse_word(p, "'in' and a duration, such as "
		    "'in 10m'");
	return clause_duration(p, &r->flap_within);
}

static const char *
clause_text(struct parser *p, struct rule *r)
{
	return parser_word(p, "a text in quotes", &r->says);
}

/* ---- of the site itself ---- */

static bool
clause_is_size(const char *text, double *to)
{
	int64_t n;

	if (!opt_parse_size(text, &n))
		return false;
	*to = (double)n;
	return true;
}

static bool
clause_is_percent(const char *text, double *to)
{
	size_t n = strlen(text);
	uint64_t whole;

	if (n < 2 || text[n - 1] != '%' ||
	    !number_digits((struct str){ text, n - 1 }, 100, &whole))
		return false;
	*to = (double)whole;
	return true;
}

static bool
clause_is_duration(const char *text, double *to)
{
	int64_t ns;

	if (!duration_has_unit(str_z(text)) ||
	    !duration_parse(str_z(text), &ns))
		return false;
	*to = (double)ns / 1e9;
	return true;
}

/* takes a word that is not an operator; the default is what it was */
static void
clause_optional(struct parser *p, struct str *to)
{
	if (p->token.type != TOKEN_WORD || (!p->token.quoted &&
	    strspn(p->token.text.p, "=!<>") > 0))
		return;
	*to = p->token.text;
	parser_next(p);
}

/* the records of probe.h whose names begin so */
static const char *
clause_probe(struct parser *p, struct rule *r, enum probe_kind kind,
    const char *prefix, struct str glob)
{
	struct str name;
	struct buf b;
	const char *why;

	r->probe = kind;
	buf_init(&b, 2 * GLOB_MAX);
	buf_puts(&b, prefix);
	buf_put_str(&b, glob);
	name = arena_str(&p->rules->arena, buf_str(&b));
	why = b.full || name.p == NULL ? "too long" :
	    match_add_label(&r->match, MATCH_NAME, name);
	buf_release(&b);
	if (why == NULL)
		why = match_add_label(&r->match, MATCH_PROTOCOL, STR("mfx"));
	return why == NULL ? NULL : parser_refuse(p, "%s", why);
}

static const char *
clause_lag(struct parser *p, struct rule *r)
{
	struct str glob = STR("*");
	const char *why;

	clause_optional(p, &glob);
	why = clause_probe(p, r, PROBE_LAG, "lag:", glob);
	if (why != NULL || (why = clause_comparison_of(p, &r->raise,
	    clause_is_size, "a size such as 64MiB, or a number of messages"))
	    != NULL)
		return why;
	return clause_for(p, &r->hold);
}

static const char *
clause_disk(struct parser *p, struct rule *r)
{
	char *home = home_path("");
	const char *why;

	r->probe_path = arena_str(&p->rules->arena, str_z(home));
	free(home);
	clause_optional(p, &r->probe_path);
	if (r->probe_path.p == NULL || *r->probe_path.p != '/')
		return parser_refuse(p, "'%.40s' is not a path, from / on",
		    r->probe_path.p ? r->probe_path.p : "");
	why = clause_probe(p, r, PROBE_DISK, "disk:", r->probe_path);
	if (why != NULL || (why = clause_comparison_of(p, &r->raise,
	    clause_is_percent, "percent, such as 90%")) != NULL)
		return why;
	return clause_for(p, &r->hold);
}

static const char *
clause_certificate(struct parser *p, struct rule *r)
{
	struct str glob = STR("*");
	const char *why;

	clause_optional(p, &glob);
	why = clause_probe(p, r, PROBE_CERTIFICATE, "certificate:", STR("*"));
	if (why == NULL && (why = match_add_label(&r->match, MATCH_PUBLISHER,
	    glob)) != NULL)
		return parser_refuse(p, "%s", why);
	if (why != NULL)
		return why;
	return clause_comparison_of(p, &r->raise, clause_is_duration,
	    "a duration such as 30d");
}

/* a number, a size or a duration: what is counted may be any of them */
static bool
clause_is_amount(const char *text, double *to)
{
	if (number_valid(str_z(text))) {
		*to = number_value(str_z(text));
		return true;
	}
	return clause_is_duration(text, to) || clause_is_size(text, to);
}

/* `per` makes a rate of it */
static const char *
clause_counter_change(struct parser *p, struct rule *r)
{
	const char *why = clause_comparison_of(p, &r->raise, clause_is_amount,
	    "a number, a size such as 64MiB or a duration such as 10s");

	if (why != NULL || !parser_take(p, "per"))
		return why;
	r->kind = RULE_RATE;
	return clause_duration(p, &r->per);
}

static const char *
clause_counter(struct parser *p, struct rule *r)
{
	const char *why = parser_word(p, "a program such as mfx-normalize or "
	    "'mfx-*'", &r->program);
	struct str glob;
	struct buf b;

	if (why == NULL)
		why = parser_word(p, "the name of a value in mfx-run(5)",
		    &r->counter);
	if (why != NULL)
		return why;
	if (r->counter.p[strspn(r->counter.p, "abcdefghijklmnopqrstuvwxyz_"
	    "0123456789")] != '\0')
		return parser_refuse(p, "'%.40s' is not the name of a value "
		    "in mfx-run(5), such as rejected_total", r->counter.p);
	buf_init(&b, 2 * GLOB_MAX);
	buf_printf(&b, "%s/%s", r->program.p, r->counter.p);
	glob = arena_str(&p->rules->arena, buf_str(&b));
	buf_release(&b);
	why = glob.p == NULL || glob.n == 0 ? parser_refuse(p, "too long") :
	    clause_probe(p, r, PROBE_COUNTER, "counter:", glob);
	if (why == NULL)
		why = clause_counter_change(p, r);
	return why != NULL ? why : clause_for(p, &r->hold);
}

#define CONDITIONS 0x7fu
#define A_CONDITION "value, rate, silent, lag, disk, certificate or counter"

static const struct clause {
	const char *word;
	const char *(*read)(struct parser *, struct rule *);
	bool many;		/* it may be given several times */
} clauses[] = {
	/* the conditions first: CONDITIONS */
	{ "value", clause_value, false },
	{ "rate", clause_rate, false },
	{ "silent", clause_silent, false },
	{ "lag", clause_lag, false },
	{ "disk", clause_disk, false },
	{ "certificate", clause_certificate, false },
	{ "counter", clause_counter, false },
	{ "channel", clause_channel, true },
	{ "publisher", clause_publisher, true },
	{ "protocol", clause_protocol, true },
	{ "subtopic", clause_subtopic, true },
	{ "name", clause_name, true },
	{ "unit", clause_unit, true },
	{ "clear", clause_clear, false },
	{ "by", clause_by, false },
	{ "severity", clause_severity, false },
	{ "notify", clause_notify, true },
	{ "series", clause_series, false },
	{ "flapping", clause_flapping, false },
	{ "text", clause_text, false },
};
#define CLAUSES (sizeof clauses / sizeof *clauses)

/* what was written from here to the token in hand, without what separates */
static struct str
clause_source(const struct parser *p, size_t begin)
{
	struct str s = { p->lex.text.p + begin, p->token.at - begin };

	while (s.n > 0 && strchr(" \t\r\n\\", s.p[s.n - 1]) != NULL)
		s.n--;
	return s;
}

static const char *
clauses_read_one(struct parser *p, struct rule *r, unsigned *seen)
{
	size_t begin = p->token.at, i;
	const char *why;

	for (i = 0; i < CLAUSES && !parser_take(p, clauses[i].word); i++)
		;
	if (i == CLAUSES)
		return parser_refuse_word(p, "a clause of an alarm");
	if (!clauses[i].many && (*seen & 1u << i))
		return parser_refuse(p, "'%s' is given twice",
		    clauses[i].word);
	if ((1u << i & CONDITIONS) && (*seen & CONDITIONS))
		return parser_refuse(p, "an alarm has one condition: "
		    A_CONDITION);
	*seen |= 1u << i;
	why = clauses[i].read(p, r);
	if (why == NULL && (1u << i & CONDITIONS))
		r->condition = clause_source(p, begin);
	return why;
}

/* Do they go together?  p->place is the name of the alarm. */
static const char *
clauses_check(struct parser *p, struct rule *r, unsigned seen)
{
	if (!(seen & CONDITIONS))
		return parser_refuse(p, "the alarm '%.64s' has no condition: "
		    A_CONDITION, r->name.p);
	if (r->kind == RULE_SILENT && r->has_clear)
		return parser_refuse(p, "what was silent is clear when a "
		    "message comes: only 'clear for' can be given");
	if (r->has_clear && r->clear.kind != r->raise.kind)
		return parser_refuse(p, "'clear' compares with another kind "
		    "of value than the condition");
	return NULL;
}

const char *
clauses_read(struct parser *p, struct rule *r)
{
	struct token name = p->place;
	unsigned seen = 0;
	const char *why;
	bool block;

	r->by = RULE_BY_ALL;
	block = p->token.type == TOKEN_OPEN;
	if (block)
		parser_next(p);
	while (block ? p->token.type != TOKEN_CLOSE :
	    p->token.type != TOKEN_LINE && p->token.type != TOKEN_END)
		if ((why = clauses_read_one(p, r, &seen)) != NULL)
			return why;
	if (block) {
		parser_next(p);
		if ((why = parser_end(p)) != NULL)
			return why;
	}
	p->place = name;
	return clauses_check(p, r, seen);
}
