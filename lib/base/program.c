/* SPDX-License-Identifier: Apache-2.0 */
#include "base/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/nearest.h"
#include "base/os.h"
#include "base/signal.h"

/* A closed stdin becomes write-only and a closed stdout read-only, so that
 * their use fails as it would have. */
static void
open_standard_fds(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EX_OSERR);
}

static void
begin(const struct program *p)
{
	struct sigaction sa = {
		.sa_handler = p->network ? SIG_IGN : SIG_DFL
	};

	open_standard_fds();
	diag_init(p->name);
	sigaction(SIGPIPE, &sa, NULL);
	signal_catch(p->reloads);
}

int
program_start(const struct program *p, int argc, char **argv)
{
	begin(p);
	return opt_parse(p, NULL, argc, argv);
}

static _Noreturn void
unknown_verb(const struct program *p, const char *name)
{
	char hint[NEAREST_HINT];
	struct nearest near;
	const struct verb *v;

	nearest_start(&near, str_z(name));
	for (v = p->verbs; v->name != NULL; v++)
		nearest_try(&near, v->name);
	program_misuse(p, "unknown verb '%s'%s", name,
	    nearest_hint(&near, "", hint));
}

int
program_verb(const struct program *p, int argc, char **argv)
{
	const struct verb *v;
	int i;

	begin(p);
	i = opt_parse(p, NULL, argc, argv);
	if (argv[i] == NULL)
		program_misuse(p, "missing VERB");
	for (v = p->verbs; v->name != NULL; v++)
		if (strcmp(argv[i], v->name) == 0)
			break;
	if (v->name == NULL)
		unknown_verb(p, argv[i]);
	argc -= i;
	argv += i;
	return v->run(argv + opt_parse(p, v, argc, argv));
}

void
program_misuse(const struct program *p, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	diag_error("%s; see '%s --help'", text, p->name);
	exit(EX_USAGE);
}

void
program_reload(bool tls)
{
	if (!signal_reload())
		return;
	if (tls)
		diag_warning("SIGHUP: new certificates need a restart");
	else
		diag_info("SIGHUP: nothing to reload");
}

void
program_holds_secrets(void)
{
	os_hide_memory();
}
