/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_PAGE_H
#define MFX_REGISTRY_PAGE_H

#include "registry/item.h"

/*
 * A page out of a user's things or channels, in one of several orders.  First
 * its rows are looked for, in small steps, between which other work can be
 * done and which can be left off after: counting or searching a million
 * takes seconds.  Then they are given, as many at a time as is wanted.
 *
 *	page = (struct page){ .registry = r, .kind = …, .limit = 10, … };
 *	while ((got = page_step(&page, &fault)) > 0) ... other work
 *	... page.total, page.more, page_next
 *	while ((got = page_give(&page, each, arg, &fault)) > 0) ... other work
 *	page_end(&page);
 *
 * Each step is done within a few milliseconds, and each sees the registry
 * as it is then; it may be another handle of the same registry every time.
 * What is removed or added meanwhile moves nothing else: the place is a row,
 * or a name or an id, not a number.  What is removed between the two is not
 * given.
 */
enum page_order {
	PAGE_CREATED,
	PAGE_NAME,		/* by bytes; of the same name, by creation */
	PAGE_ID,
};

enum page_status { PAGE_ANY, PAGE_ENABLED, PAGE_DISABLED };

struct page_place {
	bool set;
	long long n;			/* the row */
	size_t length;
	char key[NAME_BYTES_MAX];	/* its name or id, if that is the
					 * order */
};

struct page {
	struct registry *registry;
	enum item_kind kind;
	struct user owner;
	/* filters; NULL, or p NULL: not wanted */
	struct str connected;		/* to this channel, or thing; when
					 * there is none: an empty page */
	bool disconnected;		/* those that are not, instead */
	struct str name;		/* a part of it, in any case */
	const struct glob *glob;	/* of the name */
	struct metadata_want *metadata;
	struct str tags;		/* all of these: tags.h */
	enum page_status status;
	enum page_order order;
	bool desc;			/* from its end */
	uint64_t offset, limit;		/* limit at least 1 */
	bool count;			/* `total` is wanted */
	/* what came out */
	uint64_t total;			/* that pass the filters */
	uint64_t found;			/* of this page */
	bool more;			/* there are some after it */
	/* private */
	long long *rows;		/* of the page */
	size_t n_rows;			/* there is room for */
	uint64_t passed, given;
	struct page_place at, last;	/* looked at, and found, last */
	bool begun, counted;
	bool beyond;			/* after what the index has */
	bool longer;			/* than the index is asked for */
	struct buf match;
};

/* Begins after the place that page_next has told of; "" is the start.
 * When the order is set; false: no cursor of this order. */
bool page_after(struct page *, struct str cursor);
/* appends the cursor for what comes after the last one found: at most
 * PAGE_CURSOR_MAX bytes of [0-9A-Za-z_.-] */
void page_next(const struct page *, struct buf *);

/* 1: call again; 0: done; -1 */
int page_step(struct page *, struct fault *);
/* `each` gets an item, which it borrows: 0, or 1 to be given no more in
 * this call, or -1; 1: call again; 0: that was the last one; -1 */
int page_give(struct page *, int (*each)(void *arg, const struct item *,
    struct fault *), void *arg, struct fault *);
/* after the last step, or instead of it */
void page_end(struct page *);

/* how long a part of a name may be that is looked for */
#define PAGE_NAME_MAX NAME_BYTES_MAX
#define PAGE_CURSOR_MAX (24 + NAME_BYTES_MAX / 3 * 4 + 4)

#endif
