/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with this site, and the command that mends it.  The checks are
 * in cmd/doctor.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/program.h"
#include "cmd/doctor/doctor.h"

#define DAY (24 * 3600 * CLOCK_SECOND)

static struct doctor_settings set = {
	.max_lag = 60 * CLOCK_SECOND, .expires = 14 * DAY,
	.timeout = 20 * CLOCK_SECOND, .min_free = 10,
};

static struct {
	enum { TEXT, JSON } type;
	bool nagios;
	struct opt_list checks;
} opt;

static const struct opt options[] = {
	{ 0, "check", "NAME", "make only this check; may be repeated",
	    OPT_LIST(&opt.checks) },
	{ 0, "store", "PLACE", "also look at this store; may be repeated",
	    OPT_LIST(&set.stores) },
	{ 0, "port", "ADDR:PORT", "a server has to answer there; may be "
	    "repeated", OPT_LIST(&set.ports) },
	{ 0, "certificate", "FILE", "also look at this certificate; may be "
	    "repeated", OPT_LIST(&set.certificates) },
	{ 0, "nginx", "FILE", "configuration of nginx (default: "
	    "/etc/nginx/conf.d/mfx.conf, sites-enabled/mfx)",
	    OPT_LIST(&set.nginx) },
	{ 0, "mosquitto", "FILE", "configuration of mosquitto (default: "
	    "/etc/mosquitto/conf.d/mfx.conf)", OPT_LIST(&set.mosquitto) },
	{ 0, "services", "DIR", "services of runit (default: /etc/service, "
	    "/var/service)", OPT_LIST(&set.services) },
	{ 0, "backup", "DIR", "where mfx-site backup puts backups",
	    OPT_STRING(&set.backup) },
	{ 0, "alarms", "FILE", "state of mfx-alarm (default: alarm.db)",
	    OPT_STRING(&set.alarms) },
	{ 0, "max-lag", "DURATION", "how old the oldest unread line of a group "
	    "may be (default: 1m)", OPT_DURATION(&set.max_lag, 0, INT64_MAX) },
	{ 0, "expires", "DURATION", "how long certificates have to last "
	    "(default: 14d)", OPT_DURATION(&set.expires, 0, INT64_MAX) },
	{ 0, "min-free", "N", "how much of the disk has to be free, in percent "
	    "(default: 10)", OPT_INT(&set.min_free, 0, 100) },
	{ 0, "timeout", "DURATION", "how long a check may take (default: "
	    "20s)", OPT_TIMEOUT(&set.timeout, 1, 3600 * CLOCK_SECOND) },
	{ 't', "type", "text|json", "form of the output (default: text)",
	    OPT_ENUM(&opt.type) },
	{ 0, "nagios", NULL, "print and end as a plugin of Nagios",
	    OPT_FLAG(&opt.nagios) },
	OPT_END
};

static const struct program program = {
	.name = "mfx-doctor",
	.summary = "say what is wrong with a site, and what mends it",
	.options = options,
	.network = true,
};

static void
doctor_check_names(void)
{
	const struct doctor_check *c;
	int i;

	for (i = 0; i < opt.checks.n; i++) {
		for (c = doctor_checks; c->name != NULL; c++)
			if (strcmp(c->name, opt.checks.v[i]) == 0)
				break;
		if (c->name == NULL)
			program_misuse("--check '%s': no such check; "
			    "mfx-doctor(1) lists them", opt.checks.v[i]);
	}
}

int
main(int argc, char **argv)
{
	char *home;
	int status;

	program_start(&program, argc, argv);
	doctor_check_names();
	home = home_path("");
	while (strlen(home) > 1 && home[strlen(home) - 1] == '/')
		home[strlen(home) - 1] = '\0';
	status = doctor_run(&set, home, opt.nagios ? DOCTOR_NAGIOS :
	    opt.type == JSON ? DOCTOR_JSON : DOCTOR_TEXT, &opt.checks);
	free(home);
	return status;
}
