/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/memory.h"
#include "bus/bus.h"
#include "cmd/alarm/clause.h"
#include "cmd/alarm/lex.h"

void
rules_init(struct rules *r)
{
	*r = (struct rules){ .n = 0 };
	/* the file, and its words once more */
	arena_init(&r->arena, 8 * RULES_TEXT_MAX);
}

void
rules_release(struct rules *r)
{
	while (r->n > 0) {
		match_release(&r->v[--r->n]->match);
		free(r->v[r->n]);
	}
	free(r->v);
	arena_release(&r->arena);
}

const char *
severity_name(enum rule_severity severity)
{
	static const char *const names[] = { "info", "warning", "critical" };

	return names[severity];
}

/* NULL, or why it can't be a name */
static const char *
rules_read_name(struct parser *p, struct str *name)
{
	const char *why = parser_word(p, "a name", name);

	if (why == NULL && !bus_name_valid(*name))
		return parser_refuse(p, "'%s' is not a name: letters, digits "
		    "and . _ -, at most 64", name->p);
	return why;
}

/* ---- notify NAME mail|webhook|command TO ---- */

static const char *
rules_read_secret(struct parser *p, struct target *t)
{
	if (!parser_take(p, "secret"))
		return NULL;
	if (t->kind != TARGET_WEBHOOK)
		return parser_refuse(p, "only a webhook has a secret");
	return parser_word(p, "the file with the secret", &t->secret);
}

static const char *
rules_check_target(struct parser *p, const struct target *t)
{
	if (t->kind == TARGET_MAIL && (memchr(t->to.p, '@', t->to.n) == NULL ||
	    *t->to.p == '-'))
		return parser_refuse(p, "'%s' is not an address, such as "
		    "ops@example.com", t->to.p);
	if (t->kind == TARGET_WEBHOOK && !str_starts(t->to, STR("https://")) &&
	    !str_starts(t->to, STR("http://")))
		return parser_refuse(p, "'%s' does not begin with https:// or "
		    "http://", t->to.p);
	if (t->kind == TARGET_COMMAND && *t->to.p != '/')
		return parser_refuse(p, "'%s' is not the path of a program, "
		    "from / on", t->to.p);
	return NULL;
}

static const char *
rules_read_target(struct parser *p)
{
	struct target t = { .name = STR_NONE };
	const char *why = rules_read_name(p, &t.name);
	struct str kind = STR_NONE;
	int which;

	if (why != NULL)
		return why;
	if (parser_find_target(p, t.name) >= 0)
		return parser_refuse(p, "two targets have the name '%s'",
		    t.name.p);
	if (p->rules->n_targets == RULES_TARGETS_MAX)
		return parser_refuse(p, "more than %d targets",
		    RULES_TARGETS_MAX);
	if ((why = parser_word(p, "mail, webhook or command", &kind)) != NULL)
		return why;
	which = opt_choice("mail|webhook|command", kind.p);
	if (which < 0)
		return parser_refuse(p, "'%s' is not mail, webhook or command",
		    kind.p);
	t.kind = (enum target_kind)which;
	if ((why = parser_word(p, "where to", &t.to)) != NULL ||
	    (why = rules_check_target(p, &t)) != NULL ||
	    (why = rules_read_secret(p, &t)) != NULL ||
	    (why = parser_end(p)) != NULL)
		return why;
	p->rules->targets[p->rules->n_targets++] = t;
	return NULL;
}

/* ---- alarm NAME CLAUSE ... ---- */

static struct rule *
rules_add(struct rules *r)
{
	if ((r->n & (r->n + 1)) == 0)
		r->v = memory_resize(r->v, (2 * r->n + 1) * sizeof *r->v);
	r->v[r->n] = memory_zero(1, sizeof **r->v);
	return r->v[r->n++];
}

static const char *
rules_read_alarm(struct parser *p, size_t begin)
{
	struct rule *r;
	struct str name = STR_NONE;
	const char *why = rules_read_name(p, &name);
	size_t i;

	if (why != NULL)
		return why;
	for (i = 0; i < p->rules->n; i++)
		if (str_eq(p->rules->v[i]->name, name))
			return parser_refuse(p, "two alarms have the name "
			    "'%s'", name.p);
	if (p->rules->n == RULES_MAX)
		return parser_refuse(p, "more than %d alarms", RULES_MAX);
	r = rules_add(p->rules);
	*r = (struct rule){
		.name = name, .by = 0, .severity = SEVERITY_WARNING,
		.series = RULES_SERIES,
		.match = { .from = INT64_MIN, .to = INT64_MAX },
	};
	if ((why = clauses_read(p, r)) != NULL)
		return why;
	r->source = (struct str){ p->lex.text.p + begin, p->token.at - begin };
	while (r->source.n > 0 && strchr(" \t\r\n",
	    r->source.p[r->source.n - 1]) != NULL)
		r->source.n--;
	return NULL;
}

static const char *
rules_read_statement(struct parser *p)
{
	size_t begin = p->token.at;

	if (parser_take(p, "alarm"))
		return rules_read_alarm(p, begin);
	if (parser_take(p, "notify"))
		return rules_read_target(p);
	return parser_refuse_word(p, "alarm or notify");
}

/* ---- who was named before there was one ---- */

static unsigned
rules_resolve(struct parser *p)
{
	unsigned bad = 0;
	size_t i;

	for (i = 0; i < p->n_names; i++) {
		const struct named *n = &p->names[i];
		int which = parser_find_target(p, n->name);

		if (which >= 0) {
			n->rule->targets |= 1u << which;
			continue;
		}
		p->place = n->place;
		parser_refuse(p, "no 'notify %s ...' in this file", n->name.p);
		p->tell(p->arg, n->place.line, n->place.column, p->why);
		bad++;
	}
	return bad;
}

unsigned
rules_parse(struct rules *rules, struct str text, rules_tell_fn *tell,
    void *arg)
{
	struct parser p = { .rules = rules, .tell = tell, .arg = arg };
	struct str copy = arena_str(&rules->arena, text);
	unsigned bad = 0;

	if (copy.p == NULL || text.n > RULES_TEXT_MAX) {
		tell(arg, 1, 1, "more than 1 MiB");
		return 1;
	}
	lex_init(&p.lex, copy, &rules->arena);
	parser_next(&p);
	while (p.token.type != TOKEN_END) {
		if (p.token.type == TOKEN_LINE) {
			parser_next(&p);
			continue;
		}
		if (rules_read_statement(&p) == NULL)
			continue;
		tell(arg, p.place.line, p.place.column, p.why);
		bad++;
		lex_skip_statement(&p.lex, &p.token);
		p.token = (struct token){ .type = TOKEN_LINE };
	}
	bad += rules_resolve(&p);
	free(p.names);
	return bad;
}
