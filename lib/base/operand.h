/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OPERAND_H
#define MFX_BASE_OPERAND_H

#include "base/opt.h"

/*
 * The operands of a program or verb, as its row in a table has them and
 * --help shows them: words with blanks between.
 *
 *	"CHANNEL THING ..."		one, and then one or more
 *	"STREAM [FILE ...]"		one, and then any number
 *	"publish|subscribe"		one of these
 *	"THING ...\n-f FILE"		or none, when -f is given
 *
 * A word in capitals says what kind it is, which shell completions go by.
 * Each further line is another form: one that begins with an option takes
 * its place when that option is given; others are only shown.
 */

/* the next line, or NULL */
const char *operand_next_form(const char *form);

/* NULL: no operands.  0, or -1 with `why` it is not that. */
int operand_check(const char *forms, const struct opt *options,
    char **operands, char why[OPT_WHY]);

#endif
