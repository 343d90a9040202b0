/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OPERAND_H
#define MFX_BASE_OPERAND_H

#include "base/opt.h"

/*
 * The operands of a program or verb, as written in its row of a table and shown
 * by --help: words separated by blanks.
 *
 *	"CHANNEL THING ..."		one, then one or more
 *	"STREAM [FILE ...]"		one, then any number
 *	"publish|subscribe"		one of these
 *	"THING ...\n-f FILE"		none with -f
 *
 * A word in capitals names a kind, which shell completions use.  Each further
 * line is another form: one that begins with an option takes its place when
 * that option is given; others are only shown.
 */

/* the next line, or NULL */
const char *operand_next_form(const char *form);

/* `operands` NULL: there are none. 0, or -1 with `why`. */
int operand_check(const char *forms, const struct opt *options,
    char **operands, char why[OPT_WHY]);

#endif
