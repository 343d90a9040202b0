/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a site has, out of which templates. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/file.h"
#include "base/os.h"
#include "cmd/init/init.h"

/* when a file is wanted: all of these */
enum { ANY = 0, SYSTEMD = 1, RUNIT = 2, CRON = 4, NGINX = 8, BROKER = 16 };

static const struct row {
	const char *from, *to;
	int when;
} rows[] = {
	{ "sysusers/mfx.conf", "/etc/sysusers.d/mfx.conf", SYSTEMD },
	{ "tmpfiles/mfx.conf", "/etc/tmpfiles.d/mfx.conf", SYSTEMD },
	{ "cron/mfx", "/etc/cron.d/mfx", CRON },
	{ "pipes/store", "/etc/mfx/pipes/store", ANY },
	{ "mosquitto/mosquitto.conf", "/etc/mfx/mosquitto.conf", BROKER },
	{ "nginx/mfx/api.conf", "/etc/nginx/mfx/api.conf", NGINX },
	{ "nginx/mfx/limits.conf", "/etc/nginx/mfx/limits.conf", NGINX },
	{ "nginx/mfx/things.conf", "/etc/nginx/mfx/things.conf", NGINX },
	{ "nginx/nginx.conf", "/etc/nginx/nginx.conf", NGINX },
};
#define UNITS "/etc/systemd/system/"
static const struct row units[] = {
	{ "systemd/", "mfx-api.socket", SYSTEMD },
	{ "systemd/", "mfx-api.service", SYSTEMD },
	{ "systemd/", "mfx-adapt-http.socket", SYSTEMD },
	{ "systemd/", "mfx-adapt-http.service", SYSTEMD },
	{ "systemd/", "mfx-adapt-ws.socket", SYSTEMD },
	{ "systemd/", "mfx-adapt-ws.service", SYSTEMD },
	{ "systemd/", "mfx-adapt-coap.socket", SYSTEMD },
	{ "systemd/", "mfx-adapt-coap-psk.socket", SYSTEMD },
	{ "systemd/", "mfx-adapt-coap.service", SYSTEMD },
	{ "systemd/", "mfx-pipe@.service", SYSTEMD },
	{ "systemd/", "mfx-prune.service", SYSTEMD },
	{ "systemd/", "mfx-prune.timer", SYSTEMD },
	{ "systemd/", "mfx-prune-store.service", SYSTEMD },
	{ "systemd/", "mfx-prune-store.timer", SYSTEMD },
	{ "systemd/", "mfx-backup.service", SYSTEMD },
	{ "systemd/", "mfx-backup.timer", SYSTEMD },
	{ "systemd/", "mfx-certs-crl.service", SYSTEMD },
	{ "systemd/", "mfx-certs-crl.timer", SYSTEMD },
	{ "systemd/", "mfx-certs-expiring.service", SYSTEMD },
	{ "systemd/", "mfx-certs-expiring.timer", SYSTEMD },
	{ "mosquitto/", "mfx-mosquitto.service", SYSTEMD | BROKER },
	{ "mosquitto/", "mfx-mqtt-delivery.service", SYSTEMD | BROKER },
};
static const struct row services[] = {
	{ "mfx-api", NULL, RUNIT },
	{ "mfx-adapt-http", NULL, RUNIT },
	{ "mfx-adapt-ws", NULL, RUNIT },
	{ "mfx-adapt-coap", NULL, RUNIT },
	{ "mfx-mosquitto", NULL, RUNIT | BROKER },
	{ "mfx-mqtt-delivery", NULL, RUNIT | BROKER },
};
#define EACH(i, table) (i = 0; i < sizeof table / sizeof *table; i++)

static bool
plan_wants(const struct init_plan *p, int when)
{
	static const int supervisors[] = {
		[INIT_SYSTEMD] = SYSTEMD, [INIT_RUNIT] = RUNIT | CRON,
		[INIT_NONE] = CRON,
	};
	int is = supervisors[init_opt.supervisor] |
	    (p->nginx ? NGINX : 0) | (p->broker ? BROKER : 0);

	return (when & ~is) == 0;
}

/* the length of what stands at `s` for `what`, or 0 */
static size_t
plan_at(struct str s, const char *what)
{
	size_t n = strlen(what);

	return n <= s.n && memcmp(s.p, what, n) == 0 ? n : 0;
}

/* The text of a template, with the paths of a tree that is not installed, and
 * the ports of a broker that nginx stands in front of. */
static void
plan_substitute(const struct init_plan *p, struct str s, struct buf *to)
{
	bool tree = strstr(p->templates, "/scripts/deploy") != NULL;
	struct {
		const char *from, *to;
		bool is;
	} pairs[] = {
		{ "/usr/local/share/mfx/deploy", p->templates, tree },
		{ "/usr/local/bin", p->bin, tree },
		{ "/usr/local/lib/mfx", p->bin, tree },
		{ "\nlistener 1883 ", "\nlistener 11883 ", p->nginx },
		{ "\nlistener 8883\n", "\nlistener 18883 127.0.0.1\n",
		    p->nginx },
		{ "\nlistener 8884\n", "\nlistener 18884 127.0.0.1\n",
		    p->nginx },
	};
	size_t i, n;

	while (s.n > 0) {
		for EACH(i, pairs)
			if (pairs[i].is && (n = plan_at(s, pairs[i].from)) > 0)
				break;
		if (i == sizeof pairs / sizeof *pairs) {
			buf_putc(to, *s.p);
			n = 1;
		} else
			buf_puts(to, pairs[i].to);
		s.p += n;
		s.n -= n;
	}
}

static int
plan_add(struct init_plan *p, const char *from, const char *to,
    struct fault *fault)
{
	struct init_file *f = &p->files[p->n];
	char path[PATH_MAX];
	struct stat st;
	struct buf b;
	int r;

	if (p->n == INIT_FILES_MAX ||
	    snprintf(f->to, sizeof f->to, "%s", to) >= (int)sizeof f->to ||
	    snprintf(path, sizeof path, "%s/%s", p->templates, from) >=
	    (int)sizeof path)
		return fault_set(fault, EX_CONFIG, "%s: too many or too long",
		    to);
	buf_init(&b, INIT_TEXT_MAX);
	r = file_read(path, &b, fault);
	if (r == 0 && stat(path, &st) < 0)
		r = fault_input(fault, path);
	if (r == 0) {
		f->mode = st.st_mode & 0100 ? 0755 : 0644;
		buf_init(&f->text, INIT_TEXT_MAX);
		plan_substitute(p, buf_str(&b), &f->text);
		p->n++;
	}
	buf_release(&b);
	return r;
}

/* the files of a directory for runsv(8) */
static int
plan_add_service(struct init_plan *p, const char *from, const char *instance,
    struct fault *fault)
{
	static const char *const parts[] = { "run", "finish", "log/run" };
	char source[128], to[256];
	size_t i;

	for EACH(i, parts) {
		snprintf(source, sizeof source, "runit/%s/%s", from, parts[i]);
		snprintf(to, sizeof to, "/etc/sv/%s%s%s/%s", from,
		    *instance != '\0' ? "@" : "", instance, parts[i]);
		if (plan_add(p, source, to, fault) < 0)
			return -1;
	}
	return 0;
}

static bool
plan_pipe_valid(const char *name)
{
	return *name != '-' && *name != '\0' && strlen(name) < 64 &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

static int
plan_pipe(struct init_plan *p, const char *name, struct fault *fault)
{
	size_t i;

	for (i = 0; i < p->npipes; i++)
		if (strcmp(p->pipes[i], name) == 0)
			return 0;
	if (p->npipes == INIT_PIPES_MAX)
		return fault_set(fault, EX_CONFIG, "/etc/mfx/pipes: more than "
		    "%d pipelines", INIT_PIPES_MAX);
	snprintf(p->pipes[p->npipes++], sizeof p->pipes[0], "%s", name);
	return 0;
}

/* those that are there, and the one that we bring */
static int
plan_find_pipes(struct init_plan *p, struct fault *fault)
{
	char path[PATH_MAX];
	struct dirent *e;
	int r = 0;
	DIR *dir;

	if (plan_pipe(p, "store", fault) < 0 ||
	    init_path(path, "/etc/mfx/pipes", fault) < 0)
		return -1;
	if ((dir = opendir(path)) == NULL)
		return errno == ENOENT ? 0 : fault_input(fault, path);
	while (r == 0 && (e = readdir(dir)) != NULL)
		if (plan_pipe_valid(e->d_name))
			r = plan_pipe(p, e->d_name, fault);
	closedir(dir);
	return r;
}

/* Templates are beside the programs, installed or in a tree. */
static int
plan_find_templates(struct init_plan *p, struct fault *fault)
{
	static const char *const places[] = {
		"../share/mfx/deploy", "../scripts/deploy",
	};
	char path[PATH_MAX + 64], *slash;
	size_t n = os_program_path("", p->bin, sizeof p->bin), i;

	if (n == 0 || n >= sizeof p->bin)
		return fault_set(fault, EX_OSERR, "can't find this program");
	p->bin[n] = '\0';
	if ((slash = strrchr(p->bin, '/')) != NULL)
		*slash = '\0';
	if (init_opt.templates != NULL) {
		snprintf(path, sizeof path, "%s", init_opt.templates);
	} else {
		for EACH(i, places) {
			snprintf(path, sizeof path, "%s/%s", p->bin, places[i]);
			if (access(path, R_OK) == 0)
				break;
		}
		if (access(path, R_OK) < 0)
			snprintf(path, sizeof path, "%s", DEPLOY_DIR);
	}
	if (realpath(path, p->templates) == NULL)
		return fault_input(fault, path);
	return 0;
}

int
init_plan_make(struct init_plan *p, struct fault *fault)
{
	char from[128], to[256];
	size_t i;

	if (plan_find_templates(p, fault) < 0 || plan_find_pipes(p, fault) < 0)
		return -1;
	p->broker = init_exists("/usr/sbin/mosquitto");
	p->nginx = init_exists("/usr/sbin/nginx") && p->broker &&
	    init_exists("/usr/lib/nginx/modules/ngx_stream_module.so");
	for EACH(i, rows)
		if (plan_wants(p, rows[i].when) &&
		    plan_add(p, rows[i].from, rows[i].to, fault) < 0)
			return -1;
	for EACH(i, units) {
		snprintf(from, sizeof from, "%s%s", units[i].from, units[i].to);
		snprintf(to, sizeof to, UNITS "%s", units[i].to);
		if (plan_wants(p, units[i].when) &&
		    plan_add(p, from, to, fault) < 0)
			return -1;
	}
	for EACH(i, services)
		if (plan_wants(p, services[i].when) &&
		    plan_add_service(p, services[i].from, "", fault) < 0)
			return -1;
	for (i = 0; i < p->npipes; i++)
		if (plan_wants(p, RUNIT) &&
		    plan_add_service(p, "mfx-pipe", p->pipes[i], fault) < 0)
			return -1;
	return 0;
}

void
init_plan_release(struct init_plan *p)
{
	while (p->n > 0)
		buf_release(&p->files[--p->n].text);
}
