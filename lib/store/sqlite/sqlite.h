/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_SQLITE_H
#define MFX_STORE_SQLITE_SQLITE_H

#include "base/fault.h"
#include "store/batch.h"
#include "store/query.h"

/*
 * A store in one SQLite file (WAL): mfx-write-sqlite(1) has its tables.
 *
 * It is known by its application_id; a file of another application, or of
 * a newer version of ours, is refused with EX_CONFIG and not touched.
 */

/* ---- writing ---- */
struct sqlite_writer;

/*
 * Opens, and makes when new (mode 0600); a file of an older version becomes
 * one of ours.  *at is what is stored for `source`, all 0 when it is NULL or
 * new.
 */
int sqlite_writer_open(struct sqlite_writer **, const char *path,
    const char *source, struct progress *at, struct fault *);
void sqlite_writer_close(struct sqlite_writer *);

/*
 * One transaction, on disk when it is done: an intake_store's write.  Another
 * writer that has moved the position of our source since makes it fail, so
 * that two with one source store nothing twice.
 */
int sqlite_writer_put(void *, const struct batch *, struct fault *);

/* ---- reading ---- */
struct sqlite_reader;

/* opens read-only and asks; a missing file is EX_NOINPUT */
int sqlite_reader_open(struct sqlite_reader **, const char *path,
    const struct query *, struct fault *);
void sqlite_reader_close(struct sqlite_reader *);

/*
 * Who is asked several times a millisecond, within a call too, whether to
 * stop, instead of signal_stop().  A call that was stopped is -1 with
 * EX_TEMPFAIL.
 */
void sqlite_reader_watch(struct sqlite_reader *, bool (*stop)(void *arg),
    void *arg);

/* for one of many readers in a process, before the first record: it keeps
 * 2 MiB of labels at most, instead of 32 */
void sqlite_reader_frugal(struct sqlite_reader *);

/* 1 and a record, whose slices die at the next call; 0 at the end; -1 */
int sqlite_reader_next(struct sqlite_reader *, struct route *,
    struct record *, struct fault *);

/* how many were left out so far, as a sum or an average was no finite
 * number, which no line can hold */
uint64_t sqlite_reader_beyond(const struct sqlite_reader *);

/* how many records there are, instead of those; 0 or -1 */
int sqlite_reader_count(struct sqlite_reader *, uint64_t *, struct fault *);

/* Can it be read?  Opens it, and looks at a reading; faults as above. */
int sqlite_reader_probe(const char *path, struct fault *);

/* appends how SQLite goes about it, a line a step */
void sqlite_reader_plan(struct sqlite_reader *, struct buf *);

#endif
