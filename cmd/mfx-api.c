/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users, things, channels and connections over HTTP, as Mainflux' clients
 * ask for them.  The registry is the same file that mfx-things(1) and the
 * adapters have open; nothing else has to run.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "adapter/request_log.h"
#include "api/api.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/listen.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/run.h"
#include "base/signal.h"
#include "http/setup.h"
#include "registry/registry.h"
#include "registry/user.h"

/* how long SIGTERM waits for requests in progress */
#define GRACE (10 * STAMP_SECOND)
#define ADMIN_CONNECTIONS 64
#define OCSP_CONNECTIONS 256
#define OCSP_BODY_MAX 4096
#define BODY_MAX (64 << 20)
#define NO_LIMIT 1000000

static struct http_setup setup = {
	.address = "127.0.0.1:8182", .max_body = 8 << 20,
	.timeout = 60 * STAMP_SECOND, .max_connections = 4096,
	.cors_max_age = HTTP_CORS_AGE
};
static struct api_certs certs = API_CERTS_DEFAULTS;
static struct {
	const char *admin, *store_file, *primary;
	struct opt_list stores, administrators;
	int64_t ready_fd, session, attempts, registrations, password_min;
	int64_t limit;
	bool closed, compat;
} opt = {
	.ready_fd = -1, .session = 10 * 3600 * STAMP_SECOND,
	.limit = 30 * STAMP_SECOND
};

static const struct opt options[] = {
	HTTP_OPTIONS_BODY(setup, "8M", BODY_MAX),
	{ 0, "admin", "ADDR:PORT", "serve /health and /metrics on this address "
	    "only",
	    OPT_STRING(&opt.admin) },
	{ 0, "store", "[NAME=]FILE", "read messages from this store (default: "
	    "messages.db)",
	    OPT_LIST(&opt.stores) },
	{ 0, "store-file", "FILE", "read what --store takes from FILE, one a "
	    "line", OPT_STRING(&opt.store_file) },
	{ 0, "session", "DURATION", "lifetime of a session token "
	    "(default: 10h)",
	    OPT_DURATION(&opt.session, 60 * STAMP_SECOND,
	    30 * 24 * 3600 * STAMP_SECOND) },
	{ 0, "time-limit", "DURATION", "longest time to work on one request "
	    "(default: 30s)",
	    OPT_DURATION(&opt.limit, STAMP_SECOND, 3600 * STAMP_SECOND) },
	{ 0, "attempts", "N", "wrong passwords per minute, by account and by "
	    "address (default: 10)", OPT_INT(&opt.attempts, 1, NO_LIMIT) },
	{ 0, "registrations", "N", "new users per hour and client address "
	    "(default: 30)",
	    OPT_INT(&opt.registrations, 1, NO_LIMIT) },
	{ 0, "password-min", "N", "shortest new password, in bytes (default: "
	    "8)",
	    OPT_INT(&opt.password_min, 1, PASSWORD_MAX) },
	{ 0, "primary", "URL", "while the registry is a replica, pass changes "
	    "on to the mfx-api at URL", OPT_STRING(&opt.primary) },
	{ 0, "administrator", "EMAIL", "this user may see what is of no user; "
	    "may be repeated", OPT_LIST(&opt.administrators) },
	API_CERTS_OPTIONS(certs),
	{ 0, "closed", NULL, "refuse to create users over HTTP",
	    OPT_FLAG(&opt.closed) },
	{ 0, "compat", NULL, "behave like Mainflux: no limit on passwords and "
	    "logins",
	    OPT_FLAG(&opt.compat) },
	READY_FD(&opt.ready_fd, "when serving"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-api",
	.summary = "serve users, things and channels over HTTP",
	.options = options,
	.network = true,
	.reloads = true,
};

static struct loop *loop;
static struct http *server, *admin, *ocsp;
static struct loop_hook begin;
static struct loop_watch done;		/* what other threads have done */
static struct api *api;

static void
api_complain(const struct fault *fault)
{
	diag_error("%s", fault->text);
}

static void
api_serve_headers(struct http_request *r, void *arg)
{
	if (api_admits(api, r, setup.require_cert))
		api_on_headers(r, arg);
}

static void
api_serve_request(struct http_request *r, void *arg)
{
	if (api_admits(api, r, setup.require_cert))
		api_handle(r, arg);
}

static void
api_serve_complete(const struct http_request *r, void *arg)
{
	api_on_complete(r, arg);
	request_log(r);
}

/* All requests of a turn see the registry as it was when the turn began. */
static void
api_wake(struct loop_hook *hook, int64_t now)
{
	(void)hook;
	(void)now;
	api_turn(api);
}

static int
api_reload_files(void *arg, struct fault *fault)
{
	return http_setup_reload(arg, fault) < 0 ? -1 :
	    api_reload(api, fault);
}

static void
api_serve_turn(void)
{
	loop_turn(loop, api_pause(api));
	api_rest(api);
	program_reload(api_reload_files, &setup);
	ready_alive(loop_now(loop));
}

static bool
api_at_end(void)
{
	return signal_stop() ||
	    (setup.single && http_connections(server) == 0);
}

/* Accepts nothing new, and finishes what has begun. */
static void
api_drain(void)
{
	int64_t end = clock_ns() + GRACE;

	ready_stopping();
	api_stop(api);
	http_stop(server);
	while (!http_idle(server) && clock_ns() < end)
		api_serve_turn();
}

static int
api_serve(void)
{
	char text[LISTEN_TEXT];
	int i, fd;

	for (i = 0; (fd = http_listener(server, i)) >= 0; i++)
		diag_info("serving on %s", listen_print(fd, text));
	ready_tell(opt.ready_fd);
	while (!api_at_end())
		api_serve_turn();
	api_drain();
	return 0;
}

/* the servers of --admin and --ocsp-listen */
static int
api_open_others(struct fault *fault)
{
	struct http_options o = {
		.timeout = setup.timeout, .max_connections = ADMIN_CONNECTIONS,
		.handle = api_administer, .arg = api
	};

	if (opt.admin != NULL && http_open_at("--admin", opt.admin, loop, &o,
	    &admin, fault) < 0)
		return -1;
	o.handle = api_answer_ocsp;
	o.max_connections = OCSP_CONNECTIONS;
	o.max_per_address = OCSP_CONNECTIONS / 4;
	o.max_body = o.max_bodies = OCSP_BODY_MAX;
	return certs.ocsp_listen == NULL ? 0 : http_open_at("--ocsp-listen",
	    certs.ocsp_listen, loop, &o, &ocsp, fault);
}

/* What is not given is as delivered, or as open as Mainflux was. */
static void
api_fill_in(void)
{
	static const char *const ports[] = {
		"127.0.0.1:8180", "127.0.0.1:8200", "127.0.0.1:8905", NULL
	};

	if (opt.attempts == 0)
		opt.attempts = opt.compat ? NO_LIMIT : 10;
	if (opt.registrations == 0)
		opt.registrations = opt.compat ? NO_LIMIT : 3 * opt.attempts;
	if (opt.password_min == 0)
		opt.password_min = opt.compat ? 1 : PASSWORD_MIN;
	if (!opt.compat)
		return;
	diag_warning("--compat: passwords of any length, no limit on logins "
	    "and new users: for this machine alone");
	setup.also = ports;
}

/* The first user may be registered here, before there is a registry. */
static int
api_make_registry(struct fault *fault)
{
	char *path = home_path("registry.db");
	struct registry *made;
	int result = 0;

	if (access(path, F_OK) < 0 && errno == ENOENT) {
		result = registry_open(&made, NULL, REGISTRY_MAKE, fault);
		if (result == 0) {
			diag_warning("%s: made, as there was no registry",
			    path);
			registry_close(made);
		}
	}
	free(path);
	return result;
}

static int
api_open_all(struct fault *fault)
{
	struct api_options a = {
		.stores = &opt.stores, .store_file = opt.store_file,
		.session = opt.session,
		.limit = opt.limit,
		.attempts = (unsigned)opt.attempts,
		.registrations = (unsigned)opt.registrations,
		.password_min = (size_t)opt.password_min,
		.primary = opt.primary,
		.administrators = &opt.administrators, .certs = &certs,
		.open = !opt.closed, .administers = opt.admin == NULL,
		.complain = api_complain
	};
	struct http_options o = {
		.handle = api_serve_request, .on_headers = api_serve_headers,
		.on_answer = api_on_answer, .on_complete = api_serve_complete
	};

	if ((!opt.closed && api_make_registry(fault) < 0) ||
	    api_open(&api, &a, fault) < 0)
		return -1;
	o.arg = api;
	if (loop_open(&loop, fault) < 0)
		return -1;
	loop_hook(loop, &begin, api_wake, NULL);
	loop_watch(loop, &done, api_fd(api), LOOP_READ, NULL);
	if (http_setup_open(&setup, loop, &o, &server, fault) < 0)
		return -1;
	api_count_connections(api, server);
	run_open(program.name, RUN_SERVER | RUN_MAKE);
	return api_open_others(fault);
}

int
main(int argc, char **argv)
{
	struct fault fault;
	int status;

	program_start(&program, argc, argv);
	program_holds_secrets();
	api_fill_in();
	status = api_open_all(&fault) < 0 ? diag_fault(&fault) : api_serve();
	api_finish(api);
	http_close(admin);
	http_close(ocsp);
	http_close(server);
	http_setup_close(&setup);
	loop_unwatch(&done);
	loop_close(loop);
	api_close(api);
	return status;
}
