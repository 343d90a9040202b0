/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_UNTIL_H
#define MFX_BACKUP_UNTIL_H

#include "backup/shelf.h"
#include "bus/bus.h"

/*
 * A site as it was at some moment, of two backups: everything from the last one
 * before it, and from the next one the lines that came up to it, which the
 * pipelines then store again.  Streams that are made of others here (by mfx-pub
 * --ack, mfx-events or a copy) end where the first backup has them, as they are
 * made again, too.  One that the first backup does not have may be such a one,
 * and is left out.
 */
struct until {
	bool by_time;
	struct stamp time;
	char stream[BUS_NAME_MAX + 1];	/* not by time: of this stream */
	uint64_t seq;
	/* private: streams that are made of others */
	char (*made)[BUS_NAME_MAX + 1];
	size_t n;
	const char *site;
};

/* a time, STREAM@POSITION, or a position of the stream raw */
bool until_parse(const char *, struct until *);
void until_release(struct until *);

/* Which of these backups is the last one before it, and which the one after
 * that, or SIZE_MAX.  EX_NOINPUT: all are later. */
int until_choose(const struct until *, const struct shelf *,
    const struct seal_key *, size_t *base, size_t *next, struct fault *);

/* After the first backup is in the directory, whose path stays: which streams
 * are made of others? */
int until_look(struct until *, const char *site, struct fault *);
/* is this file of the next backup one with lines that are needed? */
bool until_wants(const struct until *, const char *name);

/* Cuts streams there.  EX_DATAERR: a store of the site is beyond it. */
int until_cut(const struct until *, const char *site,
    const struct manifest *, struct fault *);

#endif
