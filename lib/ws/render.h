/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_WS_RENDER_H
#define MFX_WS_RENDER_H

#include "bus/feed.h"
#include "http/ws.h"
#include "ws/target.h"

/*
 * A message as frames, each form made once, when first asked for.
 *
 *	ws_render_init(&r);
 *	ws_render_begin(&r, &delivery);
 *	ws_send(client, ws_rendered(&r, format));	for each
 *	ws_render_end(&r);
 *	ws_render_release(&r);
 */
struct ws_render {
	const struct delivery *delivery;
	struct ws_frame *frames[WS_FORMATS];
	/* private */
	struct buf text;
	struct pack pack;
};

void ws_render_init(struct ws_render *);
void ws_render_release(struct ws_render *);

void ws_render_begin(struct ws_render *, const struct delivery *);
void ws_render_end(struct ws_render *);

/* lives until ws_render_end, or longer where it has been sent */
struct ws_frame *ws_rendered(struct ws_render *, enum ws_format);

#endif
