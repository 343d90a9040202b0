/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pipe/pipe.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/out.h"
#include "line/records.h"
#include "store/ask.h"
#include "store/pipe/process.h"
#include "store/serve.h"
#include "store/watch.h"

#define PIPE_LINE_MAX ((size_t)80 << 20)
#define PIPE_PIECE ((size_t)64 << 10)

struct pipe_reader {
	const char *place;
	const struct store_watch *watch;
	struct process *process;	/* while it answers, or NULL */
	struct buf in;			/* what came of the answer … */
	size_t at;			/* … and how much was given */
	struct str line;		/* the first one, not given yet */
	struct pack pack;
	uint64_t beyond;
};

/* "mfx-read-x: what" */
static int
pipe_fault(const struct pipe_reader *r, int status, const char *what,
    struct fault *fault)
{
	return fault_set(fault, status, "mfx-read-%.*s: %s",
	    (int)strcspn(r->place, ":"), r->place, what);
}

static void
pipe_end(struct pipe_reader *r, bool sound)
{
	if (r->process != NULL)
		process_give(r->process, sound && r->at == r->in.n);
	r->process = NULL;
}

static int
pipe_open(void **out, const char *place, const struct store_watch *watch,
    struct fault *fault)
{
	struct pipe_reader *r = memory_zero(1, sizeof *r);

	(void)fault;
	r->place = place;
	r->watch = watch;
	buf_init(&r->in, PIPE_LINE_MAX);
	pack_init(&r->pack);
	*out = r;
	return 0;
}

static void
pipe_close(void *handle)
{
	struct pipe_reader *r = handle;

	pipe_end(r, false);
	buf_release(&r->in);
	pack_release(&r->pack);
	free(r);
}

/* ---- lines ---- */

/* 1: more has come; 0: no more will; -1 */
static int
pipe_read(struct pipe_reader *r, struct fault *fault)
{
	ssize_t n;

	if (r->at > 0) {
		memmove(r->in.p, r->in.p + r->at, r->in.n - r->at);
		r->in.n -= r->at;
		r->at = 0;
	}
	if (buf_room(&r->in, PIPE_PIECE) == NULL)
		return pipe_fault(r, EX_DATAERR, "a record is too long", fault);
	if (store_wait(r->watch, r->process->out, POLLIN, -1) < 0)
		return fault_set(fault, EX_TEMPFAIL, "stopped");
	n = read(r->process->out, r->in.p + r->in.n, PIPE_PIECE);
	if (n < 0)
		return errno == EINTR ? 1 : pipe_fault(r, EX_TEMPFAIL,
		    strerror(errno), fault);
	r->in.n += (size_t)n;
	return n > 0;
}

/* 1 and a line; 0: the process has ended; -1 */
static int
pipe_line(struct pipe_reader *r, struct str *line, struct fault *fault)
{
	const char *end;
	size_t seen = 0;
	int got;

	for (;;) {
		struct str rest = str_from(buf_str(&r->in), r->at);

		end = rest.n > seen ? memchr(rest.p + seen, '\n',
		    rest.n - seen) : NULL;
		if (end != NULL) {
			*line = (struct str){ rest.p, (size_t)(end - rest.p) };
			r->at += line->n + 1;
			return 1;
		}
		seen = rest.n;
		if ((got = pipe_read(r, fault)) <= 0)
			return got;
	}
}

/* ---- a query ---- */

static int
pipe_send(struct pipe_reader *r, const struct query *q)
{
	struct buf text;
	int sent;

	buf_init(&text, PIPE_LINE_MAX);
	ask_put_json(&text, q);
	buf_putc(&text, '\n');
	sent = write_all(r->process->in, text.p, text.n);
	buf_release(&text);
	return sent;
}

/* 1: the first line of its answer is there; 0: it has died; -1 */
static int
pipe_ask(struct pipe_reader *r, const struct query *q, bool fresh,
    struct fault *fault)
{
	r->process = process_take(r->place, fresh, r->watch, fault);
	if (r->process == NULL)
		return -1;
	buf_clear(&r->in);
	r->at = 0;
	return pipe_send(r, q) < 0 ? 0 : pipe_line(r, &r->line, fault);
}

static int
pipe_query(void *handle, const struct query *q, struct fault *fault)
{
	struct pipe_reader *r = handle;
	bool used;
	int got;

	pipe_end(r, false);
	r->beyond = 0;
	got = pipe_ask(r, q, false, fault);
	used = r->process != NULL && r->process->used;
	if (got == 0 && used) {
		pipe_end(r, false);
		got = pipe_ask(r, q, true, fault);
	}
	return got > 0 ? 0 : got < 0 ? -1 : pipe_fault(r, EX_TEMPFAIL,
	    "ended before its answer did", fault);
}

/* 0: the end of a good answer, or -1 */
static int
pipe_finish(struct pipe_reader *r, struct str line, struct fault *fault)
{
	struct str why;
	int status;
	size_t n;

	if (!serve_end_parse(line, &status, &why))
		return pipe_fault(r, EX_PROTOCOL, "not a line of an answer",
		    fault);
	pipe_end(r, true);
	n = why.n - (why.n < sizeof SERVE_BEYOND ? why.n :
	    sizeof SERVE_BEYOND - 1);
	if (status == EX_DATAERR && str_eq(str_from(why, n),
	    STR(SERVE_BEYOND)) && number_digits((struct str){ why.p, n },
	    UINT64_MAX, &r->beyond))
		return 0;
	return status <= 1 ? 0 : fault_set(fault, status, "%.*s",
	    STR_ARG(why));
}

static int
pipe_next_line(struct pipe_reader *r, struct str *line, struct fault *fault)
{
	int got = 1;

	if (r->line.p != NULL)
		*line = r->line;
	else
		got = pipe_line(r, line, fault);
	r->line = STR_NONE;
	return got != 0 ? got : pipe_fault(r, EX_TEMPFAIL,
	    "ended before its answer did", fault);
}

static int
pipe_next(void *handle, struct route *route, struct record *record,
    struct fault *fault)
{
	struct pipe_reader *r = handle;
	struct str line;

	if (r->process == NULL)
		return 0;
	if (pipe_next_line(r, &line, fault) < 0)
		return -1;
	if (line.n == 0 || line.p[0] != '{')
		return pipe_finish(r, line, fault);
	if (pack_parse_line(&r->pack, line, (struct stamp){ 0 }, route) !=
	    NULL || r->pack.n != 1)
		return pipe_fault(r, EX_PROTOCOL, "not a record", fault);
	*record = r->pack.records[0];
	return 1;
}

static int
pipe_count(void *handle, uint64_t *n, struct fault *fault)
{
	struct pipe_reader *r = handle;
	struct str line;

	*n = 0;
	if (pipe_next_line(r, &line, fault) < 0)
		return -1;
	if (number_digits(line, UINT64_MAX, n) &&
	    pipe_next_line(r, &line, fault) < 0)
		return -1;
	return pipe_finish(r, line, fault);
}

static uint64_t
pipe_beyond(const void *handle)
{
	const struct pipe_reader *r = handle;

	return r->beyond;
}

bool
pipe_exists(const char *place)
{
	char path[PATH_MAX], name[64];

	return process_program(place, path, name, sizeof name);
}

const struct store_driver store_pipe = {
	.name = "pipe",
	.operand = "NAME:PLACE",
	.can = STORE_ALL & ~STORE_SERIES_LIMIT,
	.open_reader = pipe_open,
	.query = pipe_query,
	.next = pipe_next,
	.count = pipe_count,
	.beyond = pipe_beyond,
	.close_reader = pipe_close,
};
