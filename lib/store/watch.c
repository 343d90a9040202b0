/* SPDX-License-Identifier: Apache-2.0 */
#include "store/watch.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/signal.h"

/* between two looks; a signal may come to another thread than ours */
#define WATCH_MS 100
/* what a write has after a signal to stop */
#define WATCH_GRACE (2 * CLOCK_SECOND)

bool
store_stopped(const struct store_watch *watch)
{
	return watch->stop != NULL ? watch->stop(watch->arg) : signal_stop();
}

int
store_wait(const struct store_watch *watch, int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t end = clock_ms() + ms, left = WATCH_MS;
	int n, ms_now;

	for (;;) {
		if (store_stopped(watch))
			return -1;
		if (ms >= 0 && (left = end - clock_ms()) < 0)
			left = 0;
		ms_now = (int)(left < WATCH_MS ? left : WATCH_MS);
		/* a thread leaves signals to the one that waits for them */
		n = watch->stop != NULL ? poll(&p, 1, ms_now) :
		    signal_poll(&p, 1, ms_now);
		/* what can't be polled is used, and says why then */
		if (n > 0 || left == 0)
			return n > 0;
	}
}

static bool
watch_patience(void *arg)
{
	struct store_patience *p = arg;

	if (!signal_stop())
		return false;
	if (p->since == 0)
		p->since = clock_ns();
	return p->away || clock_ns() - p->since >= WATCH_GRACE;
}

void
store_patience_init(struct store_patience *p)
{
	*p = (struct store_patience){
		.watch = { .stop = watch_patience, .arg = p },
		.pause = { .first = 50, .last = 2000 }
	};
}

bool
store_try_again(struct store_patience *p, const struct fault *fault)
{
	if (!p->away)
		diag_warning("%s; trying again until it works", fault->text);
	p->away = true;
	return store_wait(&p->watch, -1, 0, (int)backoff_next(&p->pause)) == 0;
}

void
store_is_back(struct store_patience *p)
{
	if (p->away)
		diag_warning("the store takes readings again");
	p->away = false;
	backoff_reset(&p->pause);
}
