/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a machine with the programs installed to a site that runs, and back.
 * The files are templates of scripts/deploy (cmd/init/plan.c), the rest are
 * steps for the shell (cmd/init/steps.c).
 */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/diag.h"
#include "base/program.h"
#include "cmd/init/init.h"

struct init_options init_opt;

static const struct opt options[] = {
	OPT_ROW_DRY_RUN(&init_opt.dry_run),
	{ 0, "root", "DIR", "put the files below DIR and show the steps, which "
	    "are not done", OPT_STRING(&init_opt.root) },
	{ 0, "supervisor", INIT_SUPERVISOR_WORDS, "who runs the programs "
	    "(default: systemd or runit, if one runs this machine)",
	    OPT_ENUM_FROM(&init_opt.supervisor, INIT_SYSTEMD) },
	{ 0, "user", "EMAIL", "the first user, whose password is asked for, or "
	    "read from stdin", OPT_STRING(&init_opt.user) },
	{ 0, "host", "NAME", "name in the server's certificate (default: that "
	    "of this machine)", OPT_STRING(&init_opt.host) },
	{ 0, "replace", "FILE", "write FILE although it was edited, and keep "
	    "it as FILE.old", OPT_LIST(&init_opt.replace) },
	{ 0, "templates", "DIR", "directory of templates (default: the one "
	    "that was installed)", OPT_STRING(&init_opt.templates) },
	OPT_END
};

static const struct program program = {
	.name = "mfx-init",
	.summary = "set up a site of this machine, or take it away again",
	.operands = "[remove]",
	.options = options,
};

int
init_path(char to[PATH_MAX], const char *path, struct fault *fault)
{
	if (snprintf(to, PATH_MAX, "%s%s",
	    init_opt.root != NULL ? init_opt.root : "", path) >= PATH_MAX)
		return fault_set(fault, EX_USAGE, "--root: too long");
	return 0;
}

bool
init_exists(const char *path)
{
	char full[PATH_MAX];
	struct fault fault;

	return init_path(full, path, &fault) == 0 && access(full, F_OK) == 0;
}

/* what a name of a machine may consist of: it gets into file names */
static void
init_find_host(struct init_plan *p)
{
	static char name[256];

	if (init_opt.host == NULL) {
		if (gethostname(name, sizeof name - 1) < 0 || *name == '\0')
			snprintf(name, sizeof name, "localhost");
		init_opt.host = name;
	}
	if (*init_opt.host == '\0' || *init_opt.host == '-' ||
	    *init_opt.host == '.' || strlen(init_opt.host) > 253 ||
	    init_opt.host[strspn(init_opt.host, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] != '\0')
		program_misuse("--host: '%s' is not the name of a host, as in "
		    "mfx.example.com", init_opt.host);
	p->host = init_opt.host;
}

static void
init_find_supervisor(bool remove)
{
	if (init_opt.supervisor != INIT_DETECT)
		return;
	/* what an earlier run began with, else what runs */
	if (init_exists("/etc/sysusers.d/mfx.conf"))
		init_opt.supervisor = INIT_SYSTEMD;
	else if (init_exists("/etc/sv/mfx-api/run"))
		init_opt.supervisor = INIT_RUNIT;
	else if (!remove && init_exists("/run/systemd/system"))
		init_opt.supervisor = INIT_SYSTEMD;
	else if (!remove && init_exists("/etc/service"))
		init_opt.supervisor = INIT_RUNIT;
	else
		init_opt.supervisor = INIT_NONE;
}

/* what is left for people to do, after a first run */
static void
init_say_next(const struct init_plan *p, struct out *out)
{
	buf_printf(&out->b, "\nOpen for devices and users: %s5683 and 5684 "
	    "(CoAP, TCP and UDP).\n", p->nginx ? "443, 8443, 8883, 8884 (TCP), "
	    : p->broker ? "8883, 8884 (TCP), " : "");
	buf_printf(&out->b, "With ufw: ufw allow %s5683,5684/tcp; "
	    "ufw allow 5683,5684/udp\n", p->nginx ? "443,8443,8883,8884," :
	    p->broker ? "8883,8884," : "");
	buf_puts(&out->b, "Keep /etc/mfx/backup.key on another machine too: "
	    "backups can't be read without it.\n");
	if (!p->broker)
		buf_puts(&out->b, "mosquitto is not installed; when it is, "
		    "mfx-init again adds it.\n");
	if (!p->nginx)
		buf_puts(&out->b, "nginx (with its module stream) and "
		    "mosquitto are not both installed; when they are, "
		    "mfx-init again adds TLS for all.\n");
	if (init_opt.supervisor == INIT_NONE)
		buf_puts(&out->b, "Nothing starts the programs: see the "
		    "examples beside the templates, and mfx(7).\n");
	out_end(out);
}

static int
init_run(struct init_plan *p, bool remove, struct out *out,
    struct fault *fault)
{
	struct init_placed placed;

	if (init_plan_make(p, fault) < 0)
		return -1;
	if (remove) {
		if (init_stop(p, out, fault) < 0 ||
		    init_unplace(out, &placed, fault) < 0)
			return -1;
		buf_printf(&out->b, "%u files removed, %u kept; /var/lib/mfx, "
		    "/var/backups/mfx, /etc/mfx/tls and keys are as they "
		    "were\n", placed.written, placed.kept);
		out_end(out);
		return 0;
	}
	if (init_place(p, out, &placed, fault) < 0 ||
	    init_steps(p, &placed, out, fault) < 0)
		return -1;
	if (*placed.changed != '\0')
		buf_printf(&out->b, "restarted, if it was running:%s\n",
		    placed.changed);
	buf_printf(&out->b, "%u files written, %u kept, %zu as they were\n",
	    placed.written, placed.kept,
	    p->n - placed.written - placed.kept);
	out_end(out);
	if (placed.written > 0)
		init_say_next(p, out);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct init_plan plan;
	struct fault fault;
	struct out out;
	bool remove;
	int status = 0;

	argv += program_start(&program, argc, argv);
	if ((remove = *argv != NULL) && strcmp(*argv, "remove") != 0)
		program_misuse("'%s' is not remove", *argv);
	if (geteuid() != 0 && init_opt.root == NULL && !init_opt.dry_run) {
		diag_error("only root can set up this machine; --dry-run shows "
		    "what would be done");
		return EX_NOPERM;
	}
	if (init_opt.user == NULL && init_opt.root == NULL &&
	    !init_opt.dry_run && !remove &&
	    !init_exists(INIT_HOME "/registry.db"))
		program_misuse("--user: the site needs its first user, as in "
		    "--user ann@example.com");
	/* what is made here is for all to read, but keys */
	umask(022);
	init_find_host(&plan);
	init_find_supervisor(remove);
	out_init(&out, STDOUT_FILENO, "stdout", INIT_TEXT_MAX);
	if (init_run(&plan, remove, &out, &fault) < 0)
		status = diag_fault(&fault);
	init_plan_release(&plan);
	status = out_finish(&out, status);
	out_release(&out);
	return status;
}
