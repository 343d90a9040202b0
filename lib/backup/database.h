/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BACKUP_DATABASE_H
#define MFX_BACKUP_DATABASE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/fault.h"

/*
 * SQLite files of a site, whichever program has them: copied as of one moment
 * while they are written.
 */

/* does an open file begin as one? */
bool database_is(int fd);

/* How far stores have streams: "raw/store" is in this file up to seq. */
struct database_position {
	char source[136];
	uint64_t seq;
	char *store;		/* whose it is, for notes */
};

struct database_positions {
	struct database_position *v;
	size_t n;
};

/* that of the store that is furthest, or NULL */
const struct database_position *database_position_find(
    const struct database_positions *, const char *source);
/* adds those of a file that nobody has open, if it is a store; nothing is made
 * beside it */
int database_positions_of(struct database_positions *, const char *path,
    const char *store, struct fault *);
void database_positions_release(struct database_positions *);

/* `to` is a new file; nothing of it is left after a fault.  When it is a store,
 * its positions in the copy are added under the name `store`. */
int database_copy(const char *path, const char *to,
    struct database_positions *, const char *store, struct fault *);

/*
 * The same in two steps.  From database_hold on nobody changes it; after
 * database_hold_free others do, and database_hold_copy still copies what was
 * there before.
 */
struct database_hold;
int database_hold(struct database_hold **, const char *path, struct fault *);
int database_hold_free(struct database_hold *, struct fault *);
int database_hold_copy(struct database_hold *, const char *to, struct fault *);
/* also NULL */
void database_hold_end(struct database_hold *);

/* Has another process this file open, and which?  It must not be open in this
 * one: 1, 0, -1 and errno. */
int database_in_use(int fd, pid_t *);

#endif
