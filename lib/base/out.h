/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_OUT_H
#define MFX_BASE_OUT_H

#include "base/buf.h"

/*
 * Output of records.  Only whole records leave the process:
 *
 *	buf_put(&out.b, ...);		builds a record at the end of b
 *	out_end(&out);			the record is whole; or
 *	out_cancel(&out);		the record is dropped
 *
 * Whole records are written when there are 64 KiB of them, when
 * out_flush() is called, and (by line_next) before any read that could
 * block; with `each` set, one at a time.  It does not depend on what fd is.
 *
 * Code that holds output back (rows of a table, marks of a filter) sets `late`,
 * which out_flush() calls first, to put what is due.
 *
 * After an error all output is discarded and every call returns -1; out.err
 * keeps errno for the program's last message (out_finish).
 *
 * With `take` set, records go there and not to fd.
 */
struct out {
	int fd;
	const char *name;	/* for messages */
	struct buf b;
	size_t whole;		/* bytes of b that are whole records */
	bool each;		/* -u: write each record at once */
	bool counted;		/* by run_count.h: the program's stdout */
	uint64_t lines;		/* records since they were last counted; what
				 * ends several at once adds the others */
	int err;		/* errno of the first failure, or 0 */
	void (*late)(void *);	/* or NULL */
	void *late_arg;
	/* or NULL: takes whole records, maybe none, in place of write(2).
	 * With `flush` nothing may be held back.  -1: an error. */
	int (*take)(void *, struct str whole, bool flush);
	void *take_arg;
};

/* a record larger than `max` can't be built: b.full */
void out_init(struct out *, int fd, const char *name, size_t max);
void out_release(struct out *);
int out_write(struct out *);		/* writes what is whole */
int out_give(struct out *, bool flush);	/* the same, to `take` */

/*
 * The end of an output: writes what is whole and closes fd, as some file
 * systems report a failed write only then.  Returns the `status` given; after a
 * failure, reports it on stderr and returns EX_IOERR.  With an fd below 0 there
 * is no output.  The caller still calls out_release().
 */
int out_finish(struct out *, int status);

#define OUT_CHUNK (64 * 1024)

static inline void
out_cancel(struct out *o)
{
	o->b.n = o->whole;
	o->b.full = false;
}

static inline int
out_end(struct out *o)
{
	o->lines += o->b.n > o->whole;
	o->whole = o->b.n;
	if (o->whole >= OUT_CHUNK || o->each)
		return out_write(o);
	return o->err ? -1 : 0;
}

static inline int
out_flush(struct out *o)
{
	if (o->late != NULL)
		o->late(o->late_arg);
	if (o->take != NULL)
		return out_give(o, true);
	return o->whole > 0 ? out_write(o) : o->err ? -1 : 0;
}

/* write(2) until all is written; -1 with errno */
int write_all(int fd, const void *, size_t);

#endif
