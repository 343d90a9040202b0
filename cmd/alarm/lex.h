/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_LEX_H
#define MFX_CMD_ALARM_LEX_H

#include "base/arena.h"

/*
 * The words of a file of rules, mfx-alarm(1).  White space separates them; a
 * line break ends a statement, unless it is inside braces or after a
 * backslash.  Text in quotes is one word, with \" and \\ in it.  A # where a
 * word could begin starts a comment.
 */
enum token_type {
	TOKEN_WORD, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA,
	TOKEN_LINE,		/* the end of a statement */
	TOKEN_END,		/* of the file */
	TOKEN_BAD,		/* `text` says why */
};

struct token {
	enum token_type type;
	struct str text;	/* borrows from the file or the arena; a
				 * WORD's is followed by a NUL */
	bool quoted;
	size_t at;		/* its offset in the file */
	unsigned line, column;	/* from 1; columns are bytes */
};

struct lex {
	struct str text;	/* all of it */
	struct arena *arena;
	/* private */
	size_t at, begin;	/* begin: of the line */
	unsigned line, depth;
};

void lex_init(struct lex *, struct str text, struct arena *);
struct token lex_next(struct lex *);
/* After a mistake: goes on to the end of the statement that `last`, the token
 * read last, is part of. */
void lex_skip_statement(struct lex *, const struct token *last);

#endif
