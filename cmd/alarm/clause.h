/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_CLAUSE_H
#define MFX_CMD_ALARM_CLAUSE_H

#include "cmd/alarm/lex.h"
#include "cmd/alarm/rules.h"

/*
 * What rules.c and clause.c share: a parser that has one token in hand.
 * Functions return NULL, or why what they read is refused; p->place is then
 * where.
 */
struct parser {
	struct lex lex;
	struct token token;	/* in hand, not taken yet */
	struct token place;	/* taken last; of a mistake */
	struct rules *rules;
	struct named {		/* targets that rules name */
		struct rule *rule;
		struct str name;
		struct token place;
	} *names;
	size_t n_names;
	rules_tell_fn *tell;
	void *arg;
	char why[160];
};

void parser_next(struct parser *);
const char *parser_refuse(struct parser *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* the token in hand is not one of these: "alarm or notify" */
const char *parser_refuse_word(struct parser *, const char *wanted);
/* takes the token in hand if it is this word, not in quotes */
bool parser_take(struct parser *, const char *word);
/* takes a word; a NUL follows its text */
const char *parser_word(struct parser *, const char *what, struct str *);
/* the statement has to end here */
const char *parser_end(struct parser *);
/* -1: there is none */
int parser_find_target(const struct parser *, struct str name);

/* the clauses of an alarm, up to the end of the statement */
const char *clauses_read(struct parser *, struct rule *);

#endif
