/* SPDX-License-Identifier: Apache-2.0 */
#include "api/answer.h"

#include <stdio.h>
#include <sysexits.h>

#include "api/state.h"

void
answer_json(struct http_request *r, unsigned status, struct str body)
{
	http_answer_text(r, status, ANSWER_JSON, body);
}

void
answer_unable(struct api *api, struct http_request *r,
    const struct fault *fault)
{
	state_complain(api, fault);
	http_problem(r, 503, "the registry can't be used now");
}

void
answer_fault(struct api *api, struct http_request *r,
    const struct fault *fault, unsigned clash)
{
	if (fault->status == 1)
		http_problem(r, 404, fault->text);
	else if (fault->status == EX_DATAERR)
		http_problem(r, clash, fault->text);
	else if (fault->status == EX_NOPERM)
		http_problem(r, 403, fault->text);
	else if (fault->status == EX_NOUSER)
		http_problem(r, 403, "this user no longer exists");
	else if (fault->status == EX_UNAVAILABLE)
		/* a replica: it says who makes changes */
		http_problem(r, 503, fault->text);
	else
		answer_unable(api, r, fault);
}

void
answer_etag(struct http_request *r, const char *tag)
{
	char quoted[64];

	snprintf(quoted, sizeof quoted, "\"%s\"", tag);
	http_set(r, "ETag", quoted);
}

void
answer_changed(struct http_request *r)
{
	http_problem(r, 412, "If-Match or If-None-Match does not hold");
}
