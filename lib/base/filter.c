/* SPDX-License-Identifier: Apache-2.0 */
#include "base/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/os.h"
#include "base/program.h"
#include "base/run.h"
#include "base/signal.h"

#define WARNINGS_MAX 10
/* one line in may become many out, all of which must be in the buffer before
 * the first may leave: see PACK_OUT_MAX in senml/pack.h */
#define OUT_MAX ((size_t)80 << 20)

static bool
filter_open_next(struct filter *f)
{
	while (*f->files != NULL) {
		const char *path = *f->files++;
		int fd;

		if (strcmp(path, "-") == 0) {
			line_reopen(&f->in, STDIN_FILENO, "<stdin>");
			return true;
		}
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			line_reopen(&f->in, fd, path);
			return true;
		}
		diag_error("%s: %s", path, strerror(errno));
		f->status = EX_NOINPUT;
	}
	return false;
}

int
filter_open_rejects(struct filter *f, const char *rejects, struct fault *fault)
{
	f->rejects_path = rejects;
	if (reject_is_bus(rejects)) {
		f->target = reject_open(rejects, fault);
		return f->target != NULL ? 0 : -1;
	}
	out_init(&f->rejects, file_open(rejects, O_WRONLY | O_APPEND), rejects,
	    LINE_LIMIT);
	/* before what says that the line was dealt with leaves */
	f->rejects.each = true;
	return f->rejects.fd >= 0 ? 0 : fault_errno(fault, EX_IOERR, "%s",
	    rejects);
}

int
filter_init(struct filter *f, char **files, const char *rejects,
    const struct line_cut *cut)
{
	struct fault fault;

	run_open(diag_name(), 0);
	*f = (struct filter){ .files = files };
	f->rejects.fd = -1;
	out_init(&f->out, STDOUT_FILENO, "<stdout>", OUT_MAX);
	line_init(&f->in, STDIN_FILENO, "<stdin>", &f->out);
	f->in.cut = cut;
	buf_init(&f->half.line, LINE_LIMIT);
	buf_init(&f->half.place, PATH_MAX + 64);
	if (*files != NULL && !filter_open_next(f))
		f->in.eof = true;
	if (rejects == NULL || filter_open_rejects(f, rejects, &fault) == 0)
		return 0;
	f->status = diag_fault(&fault);
	return -1;
}

/* lines, in whatever frame, and not other items */
static bool
filter_has_lines(const struct filter *f)
{
	return f->in.cut == NULL || f->in.cut->torn != NULL;
}

/* did the line returned last end without a newline, as one that was cut off? */
static bool
filter_is_last(const struct filter *f)
{
	return f->in.unended && !(f->whole_files && f->in.fd > STDERR_FILENO);
}

static bool
filter_has_position(struct str line)
{
	static const char label[] = "\"seq\"";

	return os_find(line.p, line.n, label, sizeof label - 1) != NULL;
}

static void
filter_cut_off(struct filter *f)
{
	f->torn = true;
	filter_note(f, "line left out",
	    "it was cut off, and will come again");
}

/* If the refused line was the last one it was cut off, and the program before
 * us has added the newline. */
static void
filter_settle_half(struct filter *f, bool last)
{
	if (!f->half.pending)
		return;
	f->half.pending = false;
	if (last)
		filter_cut_off(f);
	else
		filter_reject_from(f, f->half.place.p,
		    buf_str(&f->half.line), f->half.why);
}

int
filter_next(struct filter *f, struct str *line)
{
	for (;;) {
		int r = line_next(&f->in, line);

		if (r == LINE_OK && filter_is_last(f) &&
		    (!line_is_whole(*line) || filter_has_position(*line))) {
			filter_cut_off(f);
			continue;
		}
		if (r == LINE_IDLE)
			return r;
		filter_settle_half(f, r != LINE_OK && r != LINE_LONG);
		if (r == LINE_OK) {
			if (f->in.number == 1 && filter_has_position(*line))
				f->sequenced = true;
			return r;
		}
		if (r == LINE_LONG) {
			filter_reject(f, *line, f->in.cut ?
			    "too long; the rest is not read" :
			    "line over 1 MiB", 0);
			continue;
		}
		if (r == LINE_ERROR && f->in.err != 0) {
			diag_error("%s: %s", f->in.name,
			    strerror(f->in.err));
			f->status = EX_IOERR;
		}
		if (f->out.err != 0 || signal_stop())
			return 0;
		if (f->in.fd > STDERR_FILENO)
			close(f->in.fd);
		if (!filter_open_next(f))
			return 0;
	}
}

void
filter_place(const struct filter *f, struct str item, size_t column,
    struct buf *to)
{
	unsigned long long number = f->in.number;
	size_t i, end = column;

	for (i = 0; f->in.cut && f->in.cut->by_line && i + 1 < end &&
	    i < item.n; i++)
		if (item.p[i] == '\n') {
			number++;
			column = end - i - 1;
		}
	buf_printf(to, "%s:%llu", f->in.name, number);
	if (column > 0)
		buf_printf(to, ":%zu", column);
}

/* where --rejects says; -1: it is not there */
static int
filter_put_reject(struct filter *f, const char *place, struct str line,
    const char *why, struct fault *fault)
{
	struct reject reject = { line, place, why };

	if (f->target != NULL)
		return f->target->put(f->target, &reject, fault);
	if (f->rejects.fd < 0)
		return 0;
	buf_put_str(&f->rejects.b, line);
	/* binary items say where they end */
	if (filter_has_lines(f) || f->in.cut->by_line)
		buf_putc(&f->rejects.b, '\n');
	if (out_end(&f->rejects) == 0)
		return 0;
	errno = f->rejects.err;
	return fault_errno(fault, EX_IOERR, "%s", f->rejects_path);
}

/* It is reported when the next line comes. */
static void
filter_keep_half(struct filter *f, struct str line, const char *why,
    size_t column)
{
	f->half.pending = true;
	f->half.why = why;
	buf_clear(&f->half.place);
	filter_place(f, line, column, &f->half.place);
	buf_putc(&f->half.place, '\0');
	buf_clear(&f->half.line);
	buf_put_str(&f->half.line, line);
}

void
filter_reject(struct filter *f, struct str line, const char *why,
    size_t column)
{
	if (f->sequenced && filter_has_lines(f) && !line_is_whole(line)) {
		filter_keep_half(f, line, why, column);
		return;
	}
	buf_clear(&f->half.place);
	filter_place(f, line, column, &f->half.place);
	buf_putc(&f->half.place, '\0');
	filter_reject_from(f, f->half.place.p, line, why);
}

/* What is on its way to stdout may say that the line was dealt with; so when it
 * is nowhere else, the process ends as if it had been killed. */
void
filter_reject_from(struct filter *f, const char *place, struct str line,
    const char *why)
{
	struct fault fault;

	run_add(RUN_REJECTED, 1);
	if (++f->rejected <= WARNINGS_MAX)
		diag_warning("%s: %s", place, why);
	if (filter_put_reject(f, place, line, why, &fault) < 0)
		program_die(&fault);
}

void
filter_note(struct filter *f, const char *what, const char *why)
{
	run_add(RUN_NOTED, 1);
	if (++f->noted <= WARNINGS_MAX)
		diag_warning("%s:%llu: %s: %s", f->in.name,
		    (unsigned long long)f->in.number, what, why);
}

int
filter_finish(struct filter *f)
{
	if (f->rejected > 0 && f->status == 0)
		f->status = EX_DATAERR;
	if (f->rejected > WARNINGS_MAX)
		diag_warning("%llu lines rejected",
		    (unsigned long long)f->rejected);
	if (f->noted > WARNINGS_MAX)
		diag_warning("%llu lines with a note",
		    (unsigned long long)f->noted);
	f->status = out_finish(&f->out, f->status);
	f->status = out_finish(&f->rejects, f->status);
	out_release(&f->out);
	out_release(&f->rejects);
	if (f->target != NULL)
		f->target->close(f->target);
	line_release(&f->in);
	buf_release(&f->half.line);
	buf_release(&f->half.place);
	return f->status;
}
