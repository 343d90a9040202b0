/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All programs under one name: `mfx things list` is `mfx-things list`.  It
 * becomes that program, found beside it or in PATH; no shell sees the
 * arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/context.h"
#include "base/diag.h"
#include "base/nearest.h"
#include "base/program.h"
#include "base/signal.h"
#include "base/str.h"
#include "base/which.h"

/* the names and .Nd lines of man/mfx-*.1, made by the Makefile */
static const struct verb programs[] = {
#include "cmd/programs.h"
	{ "help", .summary = "show the page of a program" },
	{ "version", .summary = "show the version" },
	VERB_END
};

static const char *mfx_site;

static const struct opt options[] = {
	{ 0, "site", "NAME", "work at the site of this name (mfx-config "
	    "--sites lists them)", OPT_STRING(&mfx_site) },
	OPT_END
};

static const struct program program = {
	.name = "mfx",
	.summary = "run a program of the suite by its short name",
	.operands = "PROGRAM [ARGUMENT ...]\nhelp [PROGRAM]\nversion",
	.synopsis = "[options]",
	.verbs = programs,
	.options = options,
	.options_first = true,
};

/* A name from argv is looked up among programs and pages, and must not lead
 * anywhere else. */
static bool
mfx_name_valid(const char *z)
{
	return *z != '\0' && strlen(z) <= 32 &&
	    z[strspn(z, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static const char *called_as;	/* argv[0] */

static bool
mfx_find_program(const char *name, char path[PATH_MAX])
{
	char file[48];

	snprintf(file, sizeof file, "mfx-%s", name);
	return which(called_as, file, path);
}

static const struct verb *
mfx_find_known(const char *name)
{
	const struct verb *v;

	for (v = programs; v->name != NULL; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

static _Noreturn void
mfx_unknown(const char *name)
{
	char hint[NEAREST_HINT];
	const struct verb *v;
	struct nearest near;

	if (mfx_find_known(name) != NULL) {
		diag_error("mfx-%s is not installed", name);
		exit(EX_UNAVAILABLE);
	}
	nearest_start(&near, str_z(name));
	for (v = programs; v->name != NULL; v++)
		nearest_try(&near, v->name);
	program_misuse("unknown program '%s'%s", name,
	    nearest_hint(&near, "", hint));
}

/* Becomes the program, after undoing what program_start() changed. */
static int
mfx_become(const char *path, char **argv)
{
	sigprocmask(SIG_SETMASK, signal_mask(), NULL);
	execv(path, argv);
	diag_error("%s: %s", path, strerror(errno));
	return EX_OSERR;
}

static int
mfx_run(const char *name, char **argv)
{
	char path[PATH_MAX];

	if (!mfx_name_valid(name) || !mfx_find_program(name, path))
		mfx_unknown(name);
	argv[0] = path;
	return mfx_become(path, argv);
}

/* True when man(1) has shown the page. */
static bool
mfx_show_page(char *page)
{
	char path[PATH_MAX], *argv[] = { path, page, NULL };
	int status;
	pid_t pid;

	if (!which_in_path("man", path) || (pid = fork()) < 0)
		return false;
	if (pid == 0) {
		/* a missing page is not reported: --help is shown
		 * instead */
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		if (null >= 0)
			dup2(null, STDERR_FILENO);
		_exit(mfx_become(path, argv));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* `mfx help things`, and `mfx help` alone */
static int
mfx_help(const char *name)
{
	char page[48], option[] = "--help", *argv[] = { NULL, option, NULL };

	if (name == NULL) {
		argv[0] = page;
		return program_start(&program, 2, argv);
	}
	/* people type both "things" and "mfx-things" */
	if (str_starts(str_z(name), STR("mfx-")))
		name += 4;
	snprintf(page, sizeof page, "mfx-%s", name);
	if (mfx_name_valid(name) && mfx_show_page(page))
		return 0;
	return mfx_run(name, argv);
}

int
main(int argc, char **argv)
{
	char option[] = "--version", *version[] = { NULL, option, NULL };
	struct fault fault;

	called_as = argv[0];
	argv += program_start(&program, argc, argv);
	if (mfx_site != NULL && context_use(mfx_site, true, &fault) < 0)
		return diag_fault(&fault);
	if (strcmp(argv[0], "version") == 0)
		return program_start(&program, 2, version);
	if (strcmp(argv[0], "help") == 0)
		return mfx_help(argv[1]);
	return mfx_run(argv[0], argv);
}
