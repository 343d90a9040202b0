/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_FILE_H
#define MFX_BASE_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

/* $MFX_HOME or its default (DESIGN 2), with `under` behind it, "" for
 * none; the caller frees.  Nothing is made. */
char *home_path(const char *under);
/* instead of $MFX_HOME: for what runs in another's process, whose environment
 * is not ours to change; borrowed */
void home_set(const char *dir);

/* mkdir -p, each new one with mode 0700, its name on the disk, and owned as its
 * parent when root
 * makes it */
int dir_make(const char *path, struct fault *);

/*
 * What root makes in a directory of somebody else's belongs to that
 * directory's owner and group, so that a command run as root leaves nothing
 * behind that the site's own user can't write.  `fd` is the new file, made
 * with O_EXCL or known to be ours; `dir` the open directory that it is in.
 * For any other user than root nothing is done.  0, or -1 and errno.
 */
int file_own_as_dir(int dir, int fd);
/* the same, of a file that is open and was made at `path` */
int file_own_as_parent(const char *path, int fd);

/*
 * Opens a file that is kept, with mode 0600 and to its owner as above when
 * it has to be made.  `flags` are those of open(2) beside O_CREAT and
 * O_CLOEXEC.  The descriptor, or -1 and errno.
 */
int file_open(const char *path, int flags);

/*
 * Replaces a file as a whole: a new one in the same directory is written,
 * given `mode` (and, made by root, the directory's owner), synced when
 * `durable`, and renamed over it.  A reader sees
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
