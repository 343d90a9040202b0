/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_PAGE_H
#define MFX_REGISTRY_PAGE_H

#include "registry/item.h"

/*
 * A page out of a user's things or channels, in order of creation, that is
 * looked for in small steps, so that a service can do other work between
 * them: counting or searching a million takes seconds.
 *
 *	page = (struct page){ .registry = r, .kind = …, .limit = 10, … };
 *	while ((got = page_step(&page, &fault)) > 0) ... other work
 *
 * Each step is done within a millisecond or two, and each sees the registry
 * as it is then.  What is removed or added meanwhile moves nothing else:
 * the place is a row, not a number.
 */
struct page {
	struct registry *registry;
	enum item_kind kind;
	struct user owner;
	/* filters; p NULL: not wanted */
	struct str connected;		/* to this channel, or thing; when
					 * there is none: an empty page */
	struct str name;		/* a part of it, in any case */
	struct str glob;		/* of the name: glob.h */
	struct str metadata;		/* contained, compact */
	uint64_t offset, limit;		/* limit at least 1 */
	long long after;		/* begin behind this row; 0 */
	bool count;			/* `total` is wanted */
	struct arena *scratch;		/* for `metadata` */
	/* called for each item of the page, which it borrows; -1 ends all */
	int (*each)(void *arg, const struct item *, struct fault *);
	void *arg;
	/* what came out */
	uint64_t total;			/* that pass the filters */
	uint64_t given;
	long long last;			/* the row of the last one given */
	bool more;			/* there are some behind it */
	/* private */
	uint64_t passed;
	long long at;
	bool begun, counted;
	bool beyond;			/* behind what the index has */
	struct buf match;
};

/* 1: call again; 0: done; -1 */
int page_step(struct page *, struct fault *);
/* after the last step, or instead of it */
void page_end(struct page *);

/* how long a part of a name may be that is looked for */
#define PAGE_NAME_MAX NAME_BYTES_MAX

#endif
