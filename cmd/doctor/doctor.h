/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_DOCTOR_DOCTOR_H
#define MFX_CMD_DOCTOR_DOCTOR_H

#include "base/opt.h"
#include "base/out.h"
#include "base/stamp.h"

/*
 * Checks of a site.  Each is a row of a table with a function, which runs in a
 * process of its own: what it finds comes through a pipe, and one that has not
 * ended in time is killed, and is a trouble itself.  Checks only read.
 */
enum doctor_level { DOCTOR_WARNING, DOCTOR_CRITICAL };

struct doctor_settings {
	struct opt_list stores, ports, certificates, nginx, mosquitto, services;
	const char *backup, *alarms;
	int64_t max_lag, expires, timeout;	/* ns */
	int64_t min_free;			/* percent */
};

/* what a check is given */
struct doctor {
	const struct doctor_settings *set;
	const char *home;
	int fd;			/* private: where it tells */
};

/* A trouble, and the command that mends it; both may hold text from outside. */
void doctor_trouble(struct doctor *, enum doctor_level, const char *mend,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* a value that Nagios plots; unit "", "s", "%", "B" */
void doctor_measure(struct doctor *, const char *name, double value,
    const char *unit);
/* "command 'path'", as a shell reads it */
#define DOCTOR_MEND 4400
const char *doctor_mend(char to[DOCTOR_MEND], const char *command,
    const char *path);

struct doctor_check {
	const char *name, *summary;
	void (*run)(struct doctor *);
};

/* NULL at the end */
extern const struct doctor_check doctor_checks[];

/* files.c */
void doctor_home(struct doctor *), doctor_modes(struct doctor *),
    doctor_owners(struct doctor *), doctor_disk(struct doctor *),
    doctor_backup(struct doctor *);
/* identity.c */
void doctor_master_key(struct doctor *), doctor_registry(struct doctor *),
    doctor_certificates(struct doctor *);
void doctor_certificate_file(struct doctor *, const char *path);
/* streams.c */
void doctor_bus(struct doctor *), doctor_streams(struct doctor *),
    doctor_groups(struct doctor *), doctor_dead(struct doctor *),
    doctor_clock(struct doctor *);
/* processes.c */
void doctor_run_files(struct doctor *), doctor_processes(struct doctor *),
    doctor_versions(struct doctor *), doctor_units(struct doctor *),
    doctor_services(struct doctor *);
/* around.c */
void doctor_stores(struct doctor *), doctor_ports(struct doctor *),
    doctor_nginx(struct doctor *), doctor_broker(struct doctor *),
    doctor_alarms(struct doctor *);

/* run.c: what the checks have found */
enum doctor_form { DOCTOR_TEXT, DOCTOR_JSON, DOCTOR_NAGIOS };
/* runs all checks, prints, and gives the exit status */
int doctor_run(const struct doctor_settings *, const char *home,
    enum doctor_form, const struct opt_list *only);

#endif
