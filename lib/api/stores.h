/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_STORES_H
#define MFX_API_STORES_H

#include "base/fault.h"
#include "base/opt.h"
#include "base/str.h"

/*
 * Where messages are read from: one store or several, each with a name that
 * a request asks it by; the first is asked when none is named.  They are
 * not put together: writers to several stores give each of them everything,
 * which would then be there twice.
 */
struct store_driver;
struct api_store {
	char *name;		/* "": it can only be the first */
	const struct store_driver *driver;
	char *place;		/* for the driver */
	bool given;		/* it was asked for, and has to be there */
	bool seen;		/* it has been there */
	bool failing;		/* that it can't be read has been said */
};

struct stores;

/*
 * "STORE" or "NAME=STORE" (store_find), where NAME has letters, digits, '-'
 * and '_' only; without one it is that of the file, less ".db".  Without any
 * store: messages.db of `home`.  -1 and EX_USAGE for what has no name, or the
 * name of another.  `file`, unless it is NULL, has more of them, one a line.
 */
int stores_open(struct stores **, const struct opt_list *, const char *file,
    const char *home, struct fault *);
void stores_close(struct stores *);

/* name p NULL: the first; NULL: there is none of that name */
struct api_store *stores_find(struct stores *, struct str name);
/* the i-th, NULL after the last */
struct api_store *stores_at(struct stores *, size_t i);
/* it can be read: what is wrong next is said again */
void stores_recovered(struct api_store *);

#endif
