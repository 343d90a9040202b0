/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/child.h"
#include "base/run_read.h"
#include "base/which.h"
#include "cmd/doctor/doctor.h"
#include "store/reader.h"
#include "store/running.h"

/* ---- stores ---- */

static void
around_store(struct doctor *d, const char *store)
{
	static const struct store_watch watch;
	const struct store_driver *driver;
	char mend[DOCTOR_MEND], shown[STORE_RUNNING_MAX];
	const char *place;
	struct fault fault;

	snprintf(shown, sizeof shown, "%.*s", (int)store_shown(store), store);
	driver = store_find(store, &place, &fault);
	if (driver == NULL || store_probe(driver, place, &watch, &fault) < 0)
		doctor_trouble(d, DOCTOR_CRITICAL, doctor_mend(mend,
		    "systemctl restart mfx-store; ls -l", shown),
		    "store %s: %s", shown, fault.text);
}

/* those that running sinks name */
static void
around_sink(void *arg, const struct run_process *p)
{
	char place[STORE_RUNNING_MAX];

	if (store_running(p, place))
		around_store(arg, place);
}

void
doctor_stores(struct doctor *d)
{
	struct fault fault;
	int i;

	for (i = 0; i < d->set->stores.n; i++)
		around_store(d, d->set->stores.v[i]);
	run_read_all(NULL, around_sink, d, &fault);
}

/* ---- ports ---- */

/* NULL, or why nobody answers there */
static const char *
around_connect(const char *where)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *a = NULL, *i;
	char host[256], *port;
	const char *why = "no such address";
	int fd;

	snprintf(host, sizeof host, "%s", where);
	if ((port = strrchr(host, ':')) == NULL)
		return "not ADDR:PORT";
	*port++ = '\0';
	if (host[0] == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	if (getaddrinfo(host, port, &hints, &a) != 0)
		return why;
	for (i = a; i != NULL && why != NULL; i = i->ai_next) {
		fd = socket(i->ai_family, i->ai_socktype, i->ai_protocol);
		why = fd >= 0 && connect(fd, i->ai_addr, i->ai_addrlen) == 0 ?
		    NULL : "nobody answers";
		if (fd >= 0)
			close(fd);
	}
	freeaddrinfo(a);
	return why;
}

static void
around_port(struct doctor *d, const char *where, const char *whose)
{
	const char *why = around_connect(where);

	if (why != NULL)
		doctor_trouble(d, DOCTOR_CRITICAL,
		    "systemctl restart 'mfx-*' (ss -ltnp shows who listens)",
		    "%s%s: %s", whose, where, why);
}

void
doctor_ports(struct doctor *d)
{
	int i;

	for (i = 0; i < d->set->ports.n; i++)
		around_port(d, d->set->ports.v[i], "port ");
}

/* ---- files of others ---- */

typedef void around_line_fn(struct doctor *, const char *name, char *value);

/* Lines of a configuration: a word, and what follows. */
static bool
around_read(struct doctor *d, const char *path, around_line_fn *see)
{
	char line[2048], *name, *value, *end;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return false;
	while (fgets(line, sizeof line, f) != NULL) {
		name = line + strspn(line, " \t");
		name[strcspn(name, ";\n")] = '\0';
		value = name + strcspn(name, " \t");
		if (*name == '#' || *value == '\0')
			continue;
		*value++ = '\0';
		value += strspn(value, " \t");
		for (end = value + strlen(value); end > value &&
		    (end[-1] == ' ' || end[-1] == '\t'); )
			*--end = '\0';
		see(d, name, value);
	}
	fclose(f);
	return true;
}

static void
around_files(struct doctor *d, const struct opt_list *given,
    const char *const *usual, around_line_fn *see)
{
	int i;

	for (i = 0; i < given->n; i++)
		if (!around_read(d, given->v[i], see))
			doctor_trouble(d, DOCTOR_WARNING, "ls -l",
			    "%s: it can't be read", given->v[i]);
	for (; given->n == 0 && *usual != NULL; usual++)
		around_read(d, *usual, see);
}

static void
around_nginx_line(struct doctor *d, const char *name, char *value)
{
	char *slash;

	if (strcmp(name, "ssl_certificate") == 0) {
		doctor_certificate_file(d, value);
		return;
	}
	if (strcmp(name, "proxy_pass") == 0 &&
	    (strncmp(value, "http://", 7) == 0 ||
	    strncmp(value, "https://", 8) == 0))
		value = strstr(value, "://") + 3;
	else if (strcmp(name, "server") != 0)
		return;
	value[strcspn(value, " \t$")] = '\0';
	if ((slash = strchr(value, '/')) != NULL)
		*slash = '\0';
	/* the name of an upstream has no port */
	if (strchr(value, ':') != NULL && value[0] != '{')
		around_port(d, value, "upstream ");
}

void
doctor_nginx(struct doctor *d)
{
	static const char *const usual[] = { "/etc/nginx/conf.d/mfx.conf",
	    "/etc/nginx/sites-enabled/mfx", NULL };

	around_files(d, &d->set->nginx, usual, around_nginx_line);
}

static void
around_broker_line(struct doctor *d, const char *name, char *value)
{
	char mend[DOCTOR_MEND];

	if (strcmp(name, "plugin") == 0 && access(value, R_OK) < 0)
		doctor_trouble(d, DOCTOR_CRITICAL, doctor_mend(mend,
		    "make install; ls -l", value),
		    "plugin %s: it can't be read", value);
	else if (strcmp(name, "plugin_opt_home") == 0 &&
	    strcmp(value, d->home) != 0)
		doctor_trouble(d, DOCTOR_CRITICAL, doctor_mend(mend,
		    "plugin_opt_home", d->home),
		    "plugin_opt_home %s: this site is %s", value, d->home);
	else if (strcmp(name, "allow_anonymous") == 0 &&
	    strcmp(value, "true") == 0)
		doctor_trouble(d, DOCTOR_CRITICAL, "allow_anonymous false",
		    "allow_anonymous true: clients without a key get in");
}

void
doctor_broker(struct doctor *d)
{
	static const char *const usual[] = {
	    "/etc/mosquitto/conf.d/mfx.conf", NULL };

	around_files(d, &d->set->mosquitto, usual, around_broker_line);
}

/* ---- alarms ---- */

void
doctor_alarms(struct doctor *d)
{
	char state[PATH_MAX], program[] = "mfx-alarm", list[] = "list",
	    option[] = "--state", text[8192];
	char *argv[] = { program, list, option, state, NULL };
	struct child child;
	struct fault fault;
	uint64_t n = 0;
	FILE *f;

	if (d->set->alarms != NULL)
		snprintf(state, sizeof state, "%s", d->set->alarms);
	else
		snprintf(state, sizeof state, "%s/alarm.db", d->home);
	if (access(state, F_OK) < 0)
		return;
	if (child_start(&child, argv, CHILD_READ, &fault) < 0) {
		doctor_trouble(d, DOCTOR_WARNING, "mfx-alarm list", "%s",
		    fault.text);
		return;
	}
	/* no memory: this check has failed, which is told */
	if ((f = fdopen(child.fd, "r")) == NULL)
		_exit(EX_OSERR);
	while (fgets(text, sizeof text, f) != NULL)
		n += strchr(text, '\n') != NULL &&
		    strstr(text, "\"acknowledged\":") == NULL;
	fclose(f);
	if (child_wait(&child, argv[0], 1, &fault) < 0)
		doctor_trouble(d, DOCTOR_WARNING, "mfx-alarm list", "%s",
		    fault.text);
	if (n > 0)
		doctor_trouble(d, DOCTOR_WARNING,
		    "mfx-alarm list -H; mfx-alarm ack ALARM",
		    "%llu alarms that nobody has acknowledged",
		    (unsigned long long)n);
}
