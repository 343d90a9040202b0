/* SPDX-License-Identifier: Apache-2.0 */
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/context.h"
#include "base/diag.h"
#include "base/nearest.h"
#include "base/os.h"
#include "base/signal.h"

enum action { SAY_HELP, SAY_VERSION, SAY_OPTIONS, LOUDER, QUIETER };

static enum diag_format log_format;

static struct {
	const struct program *program;
	const struct verb *verb;	/* or NULL */
} program_running;

/* the options of every program */
static const struct opt program_common[] = {
	{ 0, "log", DIAG_FORMAT_WORDS, "form of messages on stderr",
	    OPT_ENUM(&log_format) },
	{ 'q', "quiet", NULL, "show only errors", OPT_ACTION(QUIETER) },
	{ 'v', "verbose", NULL, "show more messages; -vv for all",
	    OPT_ACTION(LOUDER) },
	{ 'h', "help", NULL, "show this help", OPT_ACTION(SAY_HELP) },
	{ 'V', "version", NULL, "show the version", OPT_ACTION(SAY_VERSION) },
	{ 0, "options", NULL, NULL, OPT_ACTION(SAY_OPTIONS) },
	OPT_END
};

/* --help and --options are answers: a failed write is a failure */
static _Noreturn void
program_end_of_answer(void)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		diag_error("<stdout>: %s", strerror(errno));
		exit(EX_IOERR);
	}
	exit(0);
}

#define HELP_COLUMN 32
#define HELP_WIDTH 79

/* the text of an option, cut into lines between words */
static void
program_help_text(const char *z)
{
	size_t column = HELP_COLUMN, n;

	while (*z != '\0') {
		n = strcspn(z, " ");
		if (column > HELP_COLUMN && column + 1 + n > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		column += (size_t)printf("%s%.*s",
		    column > HELP_COLUMN ? " " : "", (int)n, z);
		z += n + (z[n] == ' ');
	}
	putchar('\n');
}

/* A program may use a letter of a common option for its own. */
static char
program_letter(const struct opt *o, const struct opt *own)
{
	const struct opt *first = o->letter ?
	    opt_find(own, NULL, 0, o->letter) : NULL;

	return first == NULL || first == o || first->help == NULL ?
	    o->letter : '\0';
}

static void
program_help_table(const struct opt *o, const struct opt *own)
{
	char left[64], letter;
	int n;

	for (; o != NULL && o->name != NULL; o++) {
		if (o->help == NULL)
			continue;
		n = snprintf(left, sizeof left, "--%s%s%s", o->name,
		    o->arg ? " " : "", o->arg ? o->arg : "");
		letter = program_letter(o, own);
		printf("  %c%c%c %-26s", letter ? '-' : ' ',
		    letter ? letter : ' ', letter ? ',' : ' ', left);
		if (n >= HELP_COLUMN - 6)
			printf("\n%*s", HELP_COLUMN, "");
		program_help_text(o->help);
	}
}

static void
program_usage_line(const char *head, const char *a, const char *b)
{
	const struct verb *v = program_running.verb;
	size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

	printf("%s%s%s%s%s%.*s%s%.*s\n", head, program_running.program->name,
	    v ? " " : "", v ? v->name : "", n ? " " : "", (int)n, a,
	    m ? " " : "", (int)m, b);
}

/* each form of the options with the operands, then the other forms of the
 * operands */
static void
program_help_usage(const char *options, const char *operands,
    const struct opt *own)
{
	const char *head = "usage: ";

	if (options == NULL)
		options = own != NULL && own->name != NULL ? "[options]" : "";
	if (operands == NULL)
		operands = "";
	for (; options != NULL; options = operand_next_form(options)) {
		program_usage_line(head, options, operands);
		head = "       ";
	}
	while ((operands = operand_next_form(operands)) != NULL)
		program_usage_line(head, operands, "");
}

static _Noreturn void
program_help(const struct program *p, const struct verb *v)
{
	const struct opt *own = v ? v->options : p->options;
	const struct verb *each;

	program_help_usage(v ? NULL : p->synopsis, v ? v->operands :
	    p->operands, own);
	printf("%s\n\n", v ? v->summary : p->summary);
	if (v == NULL && p->verbs != NULL) {
		for (each = p->verbs; each->name != NULL; each++)
			printf("  %-14s %s\n", each->name, each->summary);
		printf("\nEach has options of its own: %s VERB --help\n\n",
		    p->name);
	}
	program_help_table(own, own);
	program_help_table(program_common, own);
	printf("\nSee %s(1).\n", p->name);
	program_end_of_answer();
}

static void
program_list_table(const char *verb, const struct opt *o, const struct opt *own)
{
	char letter;

	for (; o != NULL && o->name != NULL; o++) {
		if (o->help == NULL)
			continue;
		letter = program_letter(o, own);
		printf("%s\t--%s\t%c\t%s\t%s\n", verb, o->name,
		    letter ? letter : '-', o->arg ? o->arg : "", o->help);
	}
}

static void
program_list_operands(const char *verb, const char *operands,
    const char *summary)
{
	operands = operands ? operands : "";
	printf("%s\t\t\t%.*s\t%s\n", verb, (int)strcspn(operands, "\n"),
	    operands, summary);
}

/* For completions and for the tests: "verb --name letter ARG help", with
 * tabs between; a verb itself, or a program that has none, is "verb", its
 * operands and its summary. */
static _Noreturn void
program_list(const struct program *p, const struct verb *only)
{
	const struct verb *v;

	for (v = p->verbs; v != NULL && v->name != NULL; v++) {
		if (only != NULL && only != v)
			continue;
		program_list_operands(v->name, v->operands, v->summary);
		program_list_table(v->name, v->options, v->options);
	}
	if (p->verbs == NULL)
		program_list_operands("", p->operands, p->summary);
	if (only == NULL)
		program_list_table("", p->options, p->options);
	program_list_table("", program_common, p->options);
	program_end_of_answer();
}

/* Does at once what a common option asks for. */
static void
program_act(void *arg, int action)
{
	(void)arg;
	switch ((enum action)action) {
	case SAY_HELP:
		program_help(program_running.program, program_running.verb);
	case SAY_VERSION:
		printf("%s %s\n", program_running.program->name, MFX_VERSION);
		program_end_of_answer();
	case SAY_OPTIONS:
		program_list(program_running.program, program_running.verb);
	case LOUDER:
		diag_verbosity(1);
		break;
	case QUIETER:
		diag_verbosity(-1);
		break;
	}
}

/* For all stages of a pipeline at once, whoever starts them. */
static void
program_log_default(void)
{
	const char *word = getenv("MFX_LOG");
	int i;

	if (word == NULL || *word == '\0')
		return;
	if ((i = opt_choice(DIAG_FORMAT_WORDS, word)) < 0)
		program_misuse("MFX_LOG '%s': not %s", word,
		    DIAG_FORMAT_WORDS);
	log_format = (enum diag_format)i;
}

/* Uses the verb's table or, for NULL, the program's. */
static int
program_parse(const struct program *p, const struct verb *v, char **argv)
{
	const struct opt *own = v ? v->options : p->options;
	struct opt_parser parser = {
		.own = own, .common = program_common,
		.mixed = v != NULL || (p->verbs == NULL && !p->options_first),
		.act = program_act,
	};
	struct fault fault;
	int i;

	program_running.verb = v;
	program_log_default();
	i = opt_parse(&parser, argv);
	diag_format(log_format);
	if (i < 0 || operand_check(v ? v->operands : p->operands, own,
	    argv + i, parser.why) < 0)
		program_misuse("%s", parser.why);
	/* a launcher leaves it to the program */
	if (v == NULL && !p->options_first && context_start(&fault) < 0)
		exit(diag_fault(&fault));
	return i;
}

/* A closed stdin becomes write-only and a closed stdout read-only, so that
 * their use fails as it would have. */
static void
program_open_standard_fds(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EX_OSERR);
}

static void
program_begin(const struct program *p)
{
	struct sigaction sa = {
		.sa_handler = p->network ? SIG_IGN : SIG_DFL
	};

	program_running.program = p;
	program_open_standard_fds();
	diag_init(p->name);
	sigaction(SIGPIPE, &sa, NULL);
	signal_catch(p->reloads);
}

int
program_start(const struct program *p, int argc, char **argv)
{
	(void)argc;
	program_begin(p);
	return program_parse(p, NULL, argv);
}

static _Noreturn void
program_unknown_verb(const struct program *p, const char *name)
{
	char hint[NEAREST_HINT];
	struct nearest near;
	const struct verb *v;

	nearest_start(&near, str_z(name));
	for (v = p->verbs; v->name != NULL; v++)
		nearest_try(&near, v->name);
	program_misuse("unknown verb '%s'%s", name,
	    nearest_hint(&near, "", hint));
}

int
program_verb(const struct program *p, int argc, char **argv)
{
	const struct verb *v;
	int i;

	program_begin(p);
	(void)argc;
	i = program_parse(p, NULL, argv);
	for (v = p->verbs; v->name != NULL; v++)
		if (strcmp(argv[i], v->name) == 0)
			break;
	if (v->name == NULL)
		program_unknown_verb(p, argv[i]);
	argv += i;
	return v->run(argv + program_parse(p, v, argv));
}

void
program_misuse(const char *fmt, ...)
{
	const struct verb *v = program_running.verb;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	diag_error("%s; see '%s%s%s --help'", text,
	    program_running.program->name, v ? " " : "", v ? v->name : "");
	exit(EX_USAGE);
}

void
program_die(const struct fault *fault)
{
	_exit(diag_fault(fault));
}

void
program_reload(int (*again)(void *, struct fault *), void *arg)
{
	struct fault fault;

	if (!signal_reload())
		return;
	if (again == NULL)
		diag_info("SIGHUP: nothing to reload");
	else if (again(arg, &fault) < 0)
		diag_warning("SIGHUP: nothing was reloaded: %s", fault.text);
	else
		diag_info("SIGHUP: reloaded");
}

void
program_holds_secrets(void)
{
	os_hide_memory();
}
