/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/signal.h"
#include "line/mark.h"

/* a group moves as often, in ms */
#define MOVE_MS 100

/* ---- opening ---- */

static int
input_open_tail(struct input *in, struct fault *fault)
{
	struct bus_tail_options o = {
		.stream = in->names[0], .reads = in->reads
	};

	in->stream = in->f.stream = o.stream;
	in->grouped = in->names[1][0] != '\0';
	if (in->grouped)
		o.group = in->names[1];
	if (bus_tail_open(&in->tail, in->bus, &o, fault) < 0)
		return -1;
	in->moved = bus_tail_position(in->tail);
	return 0;
}

static int
input_open_stdin(struct input *in, const char *ack, struct fault *fault)
{
	struct stat st;

	in->fd = STDIN_FILENO;
	in->finite = fstat(STDIN_FILENO, &st) == 0 &&
	    (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) &&
	    !isatty(STDIN_FILENO)));
	if (ack == NULL)
		return 0;
	if (bus_group_parse(ack, in->names[0], in->names[1], fault) < 0)
		return -1;
	return input_open_tail(in, fault);
}

static int
input_open_bus(struct input *in, const char *input, struct fault *fault)
{
	if (bus_operand_parse(input, in->names[0], in->names[1], fault) < 0)
		return -1;
	in->reads = true;
	if (input_open_tail(in, fault) < 0)
		return -1;
	in->fd = bus_tail_fd(in->tail);
	return 0;
}

int
input_open(struct input *in, struct bus *bus, const char *input,
    const char *ack, const char *rejects, struct fault *fault)
{
	static char *no_files[] = { NULL };

	*in = (struct input){ .fd = -1, .bus = bus };
	canonical_init(&in->canonical);
	filter_init(&in->f, no_files, NULL, NULL);
	/* nothing is written there: its reader may go */
	in->f.out.fd = -1;
	in->f.in.timeout = 0;
	if (rejects != NULL && filter_open_rejects(&in->f, rejects, fault) < 0)
		return -1;
	return input != NULL ? input_open_bus(in, input, fault) :
	    input_open_stdin(in, ack, fault);
}

int
input_close(struct input *in)
{
	if (in->behind && in->f.status == 0)
		in->f.status = EX_TEMPFAIL;
	bus_tail_close(in->tail);
	canonical_release(&in->canonical);
	return filter_finish(&in->f);
}

uint64_t
input_start(const struct input *in)
{
	return in->moved;
}

/* ---- lines ---- */

bool
input_is_bus(const struct input *in)
{
	return in->reads;
}

int
input_fd(const struct input *in)
{
	return in->ended ? -1 : in->fd;
}

static void
input_look_at_bus(struct input *in)
{
	struct fault fault;
	bool was_behind = in->behind;

	bus_tail_turn(in->tail);
	if (!in->grouped)
		return;
	in->behind = bus_tail_moved(in->tail, &in->moved, &fault) < 0;
	if (in->behind && !was_behind)
		diag_warning("group '%s' not moved: %s", in->names[1],
		    fault.text);
}

void
input_look(struct input *in)
{
	struct pollfd p = { .fd = in->fd };

	if (!in->reads && !in->hung_up && poll(&p, 1, 0) > 0)
		in->hung_up = (p.revents & (POLLHUP | POLLERR)) != 0;
	if (in->tail != NULL)
		input_look_at_bus(in);
}

int
input_check(struct input *in, struct fault *fault)
{
	return in->tail == NULL ? 0 : bus_tail_check(in->tail, fault);
}

bool
input_at_end(const struct input *in)
{
	return in->ended || in->finite || in->hung_up || signal_stop();
}

/* its position on the bus where it has one, else its number */
static struct input_place
input_place_of(const struct input *in, struct str line)
{
	struct route route = { .has_seq = false };
	size_t rest;

	if (in->stream != NULL && route_scan(line, &route, &rest) &&
	    route.has_seq)
		return (struct input_place){ true, route.seq };
	return (struct input_place){ false, in->f.in.number };
}

static bool
input_next_of_stdin(struct input *in, struct input_line *l)
{
	const char *why;
	struct str line;
	int r;

	do {
		if ((r = filter_next(&in->f, &line)) != LINE_OK)
			break;
		l->text = line;
		/* a line that is not a message still has a position */
		if ((why = canonical_read(&in->canonical, &l->text)) != NULL)
			input_reject(in, input_place_of(in, line), line, why);
	} while (l->text.n == 0);
	in->ended = r == 0;
	l->seq = 0;
	l->place = (struct input_place){ false, in->f.in.number };
	return r == LINE_OK;
}

static void
input_warn_gone(struct input *in)
{
	uint64_t from, to;

	if (bus_tail_gone(in->tail, &from, &to))
		diag_warning("%s: %llu %s were pruned before they were "
		    "read, from %llu to %llu", in->stream,
		    (unsigned long long)bus_between(in->bus, from, to),
		    bus_unit(in->bus),
		    (unsigned long long)from, (unsigned long long)to);
}

static bool
input_next_of_bus(struct input *in, struct input_line *l)
{
	struct bus_line line;
	struct fault fault;
	int got = 1;

	while (!signal_stop() && got > 0) {
		if (bus_lines_next(&in->run, &line)) {
			*l = (struct input_line){
				line.text, line.seq, { true, line.seq }
			};
			return true;
		}
		got = bus_tail_read(in->tail, &in->run, &fault);
		input_warn_gone(in);
		if (got < 0) {
			in->f.status = diag_fault(&fault);
			/* a line that is damaged is passed over */
			in->ended = fault.status != EX_DATAERR;
		}
	}
	in->ended |= signal_stop();
	return false;
}

bool
input_next(struct input *in, struct input_line *l)
{
	if (in->ended)
		return false;
	return in->reads ? input_next_of_bus(in, l) :
	    input_next_of_stdin(in, l);
}

void
input_reject(struct input *in, struct input_place place, struct str line,
    const char *why)
{
	char text[BUS_NAME_MAX + 32];

	/* it may turn out to be the last one, cut off */
	if (!in->reads && !line_is_whole(line)) {
		filter_reject(&in->f, line, why, 0);
		return;
	}
	if (place.by_seq)
		snprintf(text, sizeof text, "%s@%llu", in->stream,
		    (unsigned long long)place.n);
	else
		snprintf(text, sizeof text, "<stdin>:%llu",
		    (unsigned long long)place.n);
	refused_from(&in->f, text, place.by_seq ? place.n : 0, line, why);
}

/* ---- the group ---- */

bool
input_is_due(const struct input *in, uint64_t seq)
{
	return in->grouped && seq > in->moved;
}

void
input_move(struct input *in, uint64_t seq, bool at_once)
{
	int64_t now = clock_ms();

	if (!input_is_due(in, seq) || (!at_once && now < in->move_at))
		return;
	in->move_at = now + MOVE_MS;
	bus_tail_move(in->tail, seq);
	input_look_at_bus(in);
}

void
input_settle(struct input *in, uint64_t seq, int64_t ms)
{
	if (!input_is_due(in, seq))
		return;
	bus_tail_move(in->tail, seq);
	bus_tail_settle(in->tail, ms);
	input_look_at_bus(in);
	in->behind |= input_is_due(in, seq);
}
