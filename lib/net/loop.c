/* SPDX-License-Identifier: Apache-2.0 */
#include "net/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

struct loop {
	struct ev_loop *ev;
	struct ev_timer timer;
	struct ev_check check;
	struct ev_io signals;
	int signal_fd;
	bool hurry;
	int64_t now;
	struct loop_hook *hooks;
};

/* that there was an event is enough to end the wait */
static void
loop_wake_io(struct ev_loop *ev, struct ev_io *io, int events)
{
	(void)ev;
	(void)io;
	(void)events;
}

static void
loop_wake_timer(struct ev_loop *ev, struct ev_timer *timer, int events)
{
	(void)ev;
	(void)timer;
	(void)events;
}

/* before all that is ready is called */
static void
loop_woken(struct ev_loop *ev, struct ev_check *check, int events)
{
	struct loop *loop = check->data;
	struct loop_hook *hook, *next;

	(void)ev;
	(void)events;
	loop->now = clock_ns();
	for (hook = loop->hooks; hook != NULL; hook = next) {
		next = hook->next;
		if (hook->wake != NULL)
			hook->wake(hook, loop->now);
	}
}

static void
loop_watch_waking(struct loop *loop)
{
	loop->check.data = loop;
	ev_check_init(&loop->check, loop_woken);
	ev_set_priority(&loop->check, EV_MAXPRI);
	ev_check_start(loop->ev, &loop->check);
}

/* A signal stays pending, for signal_stop() to take; that there is one ends
 * the wait. */
static int
loop_watch_signals(struct loop *loop, struct fault *fault)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	loop->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signal_fd < 0)
		return fault_errno(fault, EX_OSERR, "signalfd");
	ev_io_init(&loop->signals, loop_wake_io, loop->signal_fd, EV_READ);
	ev_io_start(loop->ev, &loop->signals);
	return 0;
}

/* libev itself would abort(3) */
static void *
loop_allocate(void *p, long n)
{
	if (n > 0)
		return memory_resize(p, (size_t)n);
	free(p);
	return NULL;
}

int
loop_open(struct loop **out, struct fault *fault)
{
	struct loop *loop = memory_zero(1, sizeof *loop);

	loop->signal_fd = -1;
	loop->now = clock_ns();
	ev_timer_init(&loop->timer, loop_wake_timer, 0.0, 0.0);
	ev_set_allocator(loop_allocate);
	loop->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
	if (loop->ev == NULL)
		fault_set(fault, EX_OSERR, "libev can't be started");
	if (loop->ev == NULL || loop_watch_signals(loop, fault) < 0) {
		loop_close(loop);
		return -1;
	}
	loop_watch_waking(loop);
	*out = loop;
	return 0;
}

void
loop_close(struct loop *loop)
{
	if (loop == NULL)
		return;
	if (loop->signal_fd >= 0) {
		ev_io_stop(loop->ev, &loop->signals);
		close(loop->signal_fd);
	}
	if (loop->ev != NULL)
		ev_loop_destroy(loop->ev);
	free(loop);
}

static void
loop_run_hooks(struct loop *loop)
{
	struct loop_hook *hook, *next;

	for (hook = loop->hooks; hook != NULL; hook = next) {
		next = hook->next;
		if (hook->turn != NULL)
			hook->turn(hook, loop->now);
	}
}

void
loop_turn(struct loop *loop, int timeout)
{
	bool waits = timeout > 0 && !loop->hurry;

	loop->hurry = false;
	if (waits) {
		ev_now_update(loop->ev);
		ev_timer_set(&loop->timer, timeout / 1000.0, 0.0);
		ev_timer_start(loop->ev, &loop->timer);
	}
	ev_run(loop->ev, waits ? EVRUN_ONCE : EVRUN_NOWAIT);
	if (waits)
		ev_timer_stop(loop->ev, &loop->timer);
	loop_run_hooks(loop);
}

void
loop_hurry(struct loop *loop)
{
	loop->hurry = true;
}

int64_t
loop_now(const struct loop *loop)
{
	return loop->now;
}

/* ---- descriptors ---- */

static void
loop_ready(struct ev_loop *ev, struct ev_io *io, int events)
{
	struct loop_watch *w = (struct loop_watch *)io;

	(void)ev;
	if (w->ready != NULL)
		w->ready(w, (events & EV_READ ? LOOP_READ : 0u) |
		    (events & EV_WRITE ? LOOP_WRITE : 0u));
}

static int
loop_events(unsigned events)
{
	return (events & LOOP_READ ? EV_READ : 0) |
	    (events & LOOP_WRITE ? EV_WRITE : 0);
}

void
loop_watch(struct loop *loop, struct loop_watch *w, int fd, unsigned events,
    void (*ready)(struct loop_watch *, unsigned events))
{
	w->loop = loop;
	w->ready = ready;
	ev_io_init(&w->io, loop_ready, fd, loop_events(events));
	if (events != 0)
		ev_io_start(loop->ev, &w->io);
}

void
loop_want(struct loop_watch *w, unsigned events)
{
	if ((w->io.events & (EV_READ | EV_WRITE)) == loop_events(events) &&
	    ev_is_active(&w->io) == (events != 0))
		return;
	ev_io_stop(w->loop->ev, &w->io);
	ev_io_set(&w->io, w->io.fd, loop_events(events));
	if (events != 0)
		ev_io_start(w->loop->ev, &w->io);
}

void
loop_unwatch(struct loop_watch *w)
{
	if (w->loop != NULL)
		ev_io_stop(w->loop->ev, &w->io);
	w->loop = NULL;
}

/* ---- once a turn ---- */

void
loop_hook(struct loop *loop, struct loop_hook *hook,
    void (*wake)(struct loop_hook *, int64_t),
    void (*turn)(struct loop_hook *, int64_t))
{
	*hook = (struct loop_hook){
		.next = loop->hooks, .loop = loop, .wake = wake, .turn = turn
	};
	if (hook->next != NULL)
		hook->next->prev = hook;
	loop->hooks = hook;
}

void
loop_unhook(struct loop_hook *hook)
{
	struct loop *loop = hook->loop;

	if (loop == NULL)
		return;
	if (hook->next != NULL)
		hook->next->prev = hook->prev;
	if (hook->prev != NULL)
		hook->prev->next = hook->next;
	else
		loop->hooks = hook->next;
	hook->loop = NULL;
}
