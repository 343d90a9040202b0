/* SPDX-License-Identifier: Apache-2.0 */
#include "api/request_ctx.h"

#include "api/answer.h"

bool
ctx_holds(struct request_ctx *c, bool exists, const char *tag)
{
	unsigned status = conditions_status(&c->conditions, exists, tag);

	if (status == 412) {
		answer_changed(c->request);
		return false;
	}
	if (tag != NULL)
		answer_etag(c->request, tag);
	if (status != 0)
		http_answer(c->request, status);
	return status == 0;
}
