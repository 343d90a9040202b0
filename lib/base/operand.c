/* SPDX-License-Identifier: Apache-2.0 */
#include "base/operand.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/*
 * Each program reads its forms when it starts.  Not by strcspn(3) and
 * snprintf(3): what these need of the C library is 0.25 MiB resident in filters
 * that call them for nothing else.
 */

/* how many bytes there are before one of these, or the end */
static size_t
operand_span(const char *z, char end, char also)
{
	const char *p = z;

	while (*p != '\0' && *p != '\n' && *p != end && *p != also)
		p++;
	return (size_t)(p - z);
}

/* The next word of a line of `forms`; empty at its end. */
static struct str
operand_word(const char **forms)
{
	struct str word;

	while (**forms == ' ')
		++*forms;
	word = (struct str){ *forms, operand_span(*forms, ' ', ' ') };
	*forms += word.n;
	return word;
}

/* The option that a form begins with, or NULL; *form is then after it and
 * its argument, and `text` is both. */
static const struct opt *
operand_option(const char **form, const struct opt *options, struct str *text)
{
	const char *at = *form;
	struct str word = operand_word(&at);

	if (word.n < 2 || word.p[0] != '-')
		return NULL;
	operand_word(&at);
	*text = (struct str){ word.p, (size_t)(at - word.p) };
	*form = at;
	return word.p[1] == '-' ?
	    opt_find(options, word.p + 2, word.n - 2, 0) :
	    opt_find(options, NULL, 0, word.p[1]);
}

const char *
operand_next_form(const char *form)
{
	form += operand_span(form, '\n', '\n');
	return *form != '\0' ? form + 1 : NULL;
}

/* The form that holds with the options given; `option` is those it has. */
static const char *
operand_form(const char *forms, const struct opt *options, struct str *option)
{
	const char *form = forms;
	const struct opt *o;

	while ((form = operand_next_form(form)) != NULL)
		if ((o = operand_option(&form, options, option)) != NULL &&
		    opt_given(o))
			return form;
	*option = STR_NONE;
	return forms;
}

/* "missing THING, or -f FILE"; for STREAM[/GROUP] only STREAM */
static int
operand_missing(const char *name, const char *forms, struct str given,
    const struct opt *options, char why[OPT_WHY])
{
	int n = snprintf(why, OPT_WHY, "missing %.*s",
	    (int)operand_span(name, '[', '['), name);
	struct str option;

	while (given.n == 0 && (forms = operand_next_form(forms)) != NULL)
		if (operand_option(&forms, options, &option) != NULL)
			n += snprintf(why + n, OPT_WHY - (size_t)n,
			    ", or %.*s", STR_ARG(option));
	return -1;
}

struct operand {
	char name[32];
	bool optional, many;
};

static bool
operand_read(const char **form, struct operand *o)
{
	struct str word = operand_word(form);
	const char *at = *form;

	o->optional = word.n > 0 && *word.p == '[';
	if (o->optional)
		word = (struct str){ word.p + 1,
		    operand_span(word.p + 1, ']', ' ') };
	if (word.n >= sizeof o->name)
		word.n = sizeof o->name - 1;
	memcpy(o->name, word.p, word.n);
	o->name[word.n] = '\0';
	o->many = str_starts(operand_word(&at), STR("..."));
	if (o->many)
		*form = at;
	return word.n > 0;
}

int
operand_check(const char *forms, const struct opt *options, char **operands,
    char why[OPT_WHY])
{
	struct operand o;
	struct str option;
	const char *form;

	forms = forms ? forms : "";
	form = operand_form(forms, options, &option);
	while (operand_read(&form, &o)) {
		if (!o.optional && (*operands == NULL || **operands == '\0'))
			return operand_missing(o.name, forms, option,
			    options, why);
		if (*operands != NULL && strchr(o.name, '|') != NULL &&
		    opt_choice(o.name, *operands) < 0) {
			snprintf(why, OPT_WHY, "'%s': not one of %s",
			    *operands, o.name);
			return -1;
		}
		while (*operands != NULL && *++operands != NULL && o.many)
			continue;
	}
	if (*operands == NULL)
		return 0;
	snprintf(why, OPT_WHY, "unexpected operand '%s'%s%.*s", *operands,
	    option.n > 0 ? " with " : "", STR_ARG(option));
	return -1;
}
