/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_FILE_H
#define MFX_BASE_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

/* $MFX_HOME or its default (DESIGN 2), with `under` behind it, "" for
 * none; the caller frees.  Nothing is made. */
char *home_path(const char *under);

/* mkdir -p, each new one with mode 0700 */
int dir_make(const char *path, struct fault *);

/*
 * Replaces a file as a whole: a new one in the same directory is written,
 * given `mode`, synced when `durable`, and renamed over it.  A reader sees
 * the old bytes or the new ones, after a kill -9 too.
 */
int file_replace(const char *path, struct str bytes, unsigned mode,
    bool durable, struct fault *);

/* the whole of a file, at most b->max bytes; "-" is stdin */
int file_read(const char *path, struct buf *b, struct fault *);

/*
 * A secret from a file ("-": stdin), or from the terminal, without echo,
 * when path is NULL and stdin is a tty.  One newline at its end is cut.
 * The caller wipes it with secret_release().  `what` is for the prompt
 * and for messages: "password".
 */
int secret_read(const char *path, const char *what, struct buf *b,
    struct fault *);
void secret_release(struct buf *b);

#endif
