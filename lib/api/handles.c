/* SPDX-License-Identifier: Apache-2.0 */
#include "api/handles.h"

#include <pthread.h>
#include <stdlib.h>

#include "api/answer.h"
#include "api/job.h"
#include "api/state.h"
#include "base/memory.h"
#include "registry/registry.h"

#define HANDLES_MAX 16
struct handle {
	struct registry *registry;
	unsigned generation;		/* of the file it has open */
};

struct handles {
	pthread_mutex_t lock;
	struct handle idle[HANDLES_MAX];
	int n;
};

int
handles_open(struct api *api, struct fault *fault)
{
	(void)fault;
	api->handles = memory_zero(1, sizeof *api->handles);
	pthread_mutex_init(&api->handles->lock, NULL);
	return 0;
}

void
handles_close(struct api *api)
{
	struct handles *all = api->handles;

	if (all == NULL)
		return;
	while (all->n > 0)
		registry_close(all->idle[--all->n].registry);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

/* one that has the file open which is there now; it is put back after a
 * failure, too */
static int
handle_get(struct api *api, struct handle *h, struct fault *fault)
{
	struct handles *all = api->handles;
	unsigned now = atomic_load(&api->generation);

	*h = (struct handle){ .generation = now };
	pthread_mutex_lock(&all->lock);
	if (all->n > 0)
		*h = all->idle[--all->n];
	pthread_mutex_unlock(&all->lock);
	if (h->registry != NULL && h->generation == now)
		return 0;
	registry_close(h->registry);
	h->generation = now;
	h->registry = NULL;
	if (!registry_exists(api->home, fault))
		return -1;
	return registry_open(&h->registry, api->home, REGISTRY_READ, fault);
}

static void
handle_put(struct api *api, struct handle *h)
{
	struct handles *all = api->handles;

	if (h->registry == NULL)
		return;
	pthread_mutex_lock(&all->lock);
	if (all->n < HANDLES_MAX) {
		all->idle[all->n++] = *h;
		h->registry = NULL;
	}
	pthread_mutex_unlock(&all->lock);
	registry_close(h->registry);
}

static int
handles_with(struct job *j, handles_piece_fn *piece, bool at_once)
{
	struct handle h;
	int got = -1;

	if (handle_get(j->api, &h, &j->fault) == 0) {
		registry_watch(h.registry, job_stops, j);
		if (!at_once || registry_read_begin(h.registry,
		    &j->fault) == 0)
			got = piece(j, h.registry, &j->fault);
		if (at_once)
			registry_read_end(h.registry);
		registry_watch(h.registry, NULL, NULL);
	}
	handle_put(j->api, &h);
	return got;
}

int
handles_read(struct job *j, handles_piece_fn *piece)
{
	return handles_with(j, piece, true);
}

int
handles_read_on(struct job *j, handles_piece_fn *piece)
{
	return handles_with(j, piece, false);
}

void
handles_refuse(struct job *j, struct http_request *r)
{
	answer_unable(j->api, r, &j->fault);
}
