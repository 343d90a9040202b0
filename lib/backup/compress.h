/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_COMPRESS_H
#define MFX_BACKUP_COMPRESS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * Zstandard (RFC 8878), at the speed of its level 1, as zstd(1) writes and
 * reads it.  Without libzstd both functions that begin say so: EX_UNAVAILABLE.
 */

/* ---- writing ---- */

struct compress_out;

struct compress_out *compress_out_new(struct fault *);
/* Gives what it makes of these bytes to `give`, when it has some; `last`: all
 * that is left of the frame. */
int compress_out_put(struct compress_out *, const void *, size_t, bool last,
    int (*give)(void *arg, const void *, size_t, struct fault *), void *arg,
    struct fault *);
void compress_out_free(struct compress_out *);	/* also NULL */

/* ---- reading ---- */

struct compress_in;

/* does it begin as a frame does? */
static inline bool
compress_is(struct str s)
{
	return str_starts(s, STR("\x28\xb5\x2f\xfd"));
}

struct compress_in *compress_in_new(const char *name, struct fault *);
/*
 * Takes some of `in`, and appends at most the room for `most` bytes to `out`.
 * 1 when a frame has ended with what was taken, else 0; -1 and EX_DATAERR when
 * it is damaged, or needs more than 8 MiB of what came before.
 */
int compress_in_step(struct compress_in *, struct str *in, struct buf *out,
    size_t most, struct fault *);
void compress_in_free(struct compress_in *);	/* also NULL */

#endif
