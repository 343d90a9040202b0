/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_ADAPTER_ADMIN_H
#define MFX_ADAPTER_ADMIN_H

#include "adapter/publish_queue.h"
#include "adapter/refusals.h"
#include "base/metrics.h"
#include "bus/feed.h"
#include "http/request.h"
#include "http/server.h"
#include "registry/access.h"

/*
 * What an adapter tells its administrator over HTTP, on an address of its
 * own: GET /health (the registry and the bus are really asked; 200 or 503),
 * /metrics (Prometheus), /version.
 */
#define SERVICE_STATUS_MAX 600

struct service {
	const char *name;	/* as /version says it: "http" */
	const char *prefix;	/* of its metrics: "http_adapter" */
	struct access *registry;	/* NULL: it asks none */
	struct publish_queue *queue;	/* NULL: it takes no messages */
	/* NULL, or -1 and a fault when the program can't do its work */
	int (*check)(struct fault *);
	struct feed *feed;	/* NULL: it delivers nothing */
	const struct budget *budget;	/* of all queues */
	struct http *server;	/* whose connections are counted, or NULL */
	/* NULL, or puts metrics of the program's own */
	void (*more)(struct metrics *, const struct service *);
	uint64_t answers[SERVICE_STATUS_MAX];	/* by status */
	uint64_t bytes;		/* of bodies */
	struct metric_times times;
	bool streams;		/* messages come without requests */
	const struct refusals *refusals;	/* by reason */
	struct http_request *waiting;	/* for /health, until the bus answers */
};

/* http_options.on_complete: counts a request */
void service_count(struct service *, const struct http_request *);

/* one metric of a service, its head too: <prefix>_<what>, and in the file of
 * run.h, where all adapters have the same, adapter_<what> */
void service_put(struct metrics *, const struct service *, const char *what,
    const char *type, const char *help, uint64_t value);

/* all of them into that file */
void service_run(struct service *);

/* GET or HEAD of this path? */
bool request_reads(const struct http_request *, const char *path);

/* {"service":…,"version":…}, as Mainflux */
void service_answer_version(const struct service *, struct http_request *);

/* a server for the administrator, which listens there */
int service_open(struct service *, const char *address, struct loop *,
    struct http **, struct fault *);

/* publish_queue_options.checked: answers the requests that wait for it */
void service_checked(struct service *, const struct fault *);

#endif
