/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_WS_HANDSHAKE_H
#define MFX_HTTP_WS_HANDSHAKE_H

#include "base/buf.h"
#include "http/http1.h"
#include "http/response.h"

/*
 * Is a request the opening handshake of a WebSocket, and a good one (RFC 6455
 * 4.2.1)?
 *
 *	if (ws_handshake_asked(&r))
 *		switch (ws_handshake_read(&h, &r, protocols)) {
 *		case 101: ws_handshake_answer(&to, &h, &r, now); what follows
 *			  the head in the connection's buffer is frames
 *		default:  refuse it with this status and h.why; with 426 the
 *			  answer says "Sec-WebSocket-Version: 13"
 *		}
 *
 * Asked for is what names "websocket" in Upgrade and "upgrade" in Connection,
 * with HTTP/1.1; any other request is an ordinary one (RFC 9110 7.8).
 */
#define WS_KEY_TEXT 24
#define WS_ACCEPT_TEXT 28

struct ws_handshake {
	char accept[WS_ACCEPT_TEXT + 1];	/* Sec-WebSocket-Accept */
	struct str protocol;		/* chosen; p is NULL: none is */
	const char *why;		/* unless 101 */
};

/* Once, before the first handshake; false: OpenSSL has no SHA-1, or there is no
 * memory. */
bool ws_handshake_prepare(void);

bool ws_handshake_asked(const struct http1 *);

/*
 * 101, 400, or 426 for another version than 13.  Of the subprotocols that the
 * client names, in its order, the first one that is in `protocols` (ended by
 * one whose p is NULL; NULL: there are none) is chosen.  Extensions are
 * checked and none is taken.
 */
unsigned ws_handshake_read(struct ws_handshake *, const struct http1 *,
    const struct str *protocols);

/* the whole answer with 101 */
void ws_handshake_answer(struct buf *, const struct ws_handshake *,
    const struct http1 *, struct stamp now);

#endif
