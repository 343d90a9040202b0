/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_PAGE_H
#define MFX_REGISTRY_PAGE_H

#include "registry/item.h"

/*
 * A page of a user's things or channels, in one of several orders.  First its
 * rows are found, in small steps: other work can be done between steps, and
 * the caller may stop after any of them, as counting or searching a million
 * rows takes seconds.  Then they are returned, some at a time.
 *
 *	page = (struct page){ .registry = r, .kind = …, .limit = 10, … };
 *	while ((got = page_step(&page, &fault)) > 0) ... other work
 *	... page.total, page.more, page_next
 *	while ((got = page_give(&page, each, arg, &fault)) > 0) ... other work
 *	page_end(&page);
 *
 * Each step takes a few milliseconds and sees the registry as it is at that
 * time; each may use another handle of the same registry.  Rows that are
 * added or removed between steps do not shift others: a place is a row, a
 * name or an id, not a number.  A row that is removed after it was found is
 * not returned.
 */
enum page_order {
	PAGE_CREATED,
	PAGE_NAME,		/* by bytes; equal names by creation */
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
	/* filters; NULL or p NULL means no filter */
	struct str connected;		/* to this channel or thing; an empty
					 * page when that does not exist */
	bool disconnected;		/* not connected to it, instead */
	struct str group;		/* in this one; an empty page when it
					 * does not exist */
	bool recursive;			/* or beneath it (group.h) */
	bool shared;			/* instead of what is the owner's: what
					 * others share with this user; with
					 * `connected`, which may be another's:
					 * what is connected across owners, or
					 * of others.  Not `disconnected`. */
	struct str name;		/* part of the name, ignoring case */
	const struct glob *glob;	/* of the name */
	struct metadata_want *metadata;
	struct str tags;		/* all of these: tags.h */
	enum page_status status;
	enum page_order order;
	bool desc;			/* in reverse */
	uint64_t offset, limit;		/* limit at least 1 */
	bool count;			/* compute `total` */
	/* results */
	uint64_t total;			/* rows that pass the filters */
	uint64_t found;			/* rows of this page */
	bool more;			/* there are rows after this page */
	/* private */
	long long *rows;		/* of the page */
	size_t n_rows;			/* room in `rows` */
	uint64_t passed, given;
	struct page_place at, last;	/* read last, and found last */
	bool begun, counted;
	bool beyond;			/* past the rows that the index has */
	bool longer;			/* `name` is longer than PHRASE */
	struct buf match;
};

/* Begins after the place of a cursor made by page_next; "" is the start.
 * Set the order before; false when it is not a cursor of that order. */
bool page_after(struct page *, struct str cursor);
/* appends the cursor of the place after the last row found: at most
 * PAGE_CURSOR_MAX bytes of [0-9A-Za-z_.-] */
void page_next(const struct page *, struct buf *);

/* 1: call again; 0: done; -1 */
int page_step(struct page *, struct fault *);
/* Calls `each` with borrowed items.  It returns 0, or 1 to get no more in
 * this call, or -1.  Returns 1: call again; 0: that was the last item; -1 */
int page_give(struct page *, int (*each)(void *arg, const struct item *,
    struct fault *), void *arg, struct fault *);
/* after the last step, or to stop early */
void page_end(struct page *);

/* maximum of `name` */
#define PAGE_NAME_MAX NAME_BYTES_MAX
#define PAGE_CURSOR_MAX (24 + NAME_BYTES_MAX / 3 * 4 + 4)

#endif
