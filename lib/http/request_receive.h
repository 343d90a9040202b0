/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_REQUEST_RECEIVE_H
#define MFX_HTTP_REQUEST_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>

struct http;
struct http_conn;
struct http_request;

/* How bytes become requests (request.h), which are handled when they are
 * whole: the first two are http_conn_calls. */
size_t request_take(struct http_conn *, const char *p, size_t n);
void request_cut(struct http_conn *);
/* The connection is over for its request: the answer is sent, or the client
 * gone. */
void request_end(struct http_conn *);
/* answered before it was whole: is the rest of it read first? */
bool request_can_be_read_away(const struct http_request *);
/* a request that the program has answered and whose client has gone */
void request_put(struct http_request *);
void request_body_drop(struct http_request *);
void request_spares_free(struct http *);

#endif
