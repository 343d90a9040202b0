/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_LIST_PAGE_H
#define MFX_API_LIST_PAGE_H

#include "api/request_ctx.h"

struct arena;
struct buf;
struct glob;
struct job;
struct metadata_want;

/*
 * What lists have in common: the parameters that say which page is asked for,
 * and the frame around its items.
 *
 * A page begins at an offset, and then has the number of all, as Mainflux has
 * it; or at a cursor, which nothing that changes can upset, and then says
 * where the next one begins.
 */
struct list_page {
	bool by_cursor;
	struct str cursor;	/* as given; NULL or "": at the beginning.  Of
				 * the request */
	uint64_t offset, limit;
	char why[48];		/* of list_page_take() */
};

/* How many items a page has when the query does not say, and at most. */
struct list_limits {
	uint64_t offset, offset_max, cursor, cursor_max;
	/* as Mainflux's bootstrap has it: 0 is the usual limit, and what is too
	 * high is the highest */
	bool lenient;
};

/* cursor=, offset= and limit=: NULL, or why they are answered 400. */
const char *list_page_take(struct request_ctx *, const struct list_limits *,
    struct list_page *);

/* A number; absent, *n stays.  False: more than one, or not in this range. */
bool list_take_number(struct request_ctx *, const char *name, uint64_t min,
    uint64_t max, uint64_t *n);
/* One of these words, of which the last is NULL: which.  Absent, *which stays.
 * False: more than one, or another word. */
bool list_take_word(struct request_ctx *, const char *name,
    const char *const *words, int *which);

/* what items are held against, made from the query */
struct list_filters {
	struct glob *glob;		/* NULL: any name */
	struct metadata_want *metadata;	/* NULL: any */
};

/* glob= and metadata=, which give up when the job is to stop: NULL, or why
 * they are answered 400.  They are released by the caller, always. */
const char *list_filters_take(struct request_ctx *, struct job *,
    struct arena *keep, struct list_filters *);
void list_filters_release(struct list_filters *);

/* `{"total":7,"offset":0,"limit":10,`, by cursor `{"limit":100,` */
void list_put_head(struct buf *, const struct list_page *, uint64_t total);
/* `]}\n`, and `next` when there is more */
void list_put_end(struct buf *, bool more, uint64_t next);

#endif
