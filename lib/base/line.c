/* SPDX-License-Identifier: Apache-2.0 */
#include "base/line.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/run.h"
#include "base/signal.h"

#define CHUNK (64 * 1024)

/* Counts the lines since the last read: one addition for all of them. */
static void
line_count(struct line_in *in)
{
	run_add(RUN_LINES_IN, in->number - in->counted);
	in->counted = in->number;
}

void
line_init(struct line_in *in, int fd, const char *name, struct out *flush)
{
	*in = (struct line_in){
		.timeout = -1, .flush = flush,
		.cap = CHUNK, .buf = memory_get(CHUNK),
	};
	line_reopen(in, fd, name);
}

void
line_reopen(struct line_in *in, int fd, const char *name)
{
	line_count(in);
	in->fd = fd;
	in->name = name;
	in->number = in->counted = 0;
	in->err = 0;
	in->start = in->end = in->seen = 0;
	in->eof = in->skipping = in->unended = false;
	in->newlines = 0;
	if (in->cut != NULL)
		in->cut->begin(in->cut->arg);
}

void
line_release(struct line_in *in)
{
	line_count(in);
	free(in->buf);
	in->buf = NULL;
}

/* Gives out buf[start..start+n) as a line and steps over its newline. */
static int
line_give(struct line_in *in, struct str *line, size_t n, size_t newline)
{
	*line = (struct str){ in->buf + in->start, n };
	in->start += n + newline;
	in->seen = 0;
	in->number++;
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return LINE_OK;
}

/*
 * The unread bytes contain no newline: make room after them.  False when
 * they have reached the limit.
 */
static bool
line_make_room(struct line_in *in)
{
	size_t held = in->end - in->start;

	if (in->start > 0) {
		memmove(in->buf, in->buf + in->start, held);
		in->start = 0;
		in->end = held;
	}
	if (held < in->cap)
		return true;
	if (in->cap >= (in->cut ? in->cut->limit : LINE_LIMIT))
		return false;
	in->cap *= 2;
	in->buf = memory_resize(in->buf, in->cap);
	return true;
}

static int
line_read_more(struct line_in *in)
{
	ssize_t n;
	int ready;

	line_count(in);
	run_again();
	if (in->flush != NULL && out_flush(in->flush) < 0)
		return LINE_ERROR;
	ready = signal_wait_input(in->fd, in->flush ? in->flush->fd : -1,
	    in->timeout);
	if (ready == 0)
		return LINE_IDLE;
	if (ready < 0 && errno == EPIPE) {
		/* as a write to it would */
		raise(SIGPIPE);
		in->flush->err = EPIPE;
		return LINE_ERROR;
	}
	if (ready < 0) {
		/* asked to stop: an unfinished line is not a line */
		in->start = in->end;
		in->seen = 0;
		in->eof = true;
		return LINE_OK;
	}
	do
		n = read(in->fd, in->buf + in->end, in->cap - in->end);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return LINE_OK;
	if (n < 0) {
		in->err = errno;
		return LINE_ERROR;
	}
	if (n == 0)
		in->eof = true;
	in->end += (size_t)n;
	run_add(RUN_BYTES_IN, (uint64_t)n);
	return LINE_OK;
}

/* The rest of an over-long line is not wanted. */
static void
line_skip_rest(struct line_in *in)
{
	size_t n = in->end - in->start;
	char *nl = memchr(in->buf + in->start, '\n', n);

	in->skipping = nl == NULL && !in->eof;
	in->start = nl ? (size_t)(nl + 1 - in->buf) : in->end;
}

static uint64_t
line_count_newlines(const char *p, const char *end)
{
	uint64_t n = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		n++;
	}
	return n;
}

static void
line_count_item(struct line_in *in, struct str item, const char *from,
    const char *to)
{
	if (!in->cut->by_line) {
		in->number += item.p != NULL;
		return;
	}
	if (item.p != NULL)
		in->number = 1 + in->newlines +
		    line_count_newlines(from, item.p);
	in->newlines += line_count_newlines(from, to);
}

/* The next item where the cut says, not a newline. */
static int
line_fill_item(struct line_in *in, struct str *item)
{
	for (;;) {
		char *p = in->buf + in->start;
		struct str unread = { p, in->end - in->start };
		size_t n;
		int r;

		*item = STR_NONE;
		n = in->cut->next(in->cut->arg, unread, in->eof, item);
		if (n > 0 || item->p != NULL) {
			line_count_item(in, *item, p, p + n);
			in->start += n;
			if (item->p == NULL)
				continue;
			in->unended = in->cut->torn != NULL && *in->cut->torn;
			return LINE_OK;
		}
		if (in->eof)
			return LINE_END;
		if (!line_make_room(in)) {
			*item = (struct str){ in->buf, in->end };
			in->number += !in->cut->by_line;
			in->start = in->end;
			in->eof = true;
			return LINE_LONG;
		}
		if ((r = line_read_more(in)) != LINE_OK)
			return r;
	}
}

int
line_fill(struct line_in *in, struct str *line)
{
	if (in->cut != NULL)
		return line_fill_item(in, line);
	for (;;) {
		char *p = in->buf + in->start;
		size_t n = in->end - in->start;
		char *nl;
		int r;

		if (in->skipping)
			line_skip_rest(in);
		else if ((nl = memchr(p + in->seen, '\n', n - in->seen))) {
			line_give(in, line, (size_t)(nl - p), 1);
			if (line->n > 0)
				return LINE_OK;
			continue;
		} else if (in->eof && n > 0) {
			line_give(in, line, n, 0);
			in->unended = true;
			if (line->n > 0)
				return LINE_OK;
		} else {
			in->seen = n;
		}
		if (in->eof && in->start == in->end)
			return LINE_END;
		if (!in->skipping && !line_make_room(in)) {
			line_give(in, line, in->end - in->start, 0);
			in->skipping = true;
			return LINE_LONG;
		}
		if (in->skipping && in->start == in->end)
			in->start = in->end = 0;
		if ((r = line_read_more(in)) != LINE_OK)
			return r;
	}
}

bool
line_is_whole(struct str line)
{
	size_t i = 0, depth = 0;
	bool text = false;

	while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	if (i == line.n || (line.p[i] != '{' && line.p[i] != '['))
		return true;
	for (; i < line.n; i++) {
		char c = line.p[i];

		if (text && c == '\\')
			i++;
		else if (c == '"')
			text = !text;
		else if (!text && (c == '{' || c == '['))
			depth++;
		else if (!text && (c == '}' || c == ']') && --depth == 0)
			return true;
	}
	return false;
}
