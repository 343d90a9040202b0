/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in a file of lines:
 *
 *	TIME<TAB>CHANNEL<TAB>NAME<TAB>RECORD
 *
 * in nanoseconds, text, text and mfx-line(5), in the order in which readings
 * came.  FILE.at says how much of it counts, and how far each source is:
 *
 *	BYTES
 *	raw/store<TAB>WHOLE<TAB>OPEN<TAB>PART
 *
 * A batch is appended and synced, and then FILE.at is replaced as a whole.
 * That is the commit: what a killed writer has appended without it is cut
 * off when the next one begins, so each reading is stored exactly once.  The
 * bytes that count never change, so a reader needs no lock.  One writer has
 * the file at a time.
 *
 * A reading that was removed has '#' as the first byte of its line.  That is
 * one byte, so pruning needs no lock either; the line keeps its room.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/out.h"
#include "line/records.h"

#define TSV_AT_MAX ((size_t)64 << 10)
#define TSV_BATCH_MAX ((size_t)512 << 20)
#define TSV_SLICE ((size_t)4 << 20)	/* pruned in one go */
#define TSV_REMOVED '#'

/* ---- FILE.at ---- */

struct tsv_at {
	char path[PATH_MAX];
	uint64_t bytes;
	struct progress at;	/* of our source */
	struct buf others;	/* the lines of other sources */
};

/* the field in front of `end`, which is taken off the text with it */
static bool
tsv_field(struct str *text, char end, struct str *field)
{
	const char *p = text->n == 0 ? NULL : memchr(text->p, end, text->n);

	if (p == NULL)
		return false;
	*field = (struct str){ text->p, (size_t)(p - text->p) };
	*text = str_from(*text, field->n + 1);
	return true;
}

static bool
tsv_number(struct str *text, char end, uint64_t max, uint64_t *n)
{
	struct str field;

	return tsv_field(text, end, &field) && number_digits(field, max, n);
}

static bool
tsv_at_parse(struct tsv_at *a, struct str text, const char *source)
{
	uint64_t part;

	if (!tsv_number(&text, '\n', INT64_MAX, &a->bytes))
		return false;
	while (text.n > 0) {
		struct str line, rest, name;
		struct progress at;

		if (!tsv_field(&text, '\n', &line))
			return false;
		rest = (struct str){ line.p, line.n + 1 };
		if (!tsv_field(&rest, '\t', &name) ||
		    !tsv_number(&rest, '\t', INT64_MAX, &at.whole) ||
		    !tsv_number(&rest, '\t', INT64_MAX, &at.open) ||
		    !tsv_number(&rest, '\n', PART_MAX, &part))
			return false;
		at.part = (uint32_t)part;
		if (source != NULL && str_eq(name, str_z(source)))
			a->at = at;
		else
			buf_put(&a->others, line.p, line.n + 1);
	}
	return true;
}

/* EX_NOINPUT when there is no such file */
static int
tsv_at_read(struct tsv_at *a, const char *place, const char *source,
    struct fault *fault)
{
	struct buf text;
	int n, r;

	n = snprintf(a->path, sizeof a->path, "%s.at", place);
	if (n < 0 || (size_t)n >= sizeof a->path)
		return fault_set(fault, EX_NOINPUT, "%s: path too long", place);
	buf_init(&text, TSV_AT_MAX);
	r = file_read(a->path, &text, fault);
	if (r == 0 && !tsv_at_parse(a, buf_str(&text), source))
		r = fault_set(fault, EX_CONFIG,
		    "%s: not the positions of a TSV store", a->path);
	buf_release(&text);
	return r;
}

static int
tsv_at_write(const struct tsv_at *a, const char *source, struct fault *fault)
{
	struct buf text;
	int r;

	buf_init(&text, TSV_AT_MAX);
	buf_printf(&text, "%" PRIu64 "\n", a->bytes);
	buf_put_str(&text, buf_str(&a->others));
	if (source != NULL)
		buf_printf(&text, "%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu32
		    "\n", source, a->at.whole, a->at.open, a->at.part);
	r = text.full ? fault_set(fault, EX_CONFIG, "%s: too many sources",
	    a->path) : file_replace(a->path, buf_str(&text), 0600, true,
	    fault);
	buf_release(&text);
	return r;
}

/* ---- writing ---- */

struct tsv_writer {
	char *place, *source;	/* source: or NULL */
	int fd;
	struct tsv_at at;
	struct buf text;
};

static void
tsv_close_writer(void *handle)
{
	struct tsv_writer *w = handle;

	if (w->fd >= 0)
		close(w->fd);
	buf_release(&w->at.others);
	buf_release(&w->text);
	free(w->place);
	free(w->source);
	free(w);
}

/* opens the file for one writer alone, and sees what is in it */
static int
tsv_open_file(struct tsv_writer *w, struct fault *fault)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat st;

	w->fd = file_open(w->place, O_RDWR);
	if (w->fd < 0 || fstat(w->fd, &st) < 0)
		return fault_errno(fault, 0, "%s", w->place);
	if (fcntl(w->fd, F_SETLK, &all) < 0)
		return fault_set(fault, EX_TEMPFAIL,
		    "%s: another writer has it open", w->place);
	if (tsv_at_read(&w->at, w->place, NULL, fault) == 0)
		return (uint64_t)st.st_size >= w->at.bytes ? 0 :
		    fault_set(fault, EX_DATAERR, "%s: shorter than %s says",
		    w->place, w->at.path);
	if (fault->status != EX_NOINPUT)
		return -1;
	if (st.st_size > 0)
		return fault_set(fault, EX_CONFIG,
		    "%s: not a TSV store, as %s is missing", w->place,
		    w->at.path);
	return tsv_at_write(&w->at, NULL, fault);
}

static enum store_result
tsv_open_writer(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct tsv_writer *w = memory_zero(1, sizeof *w);

	(void)watch;
	w->place = memory_strdup(place);
	buf_init(&w->at.others, TSV_AT_MAX);
	buf_init(&w->text, TSV_BATCH_MAX);
	if (tsv_open_file(w, fault) < 0) {
		tsv_close_writer(w);
		return STORE_FAILED;
	}
	*out = w;
	return STORE_DONE;
}

static enum store_result
tsv_position(void *handle, const char *source, struct progress *at,
    struct fault *fault)
{
	struct tsv_writer *w = handle;

	w->source = memory_strdup(source);
	buf_clear(&w->at.others);
	if (tsv_at_read(&w->at, w->place, source, fault) < 0)
		return STORE_FAILED;
	*at = w->at.at;
	return STORE_DONE;
}

/* for eyes and cut(1): what would end a field or a line is a blank */
static void
tsv_put_text(struct buf *to, struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		buf_putc(to, text.p[i] == '\t' || text.p[i] == '\n' ? ' ' :
		    text.p[i]);
}

static void
tsv_put(struct buf *to, const struct reading *reading)
{
	struct route route = *reading->route;

	/* a position on the bus says nothing about the reading */
	route.has_seq = false;
	buf_printf(to, "%" PRId64 "\t", reading->record.time.ns);
	tsv_put_text(to, route.channel);
	buf_putc(to, '\t');
	tsv_put_text(to, reading->record.name);
	buf_putc(to, '\t');
	record_put_line(to, &route, &reading->record);
}

/* after what counts, whatever an earlier attempt has left there */
static int
tsv_append(struct tsv_writer *w)
{
	off_t end = (off_t)w->at.bytes;
	struct stat st;

	if (fstat(w->fd, &st) < 0)
		return -1;
	if (st.st_nlink == 0) {		/* removed meanwhile */
		errno = ENOENT;
		return -1;
	}
	return ftruncate(w->fd, end) < 0 || lseek(w->fd, end, SEEK_SET) < 0 ||
	    write_all(w->fd, w->text.p, w->text.n) < 0 ||
	    fdatasync(w->fd) < 0 ? -1 : 0;
}

/* a full disk may have room later */
static enum store_result
tsv_result(const struct fault *fault)
{
	return fault->status == EX_TEMPFAIL ? STORE_LATER : STORE_FAILED;
}

static enum store_result
tsv_write(void *handle, struct batch *b, struct fault *fault)
{
	struct tsv_writer *w = handle;
	struct progress at = w->at.at;
	uint64_t bytes = w->at.bytes;
	size_t i;

	buf_clear(&w->text);
	for (i = 0; i < b->whole; i++)
		tsv_put(&w->text, &b->readings[i]);
	if (w->text.full) {
		fault_set(fault, EX_DATAERR, "%s: too much in one batch",
		    w->place);
		return STORE_FAILED;
	}
	if (w->text.n > 0 && tsv_append(w) < 0) {
		fault_errno(fault, 0, "%s", w->place);
		return tsv_result(fault);
	}
	w->at.bytes += w->text.n;
	if (b->has_at)
		w->at.at = b->at;
	if (tsv_at_write(&w->at, w->source, fault) == 0)
		return STORE_DONE;
	w->at.bytes = bytes;
	w->at.at = at;
	return tsv_result(fault);
}

/* ---- reading ---- */

/* It gives all there is, as it came: the frame does the rest. */
struct tsv_reader {
	const char *place;
	char *text;		/* what counts of the file, mapped */
	size_t n;
	struct str rest;	/* of it, to be given */
	size_t line;		/* where the last one that was given begins */
	struct pack pack;
};

static void
tsv_unmap(struct tsv_reader *r)
{
	if (r->n > 0)
		munmap(r->text, r->n);
	r->n = 0;
}

static int
tsv_map(struct tsv_reader *r, const struct tsv_at *at, int fd, int access,
    struct fault *fault)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return fault_errno(fault, 0, "%s", r->place);
	if ((uint64_t)st.st_size < at->bytes || at->bytes > SIZE_MAX)
		return fault_set(fault, EX_DATAERR,
		    "%s: shorter than %s says", r->place, at->path);
	if (at->bytes == 0)
		return 0;
	p = mmap(NULL, (size_t)at->bytes, access, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return fault_errno(fault, 0, "%s", r->place);
	r->text = p;
	r->n = (size_t)at->bytes;
	return 0;
}

static int
tsv_begin(struct tsv_reader *r, bool change, struct fault *fault)
{
	struct tsv_at at = { .bytes = 0 };
	int fd, result;

	tsv_unmap(r);
	buf_init(&at.others, TSV_AT_MAX);
	result = tsv_at_read(&at, r->place, NULL, fault);
	buf_release(&at.others);
	if (result < 0)
		return -1;
	fd = open(r->place, (change ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return fault_errno(fault, EX_NOINPUT, "%s", r->place);
	result = tsv_map(r, &at, fd, PROT_READ | (change ? PROT_WRITE : 0),
	    fault);
	close(fd);
	r->rest = (struct str){ r->text, r->n };
	return result;
}

static int
tsv_query(void *handle, const struct query *query, struct fault *fault)
{
	(void)query;
	return tsv_begin(handle, false, fault);
}

static int
tsv_next(void *handle, struct route *route, struct record *record,
    struct fault *fault)
{
	struct tsv_reader *r = handle;
	struct str line, field;
	int i;

	do {
		if (r->rest.n == 0)
			return 0;
		if (!tsv_field(&r->rest, '\n', &line))
			line.n = 0;
	} while (line.n > 0 && line.p[0] == TSV_REMOVED);
	r->line = r->n - r->rest.n - line.n - 1;
	for (i = 0; i < 3; i++)
		if (!tsv_field(&line, '\t', &field))
			line.n = 0;
	if (pack_parse_line(&r->pack, line, (struct stamp){ 0 }, route) !=
	    NULL || r->pack.n != 1)
		return fault_set(fault, EX_DATAERR,
		    "%s: not a file of a TSV store", r->place);
	*record = r->pack.records[0];
	return 1;
}

static void
tsv_close_reader(void *handle)
{
	struct tsv_reader *r = handle;

	tsv_unmap(r);
	pack_release(&r->pack);
	free(r);
}

static int
tsv_open_reader(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct tsv_reader *r = memory_zero(1, sizeof *r);

	(void)watch;
	(void)fault;
	r->place = place;
	pack_init(&r->pack);
	*out = r;
	return 0;
}

/* ---- pruning ---- */

static int
tsv_open_pruner(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	void *r;

	if (tsv_open_reader(&r, place, watch, fault) < 0)
		return -1;
	if (tsv_begin(r, true, fault) < 0) {
		tsv_close_reader(r);
		return -1;
	}
	*out = r;
	return 0;
}

static int
tsv_prune(void *handle, const struct match *match, uint64_t *removed,
    struct fault *fault)
{
	struct tsv_reader *r = handle;
	size_t end = r->rest.n > TSV_SLICE ? r->rest.n - TSV_SLICE : 0;
	struct route route;
	struct record record;
	uint64_t n = 0;
	int more;

	while ((more = tsv_next(r, &route, &record, fault)) > 0) {
		if (match_route(match, &route) &&
		    match_record(match, &record)) {
			r->text[r->line] = TSV_REMOVED;
			n++;
		}
		if (r->rest.n <= end)
			break;
	}
	if (n > 0 && msync(r->text, r->n, MS_SYNC) < 0)
		return fault_errno(fault, 0, "%s", r->place);
	*removed += n;
	return more;
}

extern const struct store_driver store_tsv;
const struct store_driver store_tsv = {
	.name = "tsv",
	.operand = "FILE",
	.write_summary = "store readings in a TSV file, each exactly once",
	.read_summary = "print readings from a TSV file",
	.open_writer = tsv_open_writer,
	.position = tsv_position,
	.write = tsv_write,
	.close_writer = tsv_close_writer,
	.open_reader = tsv_open_reader,
	.query = tsv_query,
	.next = tsv_next,
	.close_reader = tsv_close_reader,
	.prune_summary = "remove old readings from a TSV file",
	.open_pruner = tsv_open_pruner,
	.prune = tsv_prune,
	.close_pruner = tsv_close_reader,
};
