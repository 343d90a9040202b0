/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/registry/follow.h"

#include <sysexits.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/ready.h"
#include "base/signal.h"
#include "registry/log.h"

/* how often the log is read; and how many reads without progress end --once */
#define FOLLOW_MS 500
#define IDLE_MAX 20

/* may it be tried again?  Says once that the log can't be read. */
static bool
follow_may_wait(bool once, bool *away, const struct fault *fault)
{
	if (fault->status != EX_TEMPFAIL || once)
		return false;
	if (!*away)
		diag_warning("%s; going on with what is here", fault->text);
	*away = true;
	return true;
}

/* what is read is kept on the bus until it was; not at each entry */
static void
follow_hold(struct registry *r)
{
	static int64_t held;
	struct fault ignored;
	int64_t now = clock_ms();

	if (held != 0 && now - held < 1000)
		return;
	held = now;
	if (log_hold(r, &ignored) < 0)
		diag_info("%s", ignored.text);
}

/* is all of it here?  With `once`, what never comes is a fault. */
static int
follow_ends(struct registry *r, bool once, int got, struct fault *fault)
{
	static uint64_t before;
	static int idle;
	uint64_t lag;

	if (log_lag(r, &lag, fault) < 0)
		return -1;
	idle = got > 0 || lag < before ? 0 : idle + 1;
	before = lag;
	if (lag > 0 && idle > IDLE_MAX && once)
		return fault_set(fault, EX_TEMPFAIL, "the log can't be read "
		    "to its end; try again later");
	return lag == 0;
}

int
follow_log(struct registry *r, bool once, int64_t ready_fd,
    struct fault *fault)
{
	struct backoff pause = { .first = 50, .last = 1000 };	/* ms */
	bool away = false, ready = false;
	int got, end;

	while (!signal_stop() && !(ready && once)) {
		got = log_follow(r, FOLLOW_MS, fault);
		end = got < 0 ? -1 : ready ? 0 :
		    follow_ends(r, once, got, fault);
		if (end < 0) {
			if (!follow_may_wait(once, &away, fault))
				return -1;
			signal_poll(NULL, 0, (int)backoff_next(&pause));
			continue;
		}
		away = false;
		backoff_reset(&pause);
		follow_hold(r);
		if (end > 0)
			ready_tell(ready_fd);
		ready = ready || end > 0;
	}
	return 0;
}
