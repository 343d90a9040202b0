/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_ROUTE_H
#define MFX_API_ROUTE_H

#include <stddef.h>

struct request_ctx;

/* A row of routes.c: all that is known of a kind of request beforehand. */
struct api_route {
	const char *method;		/* GET is good for HEAD too */
	const char *path;		/* "/things/:id/channels" */
	void (*handle)(struct request_ctx *);
	/* what the token has to allow, of enum token_scope; 0: nothing in
	 * particular, and with API_OPEN it is not asked for */
	unsigned scope;
	size_t body;		/* bytes at most; 0: as the server says */
	const char *service, *name;	/* in the metrics */
	unsigned flags;
	/* what there may be in the query, with spaces between; "*x" may be
	 * repeated */
	const char *query;
};
enum {
	API_OPEN = 1,		/* needs no token */
	/* Only we have this path: another parameter is 400.  Where clients
	 * of Mainflux come they are passed over, as they are there. */
	API_OURS = 2,
	/* The handler asks ctx_holds, as it knows the state.  Everything
	 * else is there and has no entity tag. */
	API_STATE = 4,
	/* The body is JSON: other types are 415.  body_read() and the handler
	 * look at it before auth_user() asks whose token it is: the order of
	 * Mainflux. */
	API_JSON = 8,
	/* The body is lines of JSON, or JSON of many, and read only for a user
	 * that is known. */
	API_LINES = 16,
	API_NAMED = 32,		/* ":id" is not empty */
	API_READS = 64,		/* it changes nothing, whatever its method */
	/* Of a protocol that an RFC describes, not the OpenAPI document. */
	API_PROTOCOL = 128,
	/* It is about the connection that it came on: a replica does not pass
	 * it on. */
	API_CONNECTION = 256,
};

#endif
