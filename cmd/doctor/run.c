/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/escape.h"
#include "cmd/doctor/doctor.h"
#include "json/json.h"

#define DOCTOR_TOLD_MAX ((size_t)1 << 20)	/* bytes of one check */
#define DOCTOR_TROUBLES_MAX 1000		/* of all of them */

const struct doctor_check doctor_checks[] = {
	{ "home", "the directory of the site", doctor_home },
	{ "modes", "who may read and write its files", doctor_modes },
	{ "owners", "whom its files belong to", doctor_owners },
	{ "disk", "room on the disk", doctor_disk },
	{ "clock", "the clock of this machine", doctor_clock },
	{ "master key", "the key that protects keys", doctor_master_key },
	{ "registry", "the registry can be read, and is whole",
	    doctor_registry },
	{ "certificates", "certificates near their end", doctor_certificates },
	{ "bus", "the bus can be read", doctor_bus },
	{ "streams", "streams are not damaged", doctor_streams },
	{ "groups", "groups have readers, which keep up", doctor_groups },
	{ "dead lines", "refused lines that wait", doctor_dead },
	{ "run files", "what killed programs left", doctor_run_files },
	{ "processes", "programs that run go on", doctor_processes },
	{ "versions", "programs are of one version", doctor_versions },
	{ "units", "services of systemd", doctor_units },
	{ "services", "services of runit", doctor_services },
	{ "stores", "stores can be read", doctor_stores },
	{ "ports", "servers answer", doctor_ports },
	{ "nginx", "nginx in front", doctor_nginx },
	{ "broker", "the plugin of mosquitto", doctor_broker },
	{ "alarms", "alarms that nobody has acknowledged", doctor_alarms },
	{ "backup", "the last backup", doctor_backup },
	{ NULL, NULL, NULL }
};

/* ---- in the process of a check ---- */

/* a record: its kind, and three texts */
static void
run_tell(struct doctor *d, char kind, const char *a, const char *b,
    const char *c)
{
	const char *texts[] = { a, b, c };
	struct buf record;
	int i;

	buf_init(&record, DOCTOR_TOLD_MAX);
	buf_putc(&record, kind);
	for (i = 0; i < 3; i++)
		buf_put(&record, texts[i], strlen(texts[i]) + 1);
	if (!record.full && write_all(d->fd, record.p, record.n) < 0)
		_exit(EX_IOERR);
	buf_release(&record);
}

void
doctor_trouble(struct doctor *d, enum doctor_level level, const char *mend,
    const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	run_tell(d, level == DOCTOR_CRITICAL ? 'c' : 'w', text, mend, "");
}

void
doctor_measure(struct doctor *d, const char *name, double value,
    const char *unit)
{
	char text[40];

	snprintf(text, sizeof text, "%.10g", value);
	run_tell(d, 'm', name, text, unit);
}

const char *
doctor_mend(char to[DOCTOR_MEND], const char *command, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-@:=+,";
	struct buf b;

	buf_init(&b, DOCTOR_MEND - 1);
	buf_puts(&b, command);
	buf_putc(&b, ' ');
	if (path[strspn(path, plain)] == '\0')
		buf_puts(&b, path);
	else
		escape_put_shell(&b, str_z(path));
	memcpy(to, b.p, b.n);
	to[b.n] = '\0';
	buf_release(&b);
	return to;
}

/* ---- of all of them ---- */

struct run {
	enum doctor_form form;
	struct out out;
	struct buf first, data;		/* of Nagios' line */
	int checks, troubles, critical;
};

static void
run_put_trouble(struct run *r, const char *check, bool critical,
    const char *what, const char *mend)
{
	struct buf *b = r->form == DOCTOR_NAGIOS ? &r->first : &r->out.b;

	if (r->form == DOCTOR_JSON) {
		buf_puts(b, "{\"check\":");
		json_put_string(b, str_z(check));
		buf_printf(b, ",\"level\":\"%s\",\"trouble\":",
		    critical ? "critical" : "warning");
		json_put_string(b, str_z(what));
		buf_puts(b, ",\"mend\":");
		json_put_string(b, str_z(mend));
		buf_puts(b, "}\n");
	} else {
		buf_printf(b, "%s: ", check);
		escape_put(b, str_z(what));
		buf_puts(b, r->form == DOCTOR_TEXT ? "\n    " : " - ");
		escape_put(b, str_z(mend));
		buf_puts(b, "\n");
	}
	out_end(&r->out);
}

static void
run_put_measure(struct run *r, const char *name, const char *value,
    const char *unit)
{
	buf_puts(&r->data, " '");
	for (; *name != '\0'; name++)
		buf_putc(&r->data, *name == '\'' || *name == '=' ? '_' : *name);
	buf_printf(&r->data, "'=%s%s", value, unit);
}

static void
run_trouble(struct run *r, const char *check, bool critical, const char *what,
    const char *mend)
{
	r->critical += critical;
	if (r->troubles++ < DOCTOR_TROUBLES_MAX)
		run_put_trouble(r, check, critical, what, mend);
}

static const char *
run_take_text(struct str *told)
{
	const char *text = told->p;
	const char *end = memchr(text, '\0', told->n);

	if (end == NULL)
		return NULL;
	*told = str_from(*told, (size_t)(end - text) + 1);
	return text;
}

/* what a check has told; the rest of one that was killed is cut off */
static void
run_take(struct run *r, const char *check, struct str told)
{
	const char *texts[3];
	char kind;
	int i;

	while (told.n > 0) {
		kind = *told.p;
		told = str_from(told, 1);
		for (i = 0; i < 3; i++)
			if (told.n == 0 ||
			    (texts[i] = run_take_text(&told)) == NULL)
				return;
		if (kind == 'm')
			run_put_measure(r, texts[0], texts[1], texts[2]);
		else
			run_trouble(r, check, kind == 'c', texts[0], texts[1]);
	}
}

/* Until it has closed its end: false when the time is over first. */
static bool
run_read(int fd, struct buf *told, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left;
	ssize_t n;

	while ((left = until - clock_ns()) > 0) {
		if (poll(&p, 1, (int)(left / 1000000) + 1) <= 0)
			continue;
		if (buf_room(told, 4096) == NULL)
			return true;
		n = read(fd, told->p + told->n, 4096);
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return true;
		told->n += n > 0 ? (size_t)n : 0;
	}
	return false;
}

static void
run_child(const struct doctor_check *check, struct doctor *d)
{
	/* what it starts ends with it */
	setpgid(0, 0);
	check->run(d);
	_exit(0);
}

/* 0, or an exit status */
static int
run_check(struct run *r, const struct doctor_check *check, struct doctor *d)
{
	int64_t until = clock_ns() + d->set->timeout;
	struct buf told;
	char why[128];
	int fds[2], status = 0;
	bool ended;
	pid_t pid;

	if (pipe(fds) < 0 || (pid = fork()) < 0) {
		diag_error("%s: %s", check->name, strerror(errno));
		return EX_OSERR;
	}
	if (pid == 0) {
		close(fds[0]);
		d->fd = fds[1];
		fcntl(d->fd, F_SETFD, FD_CLOEXEC);
		run_child(check, d);
	}
	setpgid(pid, pid);
	close(fds[1]);
	buf_init(&told, DOCTOR_TOLD_MAX);
	ended = run_read(fds[0], &told, until);
	close(fds[0]);
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	r->checks++;
	run_take(r, check->name, buf_str(&told));
	buf_release(&told);
	if (!ended)
		snprintf(why, sizeof why, "this check has not ended in %.3g s",
		    (double)d->set->timeout / 1e9);
	else if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0)
		snprintf(why, sizeof why, "this check has failed: %s %d",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
		    WEXITSTATUS(status));
	else
		return 0;
	run_trouble(r, check->name, false, why, "mfx-doctor --timeout 5m");
	return 0;
}

static int
run_finish_nagios(struct run *r)
{
	int status = r->critical > 0 ? 2 : r->troubles > 0 ? 1 : 0;
	static const char *const words[] = { "OK", "WARNING", "CRITICAL" };
	struct buf *b = &r->out.b;
	size_t i;

	/* a | begins the data */
	for (i = 0; i < r->first.n; i++)
		if (r->first.p[i] == '|')
			r->first.p[i] = '/';
	buf_printf(b, "MFX %s - %d troubles, %d checks|", words[status],
	    r->troubles, r->checks);
	buf_printf(b, "troubles=%d;0;;0 critical=%d;;0;0", r->troubles,
	    r->critical);
	buf_put_str(b, buf_str(&r->data));
	buf_putc(b, '\n');
	buf_put_str(b, buf_str(&r->first));
	out_end(&r->out);
	return status;
}

static bool
run_wants(const struct opt_list *only, const char *name)
{
	int i;

	for (i = 0; i < only->n; i++)
		if (strcmp(only->v[i], name) == 0)
			return true;
	return only->n == 0;
}

int
doctor_run(const struct doctor_settings *set, const char *home,
    enum doctor_form form, const struct opt_list *only)
{
	struct doctor d = { .set = set, .home = home };
	struct run r = { .form = form };
	const struct doctor_check *c;
	int status = 0, result;

	out_init(&r.out, STDOUT_FILENO, "<stdout>", DOCTOR_TOLD_MAX * 8);
	buf_init(&r.first, DOCTOR_TOLD_MAX * 4);
	buf_init(&r.data, DOCTOR_TOLD_MAX);
	for (c = doctor_checks; c->name != NULL && status == 0; c++)
		if (run_wants(only, c->name))
			status = run_check(&r, c, &d);
	result = form == DOCTOR_NAGIOS ? run_finish_nagios(&r) :
	    r.troubles > 0;
	if (status == 0 && form == DOCTOR_TEXT && r.troubles == 0)
		diag_info("%d checks, no trouble", r.checks);
	status = out_finish(&r.out, status);
	out_release(&r.out);
	buf_release(&r.first);
	buf_release(&r.data);
	if (status != 0 && form == DOCTOR_NAGIOS)
		return 3;
	return status != 0 ? status : result;
}
