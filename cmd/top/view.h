/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_TOP_VIEW_H
#define MFX_CMD_TOP_VIEW_H

#include "base/buf.h"
#include "cmd/top/chains.h"

/*
 * What is shown, as lines of text without anything that a terminal acts on: for
 * a screen, and for -b.
 */
enum view_page { VIEW_CHAINS, VIEW_CHAIN, VIEW_TENANTS, VIEW_HELP };

struct view {
	enum view_page page;
	enum chains_order order;
	int width;		/* columns; longer lines are cut */
	bool paused;
	size_t selected;	/* chain; VIEW_CHAIN shows only that one */
	/* result: the lines above those that are scrolled, and which one the
	 * selected chain is */
	size_t heads, at;
};

/* all pages, one after the other, are VIEW_CHAINS and then view_put_tenants */
void view_put(struct buf *, struct view *, const struct site *,
    const struct chains *);
void view_put_tenants(struct buf *, const struct view *,
    const struct site *);

/* for scripts: one JSON object and its '\n' */
void view_put_json(struct buf *, const struct site *, const struct site *,
    const struct chains *);

#endif
