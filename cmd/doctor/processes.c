/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/os_process.h"
#include "base/run_read.h"
#include "base/which.h"
#include "cmd/doctor/doctor.h"

#define PROCESSES_YOUNG 10	/* s: one that begins may have no lock yet */

/* ---- files of killed processes ---- */

static bool
processes_is_stale(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct stat st;
	bool stale;

	if (fd < 0)
		return false;
	stale = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_mtime < stamp_now().ns / STAMP_SECOND - PROCESSES_YOUNG &&
	    flock(fd, LOCK_SH | LOCK_NB) == 0;
	close(fd);
	return stale;
}

void
doctor_run_files(struct doctor *d)
{
	char dir[PATH_MAX], path[PATH_MAX], mend[DOCTOR_MEND];
	struct dirent *e;
	DIR *open;
	int told = 0;

	if ((size_t)snprintf(dir, sizeof dir, "%s/run", d->home) >=
	    sizeof dir || (open = opendir(dir)) == NULL)
		return;
	while ((e = readdir(open)) != NULL && told < 20)
		if (strncmp(e->d_name, "mfx", 3) == 0 &&
		    (size_t)snprintf(path, sizeof path, "%s/%s", dir,
		    e->d_name) < sizeof path && processes_is_stale(path)) {
			told++;
			doctor_trouble(d, DOCTOR_WARNING,
			    doctor_mend(mend, "rm", path),
			    "%s: left by a process that was killed", path);
		}
	closedir(open);
}

/* ---- those that run ---- */

static void
processes_see(void *arg, const struct run_process *p)
{
	unsigned long long pid = p->pid;
	struct os_usage usage;
	char mend[64];

	if (!os_process_usage(p->pid, &usage) ||
	    (usage.state != 'T' && usage.state != 't'))
		return;
	snprintf(mend, sizeof mend, "kill -CONT %llu", pid);
	doctor_trouble(arg, DOCTOR_CRITICAL, mend, "%s, process %llu, is "
	    "stopped", p->program, pid);
}

void
doctor_processes(struct doctor *d)
{
	struct fault fault;
	int n = run_read_all(NULL, processes_see, d, &fault);

	if (n < 0)
		doctor_trouble(d, DOCTOR_WARNING, "chmod u+rwx run", "%s",
		    fault.text);
	else
		doctor_measure(d, "processes", n, "");
}

static void
processes_version(void *arg, const struct run_process *p)
{
	unsigned long long pid = p->pid;
	char mend[160];

	if (strcmp(p->release, MFX_VERSION) == 0)
		return;
	snprintf(mend, sizeof mend, "systemctl restart %s (or: kill %llu)",
	    p->program, pid);
	doctor_trouble(arg, DOCTOR_WARNING, mend, "%s, process %llu, is of "
	    "version %s, and this is " MFX_VERSION, p->program, pid,
	    p->release);
}

void
doctor_versions(struct doctor *d)
{
	struct fault fault;

	run_read_all(NULL, processes_version, d, &fault);
}

/* ---- what keeps them running ---- */

/* the output of a command, or nothing */
static void
processes_output(char **argv, struct buf *out)
{
	struct child child;
	struct fault fault;
	ssize_t n = 1;

	if (child_start(&child, argv, CHILD_READ, &fault) < 0)
		return;
	while (n > 0 && buf_room(out, 4096) != NULL)
		if ((n = read(child.fd, out->p + out->n, 4096)) > 0)
			out->n += (size_t)n;
	close(child.fd);
	child_wait(&child, argv[0], 1, &fault);
}

void
doctor_units(struct doctor *d)
{
	char program[] = "systemctl", list[] = "list-units", all[] = "--all",
	    plain[] = "--plain", bare[] = "--no-legend",
	    whole[] = "--no-pager", ours[] = "mfx-*";
	char *argv[] = { program, list, all, plain, bare, whole, ours, NULL };
	char path[PATH_MAX];
	char mend[160], unit[100], load[32], active[32];
	struct str rest, line;
	struct buf out;

	if (!which_in_path("systemctl", path))
		return;
	buf_init(&out, (size_t)1 << 20);
	processes_output(argv, &out);
	buf_putc(&out, '\n');
	rest = buf_str(&out);
	while (str_take_line(&rest, &line)) {
		char text[256];

		snprintf(text, sizeof text, "%.*s", STR_ARG(line));
		if (sscanf(text, "%99s %31s %31s", unit, load, active) != 3 ||
		    strcmp(active, "failed") != 0)
			continue;
		snprintf(mend, sizeof mend, "systemctl restart %s", unit);
		doctor_trouble(d, DOCTOR_CRITICAL, mend, "unit %s has failed "
		    "(journalctl -u %s says why)", unit, unit);
	}
	buf_release(&out);
}

static void
processes_service(struct doctor *d, const char *dir, const char *name)
{
	char path[PATH_MAX], mend[DOCTOR_MEND], said[16] = "";
	FILE *f;

	if (snprintf(path, sizeof path, "%s/%s/down", dir, name) < 0 ||
	    access(path, F_OK) == 0)
		return;
	snprintf(path, sizeof path, "%s/%s/supervise/stat", dir, name);
	f = fopen(path, "re");
	if (f != NULL && fgets(said, sizeof said, f) != NULL &&
	    strncmp(said, "run", 3) != 0) {
		snprintf(path, sizeof path, "%s/%s", dir, name);
		doctor_trouble(d, DOCTOR_CRITICAL, doctor_mend(mend, "sv up",
		    path), "service %s: %.*s", path,
		    (int)strcspn(said, "\n"), said);
	}
	if (f != NULL)
		fclose(f);
}

void
doctor_services(struct doctor *d)
{
	static const char *const usual[] = { "/etc/service", "/var/service" };
	const struct opt_list *given = &d->set->services;
	int i, n = given->n > 0 ? given->n : 2;
	struct dirent *e;
	DIR *open;

	for (i = 0; i < n; i++) {
		const char *dir = given->n > 0 ? given->v[i] : usual[i];

		if ((open = opendir(dir)) == NULL)
			continue;
		while ((e = readdir(open)) != NULL)
			if (strncmp(e->d_name, "mfx-", 4) == 0)
				processes_service(d, dir, e->d_name);
		closedir(open);
	}
}
