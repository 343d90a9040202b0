/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/feed.h"

#include <errno.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/signal.h"

/* a group moves as often, in ms */
#define MOVE_MS 100

/* ---- opening ---- */

static int
feed_open_stdin(struct feed *feed, const char *ack, struct fault *fault)
{
	struct stat st;

	feed->fd = STDIN_FILENO;
	feed->finite = fstat(STDIN_FILENO, &st) == 0 &&
	    (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) &&
	    !isatty(STDIN_FILENO)));
	if (ack == NULL)
		return 0;
	feed->stream = feed->names[0];
	feed->group = feed->names[1];
	if (bus_group_parse(ack, feed->names[0], feed->names[1], fault) < 0 ||
	    bus_group_get(feed->stream, feed->group, &feed->moved, fault) < 0)
		return -1;
	return 0;
}

static int
feed_open_bus(struct feed *feed, const char *input, struct fault *fault)
{
	static const struct bus_where end = { .seq = UINT64_MAX };

	if (bus_operand_parse(input, feed->names[0], feed->names[1],
	    fault) < 0)
		return -1;
	feed->stream = feed->names[0];
	if (feed->names[1][0] != '\0')
		feed->group = feed->names[1];
	if (bus_where_find(feed->stream, &end, &feed->moved, fault) < 0)
		return -1;
	if (feed->group != NULL && bus_group_join(feed->stream, feed->group,
	    &feed->moved, fault) < 0)
		return -1;
	if (bus_reader_open(&feed->reader, feed->stream, feed->moved,
	    fault) < 0)
		return -1;
	feed->fd = bus_reader_watch(feed->reader);
	return feed->fd >= 0 ? 0 : fault_errno(fault, EX_OSERR, "%s",
	    feed->stream);
}

int
feed_open(struct feed *feed, const char *input, const char *ack,
    const char *rejects)
{
	static char *no_files[] = { NULL };
	struct fault fault;

	*feed = (struct feed){ .fd = -1 };
	canonical_init(&feed->canonical);
	if (filter_init(&feed->f, no_files, rejects, NULL) < 0)
		return -1;
	/* nothing is written there: who reads it is of no interest */
	feed->f.out.fd = -1;
	feed->f.in.timeout = 0;
	if ((input != NULL ? feed_open_bus(feed, input, &fault) :
	    feed_open_stdin(feed, ack, &fault)) == 0)
		return 0;
	feed->f.status = diag_fault(&fault);
	return -1;
}

int
feed_close(struct feed *feed)
{
	if (feed->behind && feed->f.status == 0)
		feed->f.status = EX_TEMPFAIL;
	bus_reader_close(feed->reader);
	canonical_release(&feed->canonical);
	return filter_finish(&feed->f);
}

uint64_t
feed_start(const struct feed *feed)
{
	return feed->moved;
}

/* ---- lines ---- */

bool
feed_is_bus(const struct feed *feed)
{
	return feed->reader != NULL;
}

int
feed_fd(const struct feed *feed)
{
	return feed->ended ? -1 : feed->fd;
}

void
feed_woken(struct feed *feed)
{
	if (feed->reader != NULL)
		bus_wait(feed->reader, -1, 0);
}

bool
feed_at_end(const struct feed *feed)
{
	return feed->ended || feed->finite || feed->hung_up || signal_stop();
}

/* its position on the bus where it has one, else its number */
static struct feed_place
feed_place_of(const struct feed *feed, struct str line)
{
	struct route route = { .has_seq = false };
	size_t rest;

	if (feed->stream != NULL && route_scan(line, &route, &rest) &&
	    route.has_seq)
		return (struct feed_place){ true, route.seq };
	return (struct feed_place){ false, feed->f.in.number };
}

static bool
feed_next_of_stdin(struct feed *feed, struct feed_line *l)
{
	const char *why;
	struct str line;
	int r;

	do {
		if ((r = filter_next(&feed->f, &line)) != LINE_OK)
			break;
		l->text = line;
		/* what is no message still says how far the lines are */
		if ((why = canonical_read(&feed->canonical, &l->text)) != NULL)
			feed_reject(feed, feed_place_of(feed, line), line, why);
	} while (l->text.n == 0);
	feed->ended = r == 0;
	l->seq = 0;
	l->place = (struct feed_place){ false, feed->f.in.number };
	return r == LINE_OK;
}

static void
feed_warn_gone(struct feed *feed)
{
	uint64_t from, to;

	if (bus_reader_gone(feed->reader, &from, &to))
		diag_warning("%s: %llu bytes were pruned before they were "
		    "read, from %llu to %llu", feed->stream,
		    (unsigned long long)(to - from), (unsigned long long)from,
		    (unsigned long long)to);
}

static bool
feed_next_of_bus(struct feed *feed, struct feed_line *l)
{
	struct fault fault;
	int got = 1;

	while (!signal_stop() && got > 0) {
		if (bus_line_next(&feed->run, &l->text)) {
			feed->at += l->text.n + 1;
			l->seq = feed->at;
			l->place = (struct feed_place){ true, l->seq };
			return true;
		}
		got = bus_read(feed->reader, &feed->run, &feed->at, &fault);
		feed_warn_gone(feed);
		if (got < 0) {
			feed->f.status = diag_fault(&fault);
			/* a line that is damaged is passed over */
			feed->ended = fault.status != EX_DATAERR;
		}
	}
	feed->ended |= signal_stop();
	return false;
}

bool
feed_next(struct feed *feed, struct feed_line *l)
{
	if (feed->ended)
		return false;
	return feed->reader != NULL ? feed_next_of_bus(feed, l) :
	    feed_next_of_stdin(feed, l);
}

void
feed_reject(struct feed *feed, struct feed_place place, struct str line,
    const char *why)
{
	char text[BUS_NAME_MAX + 32];

	/* it may turn out to be the last one, cut off */
	if (feed->reader == NULL && !line_is_whole(line)) {
		filter_reject(&feed->f, line, why, 0);
		return;
	}
	if (place.by_seq)
		snprintf(text, sizeof text, "%s@%llu", feed->stream,
		    (unsigned long long)place.n);
	else
		snprintf(text, sizeof text, "<stdin>:%llu",
		    (unsigned long long)place.n);
	filter_reject_from(&feed->f, text, line, why);
}

/* ---- the group ---- */

bool
feed_is_due(const struct feed *feed, uint64_t seq)
{
	return feed->group != NULL && seq > feed->moved;
}

void
feed_move(struct feed *feed, uint64_t seq, bool at_once)
{
	struct fault fault;
	bool was_behind = feed->behind;
	int64_t now = clock_ms();

	if (feed->f.rejects.fd >= 0)
		out_flush(&feed->f.rejects);
	if (!feed_is_due(feed, seq) || (!at_once && now < feed->move_at))
		return;
	feed->move_at = now + MOVE_MS;
	feed->behind = bus_group_set(feed->stream, feed->group, seq,
	    &fault) < 0;
	if (!feed->behind)
		feed->moved = seq;
	else if (!was_behind)
		diag_warning("group '%s' not moved: %s", feed->group,
		    fault.text);
}
