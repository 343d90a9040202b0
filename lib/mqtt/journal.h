/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_JOURNAL_H
#define MFX_MQTT_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * What is to outlive the broker, as a file of lines: one more for each
 * change.  When most of them are old news the file is rewritten, a portion in
 * each turn, so that the broker's thread is not held up; what changes
 * meanwhile goes to both.  Whenever the process is killed, the file is the old
 * one or the new one.
 *
 * It can be opened on a full disk, too: then nothing can be noted, which
 * journal_append says, until there is room again.
 *
 * One process has the file at a time.
 */
struct journal {
	size_t lines;		/* in the file, its first one too */
	/* private */
	char *path, *new_path;
	char *head;		/* the first line; owned */
	int fd;			/* -1: it can't be had for now */
	uint64_t size;		/* whole lines */
	int next;		/* while it is rewritten; else -1 */
	uint64_t next_size;
	size_t next_lines, cursor;
	bool retry_later;
	int64_t retry;		/* monotonic ns */
};

/* Gives all whole lines that are there in *text, at most its maximum; none
 * when the disk has no room even for an empty file. */
int journal_open(struct journal *, const char *path, struct buf *text,
    struct fault *);
void journal_close(struct journal *);

/* the first line, with its newline, for a file that is empty and for what is
 * rewritten; to be called before anything is appended */
void journal_head(struct journal *, struct str line);

/* One line with its newline: whole, or not at all and -1. */
int journal_append(struct journal *, struct str line, struct fault *);

/* Appends a portion of the lines that say what is so now, and moves *cursor,
 * from 0; false: it was the last one. */
typedef bool journal_put_fn(void *arg, size_t *cursor, struct buf *to);

/* begins to rewrite it, from the start when that is under way */
void journal_rewrite(struct journal *);
/* one portion of it; true as long as there is more to do */
bool journal_step(struct journal *, journal_put_fn *, void *arg);

#endif
