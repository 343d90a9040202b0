/* SPDX-License-Identifier: Apache-2.0 */
#include "store/query.h"

const char *
query_prepare(struct query *q, const char **what)
{
	if (q->every > 0 && q->aggregate == NULL) {
		*what = "--every";
		return "for what --aggregate makes";
	}
	return select_prepare(&q->select, what);
}
