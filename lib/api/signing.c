/* SPDX-License-Identifier: Apache-2.0 */
#include "api/signing.h"

#include "api/fair_queue.h"
#include "api/state.h"

/* that wait, of one owner and of all */
#define SIGNING_EACH 64
#define SIGNING_MAX 1024

void
signing_open(struct api *api, unsigned at_once)
{
	api->signings = fair_queue_open(api->pool, POOL_SIGNATURES, at_once,
	    SIGNING_EACH, SIGNING_MAX);
	api->keygens = fair_queue_open(api->pool, POOL_KEYS, 1, SIGNING_EACH,
	    SIGNING_MAX);
}

bool
signing_add(struct api *api, struct str owner, struct signing *s, bool slow)
{
	s->queue = slow ? api->keygens : api->signings;
	return fair_queue_add(s->queue, owner, &s->change.task);
}

void
signing_done(struct signing *s)
{
	fair_queue_done(s->queue);
}

static void
signing_drop_all(struct fair_queue *q)
{
	struct task *t;

	while (q != NULL && (t = fair_queue_drop(q)) != NULL)
		((struct signing *)t)->drop((struct signing *)t);
}

void
signing_end(struct api *api)
{
	signing_drop_all(api->signings);
	signing_drop_all(api->keygens);
}

void
signing_close(struct api *api)
{
	fair_queue_close(api->signings);
	fair_queue_close(api->keygens);
}
