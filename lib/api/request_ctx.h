/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_REQUEST_CTX_H
#define MFX_API_REQUEST_CTX_H

#include "api/route.h"
#include "http/conditions.h"
#include "http/request.h"
#include "registry/token.h"

struct api;

/*
 * A request that has found its route.  It lives until the handler returns;
 * a handler that answers later copies what it needs then.
 */
#define CTX_IDS 2
#define CTX_PARAMETERS 128
struct request_ctx {
	struct api *api;
	struct http_request *request;
	const struct api_route *route;
	/* whose token it is; NULL with API_OPEN */
	const struct principal *principal;
	struct str id[CTX_IDS];	/* what stands for :id, decoded */
	struct conditions conditions;
	/* of the query, decoded, in order */
	struct ctx_parameter {
		struct str name, value;
	} parameters[CTX_PARAMETERS];
	unsigned n_parameters;
};

/* Do the preconditions hold for what is there now (conditions.h)?  Else it
 * answers 304 or 412: false.  Only with 412 no ETag is set. */
bool ctx_holds(struct request_ctx *, bool exists, const char *tag);

#endif
