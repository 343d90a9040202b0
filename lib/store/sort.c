/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sort.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/out.h"
#include "store/row.h"

#define SORT_PIECE ((size_t)64 << 10)	/* of a run, in memory */
#define SORT_ROW_MAX ((size_t)64 << 20)

/* rows in order, in the file */
struct sort_run {
	uint64_t at, end;	/* what has not been read yet */
	struct buf piece;
	size_t row;		/* the next one, in `piece` */
};

void
sort_init(struct sort *s, bool desc, uint64_t keep, size_t memory,
    uint64_t disk)
{
	*s = (struct sort){
		.desc = desc, .keep = keep, .memory = memory, .disk = disk
	};
	buf_init(&s->rows, memory + SORT_ROW_MAX);
}

void
sort_release(struct sort *s)
{
	size_t i;

	for (i = 0; i < s->n_runs; i++)
		buf_release(&s->runs[i].piece);
	if (s->fd > 0)
		close(s->fd);
	buf_release(&s->rows);
	free(s->keys);
	free(s->runs);
	free(s->heap);
	*s = (struct sort){ .n = 0 };
}

/* ---- in memory ---- */

static int
sort_ascending(const void *x, const void *y)
{
	const struct sort_key *a = x, *b = y;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

static int
sort_descending(const void *x, const void *y)
{
	return sort_ascending(y, x);
}

static int
sort_by_place(const void *x, const void *y)
{
	const struct sort_key *a = x, *b = y;

	return (a->at > b->at) - (a->at < b->at);
}

static void
sort_keys(struct sort *s)
{
	if (s->n > 0)
		qsort(s->keys, s->n, sizeof *s->keys,
		    s->desc ? sort_descending : sort_ascending);
}

/* Only the first `keep` rows stay, in the order in which they came. */
static void
sort_prune(struct sort *s)
{
	struct buf rows;
	size_t i;

	if (s->n < s->keep)
		return;
	s->n = (size_t)s->keep;
	s->full = true;
	if (s->n == 0)
		return;
	s->last = s->keys[s->n - 1].time;
	qsort(s->keys, s->n, sizeof *s->keys, sort_by_place);
	buf_init(&rows, s->rows.max);
	for (i = 0; i < s->n; i++) {
		const char *row = s->rows.p + s->keys[i].at;

		s->keys[i].at = rows.n;
		buf_put(&rows, row, row_size(row));
	}
	buf_release(&s->rows);
	s->rows = rows;
}

/* A record that comes after `keep` others. */
static bool
sort_is_late(const struct sort *s, int64_t time)
{
	return s->full && (s->keep == 0 ||
	    (s->desc ? time < s->last : time >= s->last));
}

/* ---- the file ---- */

static int
sort_open_file(struct sort *s, struct fault *fault)
{
	const char *dirs[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };
	char path[PATH_MAX];
	int fd = -1;
	size_t i;

	errno = ENOENT;
	for (i = 0; i < sizeof dirs / sizeof *dirs && fd < 0; i++)
		if (dirs[i] != NULL && dirs[i][0] != '\0' &&
		    snprintf(path, sizeof path, "%s/mfx.XXXXXX", dirs[i]) <
		    (int)sizeof path)
			fd = mkstemp(path);
	if (fd < 0)
		return fault_errno(fault, EX_TEMPFAIL, "a file to sort in");
	unlink(path);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	s->fd = fd;
	return 0;
}

static int
sort_write(struct sort *s, struct buf *piece, struct fault *fault)
{
	if (write_all(s->fd, piece->p, piece->n) < 0)
		return fault_errno(fault, EX_TEMPFAIL,
		    "a file to sort in, in $TMPDIR");
	s->size += piece->n;
	buf_clear(piece);
	return 0;
}

static int
sort_put_run(struct sort *s, struct buf *piece, struct fault *fault)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const char *row = s->rows.p + s->keys[i].at;

		buf_put(piece, row, row_size(row));
		if (piece->n >= SORT_PIECE && sort_write(s, piece, fault) < 0)
			return -1;
	}
	return sort_write(s, piece, fault);
}

/* What is in memory, which is in order, becomes a run. */
static int
sort_spill(struct sort *s, struct fault *fault)
{
	struct sort_run run = { .at = s->size };
	struct buf piece;
	int r;

	if (s->size + s->rows.n > s->disk)
		return fault_set(fault, EX_DATAERR, "more to be put in order "
		    "than there is room for: ask for less, as with --from, "
		    "--to or --limit");
	if (s->fd == 0 && sort_open_file(s, fault) < 0)
		return -1;
	buf_init(&piece, SORT_PIECE + SORT_ROW_MAX);
	r = sort_put_run(s, &piece, fault);
	buf_release(&piece);
	if (r < 0)
		return -1;
	run.end = s->size;
	buf_init(&run.piece, SORT_ROW_MAX);
	s->runs = memory_resize(s->runs, (s->n_runs + 1) * sizeof run);
	s->runs[s->n_runs++] = run;
	buf_clear(&s->rows);
	s->n = 0;
	return 0;
}

static int
sort_make_room(struct sort *s, struct fault *fault)
{
	sort_keys(s);
	sort_prune(s);
	return s->rows.n < s->memory / 2 ? 0 : sort_spill(s, fault);
}

int
sort_add(struct sort *s, const struct route *route,
    const struct record *record, struct fault *fault)
{
	size_t at;

	if (sort_is_late(s, record->time.ns))
		return 0;
	if (s->rows.n + s->n * sizeof *s->keys >= s->memory &&
	    sort_make_room(s, fault) < 0)
		return -1;
	at = s->rows.n;
	row_put(&s->rows, route, record);
	if (s->rows.full)
		return fault_set(fault, EX_DATAERR, "a record is too long");
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 1024;
		s->keys = memory_resize(s->keys, s->cap * sizeof *s->keys);
	}
	s->keys[s->n++] = (struct sort_key){ record->time.ns, at };
	return 0;
}

/* ---- the runs, merged ---- */

/* Does the first row of run a come before that of run b?  Of one time, the
 * run that was written first has what came first. */
static bool
sort_before(const struct sort *s, size_t a, size_t b)
{
	int64_t x = row_time(s->runs[a].piece.p + s->runs[a].row);
	int64_t y = row_time(s->runs[b].piece.p + s->runs[b].row);

	if (x != y)
		return s->desc ? x > y : x < y;
	return s->desc ? a > b : a < b;
}

/* the run at i of the heap goes down to its place */
static void
sort_sift(struct sort *s, size_t i)
{
	size_t child, moved;

	while ((child = 2 * i + 1) < s->n_heap) {
		if (child + 1 < s->n_heap &&
		    sort_before(s, s->heap[child + 1], s->heap[child]))
			child++;
		if (!sort_before(s, s->heap[child], s->heap[i]))
			return;
		moved = s->heap[i];
		s->heap[i] = s->heap[child];
		s->heap[child] = moved;
		i = child;
	}
}

/* n bytes from the next row on are in memory, if there are as many */
static int
sort_read(struct sort *s, struct sort_run *r, size_t n, struct fault *fault)
{
	size_t have = r->piece.n - r->row, want;
	ssize_t got;

	if (have >= n || r->at == r->end)
		return 0;
	memmove(r->piece.p, r->piece.p + r->row, have);
	r->row = 0;
	r->piece.n = have;
	want = n - have > SORT_PIECE ? n - have : SORT_PIECE;
	if (want > r->end - r->at)
		want = (size_t)(r->end - r->at);
	if (buf_room(&r->piece, want) == NULL)
		return fault_set(fault, EX_DATAERR, "a record is too long");
	while (want > 0) {
		errno = EIO;
		got = pread(s->fd, r->piece.p + r->piece.n, want,
		    (off_t)r->at);
		if (got <= 0)
			return fault_errno(fault, EX_IOERR,
			    "a file to sort in");
		r->at += (uint64_t)got;
		r->piece.n += (size_t)got;
		want -= (size_t)got;
	}
	return 0;
}

/* 1: the run's next row is in memory; 0: there is none */
static int
sort_load(struct sort *s, struct sort_run *r, struct fault *fault)
{
	if (sort_read(s, r, ROW_HEAD, fault) < 0)
		return -1;
	if (r->piece.n - r->row < ROW_HEAD)
		return 0;
	return sort_read(s, r, row_size(r->piece.p + r->row), fault) < 0 ?
	    -1 : 1;
}

static int
sort_begin_merge(struct sort *s, struct fault *fault)
{
	size_t i;

	if (s->n > 0 && sort_spill(s, fault) < 0)
		return -1;
	buf_release(&s->rows);
	s->heap = memory_zero(s->n_runs, sizeof *s->heap);
	for (i = 0; i < s->n_runs; i++) {
		if (sort_load(s, &s->runs[i], fault) < 0)
			return -1;
		s->heap[s->n_heap++] = i;
	}
	for (i = s->n_heap / 2; i > 0; i--)
		sort_sift(s, i - 1);
	return 0;
}

/* The row that was given last is left. */
static int
sort_step(struct sort *s, struct fault *fault)
{
	struct sort_run *r = &s->runs[s->heap[0]];
	int got;

	r->row += row_size(r->piece.p + r->row);
	if ((got = sort_load(s, r, fault)) < 0)
		return -1;
	if (got == 0)
		s->heap[0] = s->heap[--s->n_heap];
	sort_sift(s, 0);
	return 0;
}

static int
sort_end(struct sort *s, struct fault *fault)
{
	s->sorted = true;
	sort_keys(s);
	return s->n_runs > 0 ? sort_begin_merge(s, fault) : 0;
}

int
sort_next(struct sort *s, struct route *route, struct record *record,
    struct fault *fault)
{
	struct sort_run *r;

	if (!s->sorted) {
		if (sort_end(s, fault) < 0)
			return -1;
	} else if (s->n_heap > 0 && sort_step(s, fault) < 0) {
		return -1;
	}
	if (s->n_runs > 0) {
		if (s->n_heap == 0)
			return 0;
		r = &s->runs[s->heap[0]];
		row_get(r->piece.p + r->row, route, record);
		return 1;
	}
	if (s->next == s->n)
		return 0;
	row_get(s->rows.p + s->keys[s->next++].at, route, record);
	return 1;
}
