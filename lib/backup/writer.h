/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_WRITER_H
#define MFX_BACKUP_WRITER_H

#include "base/fault.h"
#include "base/str.h"

/*
 * Bytes that a thread passes on while the caller goes on: they are gathered in
 * buffers, and each full one is given to `pass`, in order, in that thread.
 * There is none before the first buffer is full, so a small file costs none;
 * and where none can be started it is the same, and slower.
 *
 *	w = writer_new(pass, arg)
 *	writer_put(w, p, n, &fault) ...
 *	writer_end(w, &left, &fault)
 *	writer_free(w)
 */
#define WRITER_BUFFER ((size_t)256 << 10)

struct writer;

typedef int writer_pass(void *arg, const void *, size_t, struct fault *);

struct writer *writer_new(writer_pass *, void *arg);
/* -1: `pass` has failed, now or for bytes that were put before */
int writer_put(struct writer *, const void *, size_t n, struct fault *);
/* Waits until all has been passed on but the last bytes, at most a buffer,
 * which are the caller's to pass on: borrowed until writer_free. */
int writer_end(struct writer *, struct str *left, struct fault *);
/* also NULL; without an end, what waits is dropped.  `pass` is not called after
 * this, nor after an end. */
void writer_free(struct writer *);

#endif
