/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/export/serve.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/listen.h"
#include "base/metrics.h"
#include "base/os.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/signal.h"
#include "base/wakeup.h"
#include "cmd/export/collect.h"
#include "http/request.h"
#include "http/server.h"
#include "http/setup.h"

#define PAGE_MAX ((size_t)64 << 20)
#define CONNECTIONS_MAX 64
#define TIMEOUT (60 * CLOCK_SECOND)
#define GRACE (2 * CLOCK_SECOND)
#define OPENMETRICS "application/openmetrics-text"
#define OPENMETRICS_TYPE OPENMETRICS "; version=1.0.0; charset=utf-8"

static struct {
	const struct collect_options *options;
	struct loop *loop;
	struct http *http;
	struct loop_watch watch;
	int woken[2];
	struct http_request *waiting;
	struct buf pages[2];		/* plain, OpenMetrics */
	bool collecting;		/* the pages are the thread's */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool wanted, done, ending;	/* with the lock */
} serving = { .woken = { -1, -1 }, .lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER };

/* ---- the thread ---- */

static void
serve_collect(void)
{
	struct families f;
	int i;

	families_init(&f);
	collect(&f, serving.options);
	for (i = 0; i < 2; i++) {
		buf_clear(&serving.pages[i]);
		families_put_text(&f, &serving.pages[i], i == 1);
	}
	families_release(&f);
}

static void *
serve_work(void *arg)
{
	(void)arg;
	signal_none_here();
	pthread_mutex_lock(&serving.lock);
	while (!serving.ending) {
		if (!serving.wanted) {
			pthread_cond_wait(&serving.changed, &serving.lock);
			continue;
		}
		serving.wanted = false;
		pthread_mutex_unlock(&serving.lock);
		serve_collect();
		pthread_mutex_lock(&serving.lock);
		serving.done = true;
		wakeup_tell(serving.woken);
	}
	pthread_mutex_unlock(&serving.lock);
	return NULL;
}

/* ---- the loop ---- */

static void
serve_answer(struct http_request *r)
{
	struct str accept = http_header(r, "Accept");
	bool open = accept.p != NULL && os_find(accept.p, accept.n,
	    OPENMETRICS, strlen(OPENMETRICS)) != NULL;

	if (serving.pages[open].full)
		http_problem(r, 503, "the page is too long");
	else
		http_answer_text(r, 200, open ? OPENMETRICS_TYPE :
		    METRICS_TYPE, buf_str(&serving.pages[open]));
}

static void
serve_handle(struct http_request *r, void *arg)
{
	bool reads = str_eq(r->method, STR("GET")) ||
	    str_eq(r->method, STR("HEAD"));

	(void)arg;
	if (!str_eq(r->path, STR("/metrics"))) {
		http_problem(r, 404, "no such path; there is /metrics");
	} else if (!reads) {
		http_refuse_method(r, "GET, HEAD");
	} else {
		r->next = serving.waiting;
		serving.waiting = r;
	}
}

/* What came while it was collecting is answered with that. */
static void
serve_turn(void)
{
	struct http_request *r, *next;
	bool done;

	pthread_mutex_lock(&serving.lock);
	done = serving.done;
	serving.done = false;
	if (done) {
		wakeup_clear(serving.woken);
		serving.collecting = false;
	}
	pthread_mutex_unlock(&serving.lock);
	r = done ? serving.waiting : NULL;
	if (done)
		serving.waiting = NULL;
	for (; r != NULL; r = next) {
		next = r->next;
		serve_answer(r);
	}
	if (serving.waiting == NULL || serving.collecting)
		return;
	serving.collecting = true;
	pthread_mutex_lock(&serving.lock);
	serving.wanted = true;
	pthread_cond_signal(&serving.changed);
	pthread_mutex_unlock(&serving.lock);
}

static void
serve_loop(int64_t ready_fd)
{
	char text[LISTEN_TEXT];
	int64_t end;
	int i, fd;

	for (i = 0; (fd = http_listener(serving.http, i)) >= 0; i++)
		diag_info("serving on %s", listen_print(fd, text));
	ready_tell(ready_fd);
	while (!signal_stop()) {
		loop_turn(serving.loop, 1000);
		serve_turn();
		program_reload(NULL, NULL);
		ready_alive(loop_now(serving.loop));
	}
	ready_stopping();
	http_stop(serving.http);
	for (end = clock_ns() + GRACE; !http_idle(serving.http) &&
	    clock_ns() < end; serve_turn())
		loop_turn(serving.loop, 100);
}

static int
serve_open(const char *address, struct fault *fault)
{
	struct http_options o = {
		.timeout = TIMEOUT, .max_connections = CONNECTIONS_MAX,
		.handle = serve_handle
	};

	if (loop_open(&serving.loop, fault) < 0 ||
	    http_open_at("--listen", address, serving.loop, &o, &serving.http,
	    fault) < 0)
		return -1;
	if (wakeup_open(serving.woken) < 0 || (errno = signal_start_thread(
	    &serving.thread, NULL, serve_work, NULL)) != 0)
		return fault_errno(fault, EX_OSERR, "thread");
	loop_watch(serving.loop, &serving.watch, serving.woken[0], LOOP_READ,
	    NULL);
	return 0;
}

/* A thread that waits for a server is not waited for. */
int
serve(const char *address, const struct collect_options *options,
    int64_t ready_fd)
{
	struct fault fault;
	int i;

	serving.options = options;
	for (i = 0; i < 2; i++)
		buf_init(&serving.pages[i], PAGE_MAX);
	if (serve_open(address, &fault) < 0)
		return diag_fault(&fault);
	serve_loop(ready_fd);
	pthread_mutex_lock(&serving.lock);
	serving.ending = true;
	pthread_cond_signal(&serving.changed);
	pthread_mutex_unlock(&serving.lock);
	if (!serving.collecting) {
		pthread_join(serving.thread, NULL);
		for (i = 0; i < 2; i++)
			buf_release(&serving.pages[i]);
	}
	loop_unwatch(&serving.watch);
	http_close(serving.http);
	loop_close(serving.loop);
	wakeup_close(serving.woken);
	return 0;
}
