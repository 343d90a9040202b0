/* SPDX-License-Identifier: Apache-2.0 */
#include "store/serve.h"

#include <errno.h>
#include <inttypes.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/line.h"
#include "base/number.h"
#include "base/run.h"
#include "base/signal.h"
#include "line/records.h"
#include "store/ask.h"
#include "store/reader.h"

#define SERVE_OUT_MAX ((size_t)80 << 20)
/* between two looks whether somebody reads */
#define SERVE_LOOK (CLOCK_SECOND / 10)

struct serve {
	struct reader *reader;
	struct line_in in;
	struct out out;
	int64_t looked;
	bool gone;
};

static bool
serve_stops(void *arg)
{
	struct serve *s = arg;
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (clock_coarse_ns() - s->looked >= SERVE_LOOK) {
		s->looked = clock_coarse_ns();
		s->gone = poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
	}
	return s->gone || signal_stop();
}

/* The status, or -1 and a fault. */
static int
serve_records(struct serve *s, struct fault *fault)
{
	struct route route;
	struct record record;
	int got, status = 1;

	while ((got = reader_next(s->reader, &route, &record, fault)) > 0) {
		record_put_line(&s->out.b, &route, &record);
		if (out_end(&s->out) < 0)
			return EX_IOERR;
		status = 0;
	}
	return got < 0 ? -1 : status;
}

static int
serve_count(struct serve *s, struct fault *fault)
{
	uint64_t n;

	if (reader_count(s->reader, &n, fault) < 0)
		return -1;
	buf_put_u64(&s->out.b, n);
	buf_putc(&s->out.b, '\n');
	return n == 0;
}

static int
serve_query(struct serve *s, const struct query *q, struct fault *fault)
{
	uint64_t beyond;
	int status;

	if (reader_ask(s->reader, q, fault) < 0)
		return -1;
	status = q->count ? serve_count(s, fault) : serve_records(s, fault);
	if (status < 0 || (beyond = reader_beyond(s->reader)) == 0)
		return status;
	return fault_set(fault, EX_DATAERR, "%" PRIu64 SERVE_BEYOND, beyond);
}

static void
serve_line(struct serve *s, struct str line)
{
	struct ask ask;
	struct fault fault;
	const char *why = ask_json(&ask, line);
	int status = why == NULL ? serve_query(s, &ask.query, &fault) :
	    fault_set(&fault, EX_USAGE, "%s", why);

	reader_rest(s->reader);
	if (status < 0)
		buf_printf(&s->out.b, "end %d %s\n", fault.status, fault.text);
	else
		buf_printf(&s->out.b, "end %d\n", status);
	out_end(&s->out);
	ask_release(&ask);
}

int
store_serve(const struct store_driver *store, const char *place)
{
	struct serve s = { .gone = false };
	const struct store_watch watch = {
		.stop = serve_stops, .arg = &s, .one_of_many = true
	};
	struct str line;
	int r, status = 0;

	run_open(diag_name(), 0);
	s.reader = reader_new(store, place, &watch);
	out_init(&s.out, STDOUT_FILENO, "<stdout>", SERVE_OUT_MAX);
	line_init(&s.in, STDIN_FILENO, "<stdin>", &s.out);
	while ((r = line_next(&s.in, &line)) > 0) {
		if (r == LINE_LONG)
			line = STR_NONE;
		serve_line(&s, line);
	}
	if (r < 0 && s.in.err != 0) {
		diag_error("%s: %s", s.in.name, strerror(s.in.err));
		status = EX_IOERR;
	}
	reader_close(s.reader);
	line_release(&s.in);
	status = out_finish(&s.out, status);
	out_release(&s.out);
	return status;
}

bool
serve_end_parse(struct str line, int *status, struct str *why)
{
	size_t n;
	uint64_t number;

	if (!str_starts(line, STR("end ")))
		return false;
	line = str_from(line, 4);
	for (n = 0; n < line.n && line.p[n] != ' '; n++)
		;
	if (!number_digits((struct str){ line.p, n }, 255, &number))
		return false;
	*status = (int)number;
	*why = str_from(line, n < line.n ? n + 1 : n);
	return true;
}
