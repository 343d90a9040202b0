/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/adapter.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/listen.h"
#include "base/signal.h"

/* ---- what is said ---- */

void
adapter_registry_down(struct adapter *a, const char *fmt, ...)
{
	struct fault fault;
	va_list args;

	if (a->registry_down)
		return;
	a->registry_down = true;
	va_start(args, fmt);
	vsnprintf(fault.text, sizeof fault.text, fmt, args);
	va_end(args);
	diag_error("%s", fault.text);
}

void
adapter_registry_up(struct adapter *a)
{
	a->registry_down = false;
}

void
adapter_refused(struct adapter *a, const struct address *client,
    struct str place, const char *why, const struct diag_about *about)
{
	a->registry_down = false;
	refusals_tell(&a->refusals, client, place, why, about);
}

const char *
adapter_history(const struct adapter *a)
{
	return a->replay != NULL ? a->replay : a->input != NULL ? a->input :
	    strcmp(a->output, "-") != 0 ? a->output : NULL;
}

/* ---- a turn ---- */

static void
adapter_wake(struct loop_hook *hook, int64_t now)
{
	struct adapter *a = (struct adapter *)((char *)hook -
	    offsetof(struct adapter, wake));

	(void)now;
	a->changed |= access_refresh(a->registry);
}

static void
adapter_answer(void *owner, bool written, void *arg)
{
	struct adapter *a = arg;

	a->protocol->answer(owner, written);
}

static void
adapter_checked(const struct fault *fault, void *arg)
{
	struct adapter *a = arg;

	service_checked(&a->service, fault);
}

/* Before a message is given to anybody the protocol learns of changes of the
 * registry: nobody gets one that came after its access was taken away. */
static bool
adapter_review(struct adapter *a, bool first)
{
	if (a->registry == NULL || !(first ? access_refresh_now(a->registry) :
	    access_refresh(a->registry)))
		return false;
	return a->protocol->turn != NULL && a->protocol->turn(true);
}

/* True when the next turn must not wait. */
static bool
adapter_deliver(struct adapter *a)
{
	struct delivery d;
	bool hurry = false, first = true;

	if (a->feed_ready.loop == NULL)
		return false;
	feed_turn(&a->feed);
	for (; feed_next(&a->feed, &d); first = false) {
		hurry |= adapter_review(a, first);
		a->protocol->deliver(&d);
	}
	if (a->feed.fd >= 0)
		return hurry || feed_hurry(&a->feed);
	loop_unwatch(&a->feed_ready);
	if (a->feed.fault.status != 0)
		diag_error("%s", a->feed.fault.text);
	diag_info("the input has ended: nothing more is delivered");
	return hurry;
}

static int
adapter_reload(void *arg, struct fault *fault)
{
	struct adapter *a = arg;

	return a->protocol->reload(fault);
}

static void
adapter_tell_ready(struct adapter *a)
{
	if (a->told || (a->protocol->ready != NULL && !a->protocol->ready()))
		return;
	a->told = true;
	ready_tell(a->ready_fd);
}

/* What it counts is for others too, from time to time. */
static void
adapter_count(struct adapter *a, int64_t now)
{
	if (now - a->counted < METRICS_EACH)
		return;
	a->counted = now;
	service_run(&a->service);
}

/* True when the next one must not wait. */
static bool
adapter_turn(struct adapter *a, bool hurry)
{
	const struct adapter_protocol *p = a->protocol;
	int most = p->timeout != NULL ? p->timeout() : ADAPTER_TURN;
	bool changed;

	loop_turn(a->loop, hurry ? 0 : publish_queue_timeout(&a->queue,
	    most));
	changed = a->changed;
	a->changed = false;
	hurry = p->turn != NULL && p->turn(changed);
	/* writing may wait for a reader that waits for this */
	adapter_tell_ready(a);
	if (a->output != NULL)
		publish_queue_turn(&a->queue);
	if (p->settled != NULL)
		p->settled();
	hurry |= adapter_deliver(a);
	program_reload(a->reloads ? adapter_reload : NULL, a);
	ready_alive(loop_now(a->loop));
	adapter_count(a, loop_now(a->loop));
	return hurry;
}

/* ---- from the first turn to the last ---- */

static bool
adapter_at_end(const struct adapter *a)
{
	return a->queue.broken || signal_stop() ||
	    (a->protocol->ended != NULL && a->protocol->ended());
}

/* Accepts nothing new, and finishes what has begun. */
static void
adapter_drain(struct adapter *a)
{
	const struct adapter_protocol *p = a->protocol;
	int64_t end = clock_ns() + p->grace;

	ready_stopping();
	if (p->stop != NULL)
		p->stop();
	while (p->idle != NULL && !p->idle() && clock_ns() < end) {
		/* a second signal ends it here */
		signal_poll(NULL, 0, 0);
		adapter_turn(a, false);
	}
}

static int
adapter_serve(struct adapter *a)
{
	char text[LISTEN_TEXT];
	const struct adapter_protocol *p = a->protocol;
	bool hurry = false;
	int i, fd, status = 0;

	for (i = 0; p->socket != NULL && (fd = p->socket(i)) >= 0; i++)
		diag_info("serving on %s", listen_print(fd, text));
	if (p->ready == NULL)
		adapter_tell_ready(a);
	while (!adapter_at_end(a))
		hurry = adapter_turn(a, hurry);
	adapter_drain(a);
	publish_queue_finish(&a->queue);
	if (p->finish != NULL)
		status = p->finish();
	return a->queue.broken ? EX_IOERR : status;
}

/* ---- opening ---- */

static struct str
adapter_thing_owner(void *arg, struct str thing)
{
	struct adapter *a = arg;

	return access_owner(a->registry, thing);
}

static int
adapter_open_queue(struct adapter *a, struct fault *fault)
{
	struct publish_queue_options o = {
		.stream = a->output, .sync = a->sync, .bus = a->bus,
		.loop = a->loop, .budget = &a->budget, .answer = adapter_answer,
		.checked = adapter_checked, .arg = a,
		.thing_owner = a->registry != NULL ? adapter_thing_owner : NULL
	};

	return a->output == NULL ? 0 :
	    publish_queue_open(&a->queue, &o, fault);
}

/* Where lines come from: fd 0, unless that is a socket we serve. */
static int
adapter_open_input(struct adapter *a, struct fault *fault)
{
	if (a->protocol->deliver == NULL)
		return 0;
	if (a->input != NULL) {
		if (feed_open(&a->feed, a->bus, a->input, fault) < 0)
			return -1;
	} else if (!a->stdin_served) {
		feed_init(&a->feed, STDIN_FILENO, "<stdin>");
	}
	if (a->feed.fd >= 0)
		loop_watch(a->loop, &a->feed_ready, a->feed.fd, LOOP_READ,
		    NULL);
	return 0;
}

static int
adapter_open_admin(struct adapter *a, struct fault *fault)
{
	return a->admin_address == NULL ? 0 : service_open(&a->service,
	    a->admin_address, a->loop, &a->admin, fault);
}

static int
adapter_open(struct adapter *a, struct fault *fault)
{
	const struct adapter_protocol *p = a->protocol;

	a->service.name = p->name;
	a->service.prefix = p->prefix;
	a->service.more = p->metrics;
	a->service.streams = p->streams;
	a->service.queue = a->output == NULL ? NULL : &a->queue;
	a->service.check = p->check;
	a->service.feed = &a->feed;
	a->service.budget = &a->budget;
	a->service.refusals = &a->refusals;
	budget_init(&a->budget, (size_t)a->max_queued);
	if (bus_open(&a->bus, NULL, fault) < 0 ||
	    loop_open(&a->loop, fault) < 0)
		return -1;
	if (!p->keyless) {
		if (access_open(&a->registry, NULL, fault) < 0)
			return -1;
		loop_hook(a->loop, &a->wake, adapter_wake, NULL);
	}
	/* history is read from within the loop */
	bus_set_patience(a->bus, (int)(PUBLISH_PATIENCE / 1000000));
	a->service.registry = a->registry;
	if (adapter_open_queue(a, fault) < 0 || p->open(a, fault) < 0)
		return -1;
	if (a->single && strcmp(a->output, "-") == 0)
		return fault_set(fault, EX_CONFIG, "stdout is the client's "
		    "connection: give --output STREAM");
	if (adapter_open_input(a, fault) < 0 ||
	    adapter_open_admin(a, fault) < 0)
		return -1;
	run_input(a->input);
	run_output(a->output != NULL && strcmp(a->output, "-") != 0 ?
	    a->output : "");
	run_open(diag_name(), RUN_COMMITTING | RUN_SERVER | RUN_MAKE);
	return 0;
}

static void
adapter_close(struct adapter *a)
{
	publish_queue_finish(&a->queue);
	http_close(a->admin);
	a->protocol->close();
	loop_unwatch(&a->feed_ready);
	publish_queue_close(&a->queue);
	loop_unhook(&a->wake);
	loop_close(a->loop);
	feed_release(&a->feed);
	bus_close(a->bus);
	access_close(a->registry);
}

int
adapter_main(struct adapter *a, const struct program *program, int argc,
    char **argv)
{
	program_start(program, argc, argv);
	return adapter_run(a);
}

int
adapter_run(struct adapter *a)
{
	struct fault fault;
	int status;

	program_holds_secrets();
	status = adapter_open(a, &fault) < 0 ? diag_fault(&fault) :
	    adapter_serve(a);
	adapter_close(a);
	return status;
}
