/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_FILE_H
#define MFX_BASE_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

/* $MFX_HOME or its default (mfx(7)), followed by `under`, which may be "";
 * the caller frees.  Nothing is created. */
char *home_path(const char *under);
/* used instead of $MFX_HOME by code that runs in another program's process,
 * whose environment is not ours to change; borrowed */
void home_set(const char *dir);

/* mkdir -p: each new directory has mode 0700, its name is synced to the
 * disk, and when root makes it, it gets the owner of its parent */
int dir_make(const char *path, struct fault *);

/*
 * Gives a file that root made in another user's directory to the owner and
 * group of that directory, so that a command run as root leaves no file that
 * the site's own user can't write.  `fd` is the new file, made with O_EXCL
 * or known to be ours; `dir` the open directory that it is in.  Does nothing
 * for any other user than root.  0, or -1 and errno.
 */
int file_own_as_dir(int dir, int fd);
/* the same for an open file that was made at `path` */
int file_own_as_parent(const char *path, int fd);

/*
 * Opens a file of the site.  When it has to be made it gets mode 0600 and
 * the owner as above.  `flags` are those of open(2) in addition to O_CREAT
 * and O_CLOEXEC.  The descriptor, or -1 and errno.
 */
int file_open(const char *path, int flags);

/*
 * Replaces a file as a whole: a new one in the same directory is written,
 * given `mode` (and, made by root, the directory's owner), synced when
 * `durable`, and renamed over it.  A reader sees the old bytes or the new
 * ones, after a kill -9 too.
 */
int file_replace(const char *path, struct str bytes, unsigned mode,
    bool durable, struct fault *);

/* the same for `name` in an open directory, whose owner it gets when root
 * makes it: 0, or -1 and errno; the name itself is not synced */
int file_replace_at(int dir, const char *name, struct str bytes,
    unsigned mode, bool durable);

/* the whole of a file, at most b->max bytes; "-" is stdin */
int file_read(const char *path, struct buf *b, struct fault *);
/* the rest of an open file, with its name for messages */
int file_read_fd(int fd, const char *name, struct buf *b, struct fault *);

/*
 * A secret from a file ("-": stdin), or from the terminal, without echo,
 * when path is NULL and stdin is a tty.  One newline at its end is removed.
 * The caller wipes it with secret_release().  `what` is for the prompt
 * and for messages: "password".
 */
int secret_read(const char *path, const char *what, struct buf *b,
    struct fault *);
void secret_release(struct buf *b);

#endif
