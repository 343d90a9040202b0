/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/signal.h"
#include "base/spawn.h"
#include "base/which.h"
#include "cmd/export/collect.h"

#define LABELS_MAX 1024
#define UNITS_OUTPUT_MAX ((size_t)1 << 20)
#define UNITS_PATIENCE (2 * CLOCK_SECOND)

static const struct family_kind
    units_state = { "mfx_unit_state",
    "1: the unit of systemd is in this state.", FAMILY_GAUGE },
    units_restarts = { "mfx_unit_restarts_total",
    "Times that systemd started it again.", FAMILY_COUNTER };

/* ---- asking systemctl(1) ---- */

/* all that it writes, in time; -1 and errno */
static int
units_read(int fd, struct buf *b)
{
	int64_t end = clock_ns() + UNITS_PATIENCE, left;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = 1;
	char *to;

	while ((left = end - clock_ns()) > 0) {
		if (signal_poll(&p, 1, (int)(left / 1000000) + 1) <= 0)
			continue;	/* or asked to stop, within this time */
		if ((to = buf_room(b, 4096)) == NULL) {
			errno = EFBIG;
			return -1;
		}
		if ((n = read(fd, to, 4096)) <= 0)
			return n < 0 ? -1 : 0;
		b->n += (size_t)n;
	}
	errno = ETIMEDOUT;
	return -1;
}

static int
units_run(char *pattern, struct buf *b, struct fault *fault)
{
	static char name[] = "systemctl", verb[] = "show", all[] = "--all",
	    what[] = "--property=Id,ActiveState,NRestarts", end[] = "--";
	char *argv[] = { name, verb, all, what, end, pattern, NULL };
	char path[PATH_MAX];
	int fds[2], status = 0, r;
	pid_t pid;

	if (!which_in_path(argv[0], path))
		return fault_set(fault, EX_CONFIG, "no program %s in the PATH",
		    argv[0]);
	if (pipe(fds) < 0)
		return fault_errno(fault, 0, "pipe");
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	errno = spawn_program(&(struct spawn){ .path = path, .argv = argv,
	    .in = STDIN_FILENO, .out = fds[1], .group = true }, &pid);
	close(fds[1]);
	if (errno != 0) {
		close(fds[0]);
		return fault_errno(fault, 0, "%s", path);
	}
	r = units_read(fds[0], b);
	if (r < 0) {
		fault_errno(fault, EX_TEMPFAIL, "%s", path);
		kill(-pid, SIGKILL);
	}
	close(fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (r == 0 && status != 0)
		r = fault_set(fault, EX_UNAVAILABLE, "%s: could not show the "
		    "units '%s'", path, pattern);
	return r;
}

/* ---- what it says ---- */

struct unit {
	struct str id, state, restarts;
};

static void
units_put(struct families *f, const struct unit *u)
{
	static const char *const states[] = { "active", "reloading",
		"inactive", "failed", "activating", "deactivating" };
	char name[256], number[24];
	struct buf labels;
	size_t i;

	if (u->id.n == 0)
		return;
	snprintf(name, sizeof name, "%.*s", STR_ARG(u->id));
	buf_init(&labels, LABELS_MAX);
	for (i = 0; i < sizeof states / sizeof *states; i++) {
		buf_clear(&labels);
		labels_put(&labels, "unit", name);
		labels_put(&labels, "state", states[i]);
		families_add_number(f, &units_state, buf_str(&labels),
		    str_eq(u->state, str_z(states[i])));
	}
	buf_clear(&labels);
	labels_put(&labels, "unit", name);
	snprintf(number, sizeof number, "%.*s", STR_ARG(u->restarts));
	/* only services have it */
	if (*number != '\0' && strspn(number, "0123456789") == strlen(number))
		families_add(f, &units_restarts, "", buf_str(&labels), number);
	buf_release(&labels);
}

/* KEY=VALUE lines, with an empty line between units */
static void
units_parse(struct families *f, struct str text)
{
	struct unit u = { .id = STR_NONE };
	struct str line;

	while (str_take_line(&text, &line)) {
		if (line.n == 0) {
			units_put(f, &u);
			u = (struct unit){ .id = STR_NONE };
		} else if (str_starts(line, STR("Id="))) {
			u.id = str_from(line, 3);
		} else if (str_starts(line, STR("ActiveState="))) {
			u.state = str_from(line, 12);
		} else if (str_starts(line, STR("NRestarts="))) {
			u.restarts = str_from(line, 10);
		}
	}
	units_put(f, &u);
}

bool
collect_units_known(void)
{
	/* as sd_booted(3) */
	return access("/run/systemd/system", F_OK) == 0;
}

int
collect_units(struct families *f, const struct collect_options *o,
    struct fault *fault)
{
	char *pattern = memory_strdup(o->units != NULL ? o->units : "mfx*");
	struct buf text;
	int r;

	buf_init(&text, UNITS_OUTPUT_MAX);
	r = units_run(pattern, &text, fault);
	free(pattern);
	if (r == 0)
		units_parse(f, buf_str(&text));
	buf_release(&text);
	return r;
}
