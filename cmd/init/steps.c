/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done besides writing files: each step is a text for sh(1), as an
 * administrator would type it, and does nothing where it was done before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sys/wait.h>

#include "base/diag.h"
#include "base/spawn.h"
#include "cmd/init/init.h"

/* which a step is for */
enum {
	SYSTEMD = 1 << INIT_SYSTEMD, RUNIT = 1 << INIT_RUNIT,
	NONE = 1 << INIT_NONE, ALL = SYSTEMD | RUNIT | NONE,
	BROKER = 16, NGINX = 32,	/* and only with these */
};

struct step {
	int when;
	const char *text;
};

#define SOCKETS "mfx-api.socket mfx-adapt-http.socket mfx-adapt-ws.socket " \
	"mfx-adapt-coap.socket mfx-adapt-coap-psk.socket"
#define TIMERS "mfx-prune.timer mfx-prune-store.timer mfx-backup.timer " \
	"mfx-certs-crl.timer mfx-certs-expiring.timer"
#define BROKERS "mfx-mosquitto.service mfx-mqtt-delivery.service"
#define SERVERS "mfx-api mfx-adapt-http mfx-adapt-ws mfx-adapt-coap"

static const struct step set_up[] = {
	{ SYSTEMD, "systemd-sysusers mfx.conf" },
	{ SYSTEMD, "systemd-tmpfiles --create mfx.conf" },
	{ RUNIT | NONE, "id mfx >/dev/null 2>&1 || useradd --system "
	    "--home-dir /var/lib/mfx --shell /usr/sbin/nologin mfx" },
	{ RUNIT | NONE, "install -d -o mfx -g mfx -m 700 /var/lib/mfx "
	    "/var/lib/mfx/mqtt /var/backups/mfx" },
	{ RUNIT | NONE, "install -d -o mfx -g mfx -m 750 /etc/mfx/tls" },
	{ ALL, "[ -e /etc/mfx/backup.key ] || (umask 077; head -c 32 "
	    "/dev/urandom >/etc/mfx/backup.key.tmp && mv "
	    "/etc/mfx/backup.key.tmp /etc/mfx/backup.key)" },
	{ ALL, "[ -e /var/lib/mfx/registry.db ] || if [ -t 0 ]; then mfx-users "
	    "create \"$user\"; else mfx-users create \"$user\" "
	    "--password-file -; fi" },
	{ ALL, "mfx-certs ca show >/dev/null 2>&1 || mfx-certs ca init" },
	{ ALL, "cd /etc/mfx/tls && { [ -e ca.crt ] || { mfx-certs ca show "
	    ">ca.crt.tmp && mv ca.crt.tmp ca.crt; }; }" },
	{ ALL, "cd /etc/mfx/tls && { [ -e server.crt ] || { "
	    "{ [ -e \"$host.key\" ] || mfx-certs server \"$host\" --out .; } "
	    "&& chown mfx \"$host.key\" && ln -sf \"$host.key\" server.key && "
	    "ln -s \"$host.crt\" server.crt; }; }" },
	{ SYSTEMD, "systemctl daemon-reload" },
	{ SYSTEMD | BROKER, "systemctl disable --now mosquitto.service" },
	{ SYSTEMD | BROKER, "systemctl enable --now " BROKERS },
	{ SYSTEMD, "systemctl enable --now " SOCKETS },
	{ SYSTEMD, "systemctl enable --now " TIMERS },
	{ SYSTEMD, "for p in $pipes; do systemctl enable --now "
	    "\"mfx-pipe@$p.service\"; done" },
	/* what runs with a file of before; timers and sockets, too */
	{ SYSTEMD, "for u in $changed; do case $u in mfx-pipe@.service) "
	    "u='mfx-pipe@*.service' ;; *.*) ;; *) u=$u.service ;; esac; "
	    "systemctl try-restart \"$u\"; done" },
	{ SYSTEMD | NGINX, "nginx -t -q && systemctl enable nginx.service && "
	    "systemctl reload-or-restart nginx.service" },
	{ RUNIT | BROKER, "ln -sfn /etc/sv/mfx-mosquitto /etc/sv/"
	    "mfx-mqtt-delivery /etc/service/" },
	{ RUNIT, "for s in " SERVERS "; do ln -sfn \"/etc/sv/$s\" "
	    "/etc/service/; done" },
	{ RUNIT, "for p in $pipes; do ln -sfn \"/etc/sv/mfx-pipe@$p\" "
	    "/etc/service/; done" },
	{ RUNIT, "for s in $changed; do [ ! -e "
	    "\"/etc/sv/$s/supervise/ok\" ] || "
	    "sv -w 30 try-restart \"/etc/sv/$s\"; done" },
	{ RUNIT | NONE | NGINX, "nginx -t -q && { nginx -s reload || nginx; "
	    "}" },
	{ 0, NULL }
};

static const struct step tear_down[] = {
	{ SYSTEMD, "for u in " SOCKETS " mfx-api mfx-adapt-http mfx-adapt-ws "
	    "mfx-adapt-coap " BROKERS " " TIMERS "; do [ ! -e "
	    "\"/etc/systemd/system/$u\" ] && [ ! -e "
	    "\"/etc/systemd/system/$u.service\" ] || systemctl disable --now "
	    "\"$u\"; done" },
	{ SYSTEMD, "for p in $pipes; do systemctl disable --now "
	    "\"mfx-pipe@$p.service\"; done" },
	/* runsvdir is not to start them again */
	{ RUNIT, "for s in /etc/sv/mfx-*; do rm -f \"/etc/service/${s##*/}\"; "
	    "[ ! -e \"$s/supervise/ok\" ] || sv -w 30 exit \"$s\" || :; "
	    "rm -rf \"$s/supervise\" \"$s/log/supervise\"; done" },
	{ 0, NULL }
};

static int
step_run(const char *text, struct fault *fault)
{
	char sh[] = "sh", option[] = "-c", *copy = strdup(text);
	char *argv[] = { sh, option, copy, NULL };
	int e = copy == NULL ? ENOMEM : 0, status;
	pid_t pid;

	if (e == 0)
		/* what it prints is no output of ours */
		e = spawn_program(&(struct spawn){ .path = "/bin/sh",
		    .argv = argv, .in = 0, .out = 2 }, &pid);
	free(copy);
	if (e != 0) {
		errno = e;
		return fault_errno(fault, 0, "/bin/sh");
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fault_errno(fault, 0, "/bin/sh");
	if (status != 0)
		return fault_set(fault, EX_UNAVAILABLE, "this failed, and what "
		    "comes after it was not done; mfx-init again goes on: %s",
		    text);
	return 0;
}

/* what the texts speak of */
static int
steps_environment(const struct init_plan *p, const char *changed,
    struct fault *fault)
{
	const char *path = getenv("PATH");
	struct buf b;
	size_t i;
	int r;

	buf_init(&b, INIT_TEXT_MAX);
	for (i = 0; i < p->npipes; i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", p->pipes[i]);
	buf_putc(&b, '\0');
	r = setenv("pipes", b.p, 1);
	buf_clear(&b);
	buf_printf(&b, "%s:%s", p->bin, path != NULL ? path :
	    "/usr/sbin:/usr/bin:/sbin:/bin");
	buf_putc(&b, '\0');
	r |= setenv("PATH", b.p, 1) | setenv("host", p->host, 1) |
	    setenv("user", init_opt.user != NULL ? init_opt.user : "", 1) |
	    setenv("changed", changed, 1) |
	    setenv("MFX_HOME", INIT_HOME, 1) | unsetenv("MFX_URL");
	buf_release(&b);
	return r == 0 ? 0 : fault_errno(fault, 0, "environment");
}

/* Below --root nothing runs: its steps are shown. */
static int
steps_do(const struct step *steps, int have, const struct init_plan *p,
    const char *changed, struct out *out, struct fault *fault)
{
	bool show = init_opt.dry_run || init_opt.root != NULL;
	const struct step *s;

	if (steps_environment(p, changed, fault) < 0)
		return -1;
	if (show) {
		buf_printf(&out->b, "run export MFX_HOME=" INIT_HOME
		    " PATH=%s:$PATH host=%s pipes='%s' changed='%s'", p->bin,
		    p->host, getenv("pipes"), changed);
		if (init_opt.user != NULL)
			buf_printf(&out->b, " user='%s'", init_opt.user);
		buf_putc(&out->b, '\n');
		out_end(out);
	}
	for (s = steps; s->text != NULL; s++) {
		if ((s->when & 1 << init_opt.supervisor) == 0 ||
		    (s->when & ~have & (BROKER | NGINX)) != 0)
			continue;
		if (show) {
			buf_printf(&out->b, "run %s\n", s->text);
			out_end(out);
			continue;
		}
		diag_info("%s", s->text);
		if (step_run(s->text, fault) < 0)
			return -1;
	}
	return 0;
}

int
init_steps(const struct init_plan *p, const struct init_placed *placed,
    struct out *out, struct fault *fault)
{
	return steps_do(set_up, (p->broker ? BROKER : 0) |
	    (placed->nginx ? NGINX : 0), p, placed->changed, out, fault);
}

int
init_stop(const struct init_plan *p, struct out *out, struct fault *fault)
{
	return steps_do(tear_down, BROKER | NGINX, p, "", out, fault);
}
